"""The controllers' schedule: stands in for the EventBridge rule, which cannot tick below a minute.

AWS's rule `rate(1 minute)` starts each controller once a minute. At pace p the lab starts each
every 60 / p seconds through the same Lambda API.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from typing import Any

from bicoastal.lab.drill.inventory import ClientFactory


class Schedule:
    """Invokes the controller of each member region again and again.

    Args:
        client: Gives the Lambda clients.
        functions: Region to the controller's function name.
        period_s: Seconds between two starts in one region.
    """

    def __init__(
        self, client: ClientFactory, functions: Mapping[str, str], period_s: float
    ) -> None:
        self._client = client
        self._functions = functions
        self._period_s = period_s
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._summaries: list[dict[str, Any]] = []
        self._threads = [
            threading.Thread(target=self._run, args=(region, name), name=f"schedule-{region}")
            for region, name in functions.items()
        ]

    def start(self) -> None:
        """Begin to invoke."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after the invocations that are under way."""
        self._stopping.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    @property
    def summaries(self) -> list[dict[str, Any]]:
        """What the controllers returned, in order of their ends; failed invocations included."""
        with self._lock:
            return list(self._summaries)

    def _run(self, region: str, name: str) -> None:
        client = self._client("lambda", region)
        while not self._stopping.is_set():
            begun = time.monotonic()
            answer = client.invoke(FunctionName=name, Payload=b"{}")
            body = json.loads(answer["Payload"].read())
            failed = "FunctionError" in answer
            with self._lock:
                self._summaries.append(
                    {"region": region, "error": body} if failed else {"region": region, **body}
                )
            self._stopping.wait(max(0.0, self._period_s - (time.monotonic() - begun)))
