"""The controllers' schedule: stands in for the EventBridge rule, which cannot tick below a minute.

AWS's rule `rate(1 minute)` starts each controller once a minute. At pace p the lab starts each
every 60 / p seconds through the same Lambda API.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from botocore.exceptions import ClientError

from bicoastal.operate.inventory import ClientFactory

SCHEDULE_S = 60.0
"""Seconds between two starts of a controller on AWS: the rule is `rate(1 minute)`."""


class Schedule:
    """Invokes the controller of each member region again and again, while it is entered.

    Leaving it waits for the invocations that are under way.

    Args:
        client: Gives the Lambda clients.
        functions: Region to the controller's function name.
        period_s: Seconds between two starts in one region.
        keep_s: Seconds until a round is forgotten; never if left out.
    """

    def __init__(
        self,
        client: ClientFactory,
        functions: Mapping[str, str],
        period_s: float,
        *,
        keep_s: float | None = None,
    ) -> None:
        self._client = client
        self._functions = functions
        self._period_s = period_s
        self._keep_s = math.inf if keep_s is None else keep_s
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._rounds: list[dict[str, Any]] = []
        self._threads = [
            threading.Thread(target=self._run, args=(region, name), name=f"schedule-{region}")
            for region, name in functions.items()
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.finish()
        for thread in self._threads:
            thread.join()

    def finish(self) -> None:
        """Start no further invocation; those under way go on to their end."""
        self._stopping.set()

    def rounds(self) -> list[dict[str, Any]]:
        """Every round in which a controller had something to decide, in order of time.

        A failed invocation counts as a round with an `error`.
        """
        with self._lock:
            return sorted(self._rounds, key=lambda each: float(each["at"]))

    def _run(self, region: str, name: str) -> None:
        client = self._client("lambda", region)
        while not self._stopping.is_set():
            begun, at = time.monotonic(), time.time()
            rounds = self._invoke(client, name, at)
            with self._lock:
                self._rounds += [{"region": region, **each} for each in rounds]
                self._rounds = [
                    each for each in self._rounds if float(each["at"]) >= at - self._keep_s
                ]
            self._stopping.wait(max(0.0, self._period_s - (time.monotonic() - begun)))

    @staticmethod
    def _invoke(client: Any, name: str, at: float) -> list[dict[str, Any]]:
        try:
            answer = client.invoke(FunctionName=name, Payload=b"{}")
        except ClientError as error:
            # The stack's own rule fires as well, once a minute: one of the two is then throttled
            # by the function's reserved concurrency of 1, as on AWS.
            return [{"at": at, "error": str(error)}]
        body = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            return [{"at": at, "error": body}]
        return [each for each in body["rounds"] if not each.get("bystander")]
