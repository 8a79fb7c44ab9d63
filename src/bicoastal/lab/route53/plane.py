"""Route 53's data plane: health checkers, evaluation and the DNS server, in two threads."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from bicoastal.errors import LabError
from bicoastal.lab.network import AddressPlan
from bicoastal.lab.route53.checkers import CheckerPool, Observation
from bicoastal.lab.route53.dns_server import DnsServer
from bicoastal.lab.route53.history import PlaneHistory
from bicoastal.lab.route53.reader import UNREACHABLE, ClientFor, Reader
from bicoastal.lab.route53.rules import AlarmState, evaluate
from bicoastal.lab.route53.zones import Answer, Snapshot, lookup

_START_TIMEOUT_S = 15.0
_READ_EVERY_S = 1.0
_STREAMS_EVERY_S = 0.25
INTERNET = "internet"
CLIENTS = "clients"


@dataclass(frozen=True)
class CheckReport:
    """The status of one health check, for GetHealthCheckStatus.

    Attributes:
        id: The check.
        healthy: Its status.
        observations: What its checkers saw last; empty unless it is a TCP check.
    """

    id: str
    healthy: bool
    observations: tuple[Observation, ...] = ()


Publish = Callable[[tuple[CheckReport, ...]], None]


class Route53DataPlane:
    """Evaluates health checks and answers DNS questions by them.

    It reads Route 53's and CloudWatch's records from the embedded AWS about once a second. When
    these do not answer it goes on with what it knew, as Route 53's data plane does without its
    control plane
    (https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/global-services.html).

    Times to live are answered as configured; clients divide them by the pace (`Resolver`).

    Args:
        client_for: Gives a boto3 client for (service, region); called in several threads, one
            after the other.
        plan: The loopback addresses; its sources must contain ``internet`` and `source`.
        pace: How many times faster than AWS the lab runs: intervals, time-outs and periods are
            divided by it.
        publish: Called after each evaluation that changed something and about once a second, in
            the reading thread; see `post_to`.
        source: Whose paths the DNS answers lead to.
        checkers: Health checkers for each TCP check.
        read_every_s: Seconds between two readings of zones and checks.
        streams_every_s: Seconds between two readings of metrics.
        seed: Of the checkers' random phases.

    Raises:
        LabError: If the plan lacks one of the two sources.
    """

    def __init__(
        self,
        client_for: ClientFor,
        plan: AddressPlan,
        *,
        pace: float = 1.0,
        publish: Publish | None = None,
        source: str = CLIENTS,
        checkers: int = 16,
        read_every_s: float = _READ_EVERY_S,
        streams_every_s: float = _STREAMS_EVERY_S,
        seed: int = 0,
    ) -> None:
        for asker in (INTERNET, source):
            plan.address(asker, plan.members[0])  # raises now, not in a thread
        self._plan = plan
        self._source = source
        self._publish = publish
        self._read_every_s, self._streams_every_s = read_every_s, streams_every_s
        self._reader = Reader(client_for, plan.members, pace)
        self._pool = CheckerPool(self._locate, self._evaluate, count=checkers, pace=pace, seed=seed)
        self._server = DnsServer(plan.host, self._respond)
        self._snapshot = Snapshot()
        self._streams: Mapping[str, AlarmState] = {}
        self._last_known: dict[str, bool] = {}
        self._statuses: dict[str, bool] = {}
        self._loop: asyncio.AbstractEventLoop
        self._stopped = asyncio.Event()
        self._ready, self._stopping, self._changed = (threading.Event() for _ in range(3))
        self._threads: list[threading.Thread] = []
        self._failure: LabError | None = None
        self.history = PlaneHistory()

    @property
    def address(self) -> tuple[str, int]:
        """Where the DNS server listens (UDP and TCP): host and port."""
        return self._server.address

    def start(self) -> Route53DataPlane:
        """Read once, start the checkers and the DNS server.

        Returns:
            Itself.

        Raises:
            LabError: If no port is free or Route 53 does not answer.
        """
        try:
            self._snapshot = self._reader.snapshot()
        except UNREACHABLE as error:
            raise LabError(f"Route 53 of the embedded AWS does not answer: {error}") from error
        self._streams = self._reader.streams(self._snapshot)
        self._loop = asyncio.new_event_loop()
        self._run_in_thread(self._serve_in_loop, "route53")
        if not self._ready.wait(_START_TIMEOUT_S) or self._failure is not None:
            self.stop()
            raise self._failure or LabError("The lab's DNS server did not start.")
        self._run_in_thread(self._poll, "route53-reader")
        return self

    def silence(self, *, on: bool) -> None:
        """Let the DNS server answer nobody, as if its packets were lost; or answer again."""
        self._server.silent = on

    def stop(self) -> None:
        """Stop everything; may be called twice."""
        self._stopping.set()
        self._changed.set()
        if self._threads:
            self._in_loop(self._stopped.set)
        for thread in self._threads:
            thread.join()
        self._threads = []

    def __enter__(self) -> Route53DataPlane:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def statuses(self) -> dict[str, bool]:
        """Give the present status of every health check, True for healthy."""
        return dict(self._statuses)

    def reports(self) -> tuple[CheckReport, ...]:
        """Give status and observations of every health check."""
        return tuple(
            CheckReport(check, healthy, self._pool.observations(check))
            for check, healthy in self.statuses().items()
        )

    def lookup(self, name: str, type_: str = "A", *, source: str | None = None) -> Answer:
        """Answer a question without the network and without leaving a trace in the history.

        Args:
            name: The name asked for.
            type_: The type asked for.
            source: Who asks; the plane's own source if left out.
        """
        return lookup(
            name,
            type_,
            snapshot=self._snapshot,
            statuses=self._statuses,
            plan=self._plan,
            source=source or self._source,
        )

    def _locate(self, host: str) -> str | None:
        """Find the address at which the health checkers reach a host."""
        if host.replace(".", "").isdigit():
            return host
        return self.lookup(host, source=INTERNET).address

    def _respond(self, name: str, type_: str) -> Answer:
        answer = self.lookup(name, type_)
        member = None if answer.address is None else self._plan.member_of(answer.address)
        self.history.note_answer(name, type_, answer, member)
        return answer

    def _run_in_thread(self, target: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve_in_loop(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        try:
            await self._server.start()
        except LabError as error:
            self._failure = error
            self._ready.set()
            return
        self._update(self._snapshot, self._streams)
        self._ready.set()
        await self._stopped.wait()
        self._server.stop()
        await self._pool.stop()

    def _update(self, snapshot: Snapshot, streams: Mapping[str, AlarmState]) -> None:
        """Take over what was read; runs in the loop."""
        self._snapshot, self._streams = snapshot, streams
        self._pool.follow(snapshot.checks.values())
        self._evaluate()

    def _evaluate(self) -> None:
        for check, state in self._streams.items():
            if state is not AlarmState.INSUFFICIENT_DATA:
                self._last_known[check] = state is AlarmState.OK
        self._statuses = evaluate(
            self._snapshot.checks, self._pool.opinions(), self._streams, self._last_known
        )
        if self.history.note_statuses(self._statuses):
            self._changed.set()

    def _poll(self) -> None:
        """Read AWS again and again; runs in a thread of its own because boto3 blocks."""
        snapshot, read_at = self._snapshot, time.monotonic()
        while not self._stopping.is_set():
            changed = self._changed.wait(self._streams_every_s)
            self._changed.clear()
            due = time.monotonic() - read_at >= self._read_every_s
            if due:
                read_at = time.monotonic()
                with contextlib.suppress(*UNREACHABLE):
                    snapshot = self._reader.snapshot()
            streams = self._reader.streams(snapshot)
            self._in_loop(self._update, snapshot, streams)
            if self._publish is not None and (changed or due):
                self._publish(self.reports())

    def _in_loop(self, call: Callable[..., object], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the plane was stopped
            self._loop.call_soon_threadsafe(call, *arguments)


def post_to(endpoint_url: str) -> Publish:
    """Make a publisher that posts statuses to the embedded AWS.

    It answers GetHealthCheckStatus from them. A failing post is dropped: the next one carries
    everything again.

    Args:
        endpoint_url: The embedded AWS.

    Returns:
        A function for `Route53DataPlane`.
    """
    url = endpoint_url.rstrip("/") + "/_lab/health-status"

    def post(reports: tuple[CheckReport, ...]) -> None:
        body = json.dumps({"checks": [asdict(report) for report in reports]}).encode()
        request = urllib.request.Request(  # noqa: S310 - the lab's own address
            url, body, {"Content-Type": "application/json"}
        )
        with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=2):  # noqa: S310
            pass

    return post
