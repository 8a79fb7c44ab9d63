"""Health checkers that really connect, each with its own opinion."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bicoastal.lab.route53.rules import TCP_TIMEOUT_S, CheckerOpinion, HealthCheck

# The regions that checkers work from
# (https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html, Regions).
CHECKER_REGIONS = (
    "us-east-1",
    "us-west-1",
    "us-west-2",
    "eu-west-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "sa-east-1",
)
_SHORTEST_TIMEOUT_S = 0.4

Locate = Callable[[str], str | None]


@dataclass(frozen=True)
class Observation:
    """What one checker saw last.

    Attributes:
        region: Where the checker works.
        status: In words, as GetHealthCheckStatus reports it.
        wall_s: Epoch seconds of the check.
    """

    region: str
    status: str
    wall_s: float


class CheckerPool:
    """The checkers of every TCP health check, as tasks of one event loop.

    Checkers do not coordinate: each begins at a random moment of the interval, and waits for the
    interval after each answer.

    Args:
        locate: Turns a host name into the address at which the checkers reach it, or None.
        on_change: Called in the loop when a checker changed its opinion.
        count: Checkers for each check.
        pace: How many times faster than AWS the lab runs.
        seed: Of the random moments.
    """

    def __init__(
        self,
        locate: Locate,
        on_change: Callable[[], None],
        *,
        count: int = 16,
        pace: float = 1.0,
        seed: int = 0,
    ) -> None:
        self._locate = locate
        self._on_change = on_change
        self._count = count
        self._pace = pace
        self._random = random.Random(seed)  # noqa: S311 - spreads work in time, guards nothing
        self._tasks: dict[HealthCheck, list[asyncio.Task[None]]] = {}
        self._opinions: dict[str, list[CheckerOpinion]] = {}
        self._observations: dict[str, dict[int, Observation]] = {}

    def follow(self, checks: Iterable[HealthCheck]) -> None:
        """Start checkers of new checks, stop those of checks that are gone or changed.

        Args:
            checks: All health checks; other types than TCP and disabled ones are left alone.
        """
        wanted = {check for check in checks if check.kind == "TCP" and not check.disabled}
        for check in set(self._tasks) - wanted:
            for task in self._tasks.pop(check):
                task.cancel()
            self._opinions.pop(check.id, None)
            self._observations.pop(check.id, None)
        for check in sorted(wanted - set(self._tasks), key=lambda check: check.id):
            self._opinions[check.id] = [CheckerOpinion()] * self._count
            self._observations[check.id] = {}
            self._tasks[check] = [
                asyncio.ensure_future(self._run(check, index)) for index in range(self._count)
            ]

    async def stop(self) -> None:
        """Stop every checker."""
        tasks = [task for tasks in self._tasks.values() for task in tasks]
        self.follow(())
        await asyncio.gather(*tasks, return_exceptions=True)

    def opinions(self) -> dict[str, list[bool]]:
        """Give the checkers' opinions by check."""
        return {
            check: [opinion.healthy for opinion in opinions]
            for check, opinions in self._opinions.items()
        }

    def observations(self, check: str) -> tuple[Observation, ...]:
        """Give what the checkers of a check saw last; empty for other types of check."""
        return tuple(self._observations.get(check, {}).values())

    async def _run(self, check: HealthCheck, index: int) -> None:
        interval_s = check.interval_s / self._pace
        await asyncio.sleep(self._random.random() * interval_s)
        while True:
            status = await self._connect(check)
            passed = status.startswith("Success")
            region = CHECKER_REGIONS[index % len(CHECKER_REGIONS)]
            self._observations[check.id][index] = Observation(region, status, time.time())
            before = self._opinions[check.id][index]
            after = before.observe(passed=passed, threshold=check.failure_threshold)
            self._opinions[check.id][index] = after
            if after.healthy != before.healthy:
                self._on_change()
            await asyncio.sleep(interval_s)

    async def _connect(self, check: HealthCheck) -> str:
        address = self._locate(check.host)
        if address is None:
            return f"Failure: DNS resolution failed: {check.host}"
        timeout_s = max(TCP_TIMEOUT_S / self._pace, _SHORTEST_TIMEOUT_S)
        try:
            async with asyncio.timeout(timeout_s):
                _, writer = await asyncio.open_connection(address, check.port)
        except TimeoutError:
            return "Failure: Connection timed out. The endpoint or the network does not answer."
        except OSError as error:
            return f"Failure: {error.strerror}"
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return "Success: TCP connection established"
