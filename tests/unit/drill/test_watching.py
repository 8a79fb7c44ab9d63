"""The machine's own stalls, the mailbox of whoever is on call, and functions that are killed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bicoastal.lab.drill.environment import Environment
from bicoastal.lab.drill.pages import Pages, PageSent
from bicoastal.lab.drill.stall import StallWatch


def test_a_machine_that_stands_still_is_noticed(monkeypatch: Any) -> None:
    real = time.monotonic
    with StallWatch() as quiet:
        time.sleep(0.1)
    late = iter((0.0, 0.0, 5.0))
    last = [5.0]

    def jumping() -> float:
        last[0] = next(late, last[0])
        return last[0]

    watch = StallWatch()
    monkeypatch.setattr(time, "monotonic", jumping)
    waits = iter((False, False, True))
    monkeypatch.setattr(watch, "_stopping", SimpleNamespace(wait=lambda _s: next(waits)))
    watch._run()
    monkeypatch.setattr(time, "monotonic", real)
    assert 4.9 < watch.longest_s < 5.0
    assert quiet.longest_s < watch.longest_s


class Queues:
    """SNS and SQS of one region."""

    def __init__(self) -> None:
        self.messages: list[dict[str, str]] = []
        self.subscribed: list[Any] = []
        self.deleted: list[str] = []

    def create_queue(self, **values: str) -> dict[str, str]:
        return {"QueueUrl": f"url/{values['QueueName']}"}

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {"Attributes": {"QueueArn": "arn:queue"}}

    def subscribe(self, **values: Any) -> None:
        self.subscribed.append(values)

    def receive_message(self, **_: Any) -> dict[str, Any]:
        return {"Messages": list(self.messages)} if self.messages else {}

    def delete_message(self, **values: str) -> None:
        done = values["ReceiptHandle"]
        self.messages = [each for each in self.messages if each["ReceiptHandle"] != done]

    def delete_queue(self, **values: str) -> None:
        self.deleted.append(values["QueueUrl"])

    def arrive(self, number: int, **body: str) -> None:
        self.messages.append({"ReceiptHandle": str(number), "Body": json.dumps(body)})


def test_pages_are_read_once_and_kept() -> None:
    regions = {"us-east-1": Queues(), "us-west-2": Queues()}
    topics = {region: f"arn:{region}" for region in regions}
    with Pages(lambda _service, region: regions[region], topics) as pages:
        assert regions["us-east-1"].subscribed == [
            {"TopicArn": "arn:us-east-1", "Protocol": "sqs", "Endpoint": "arn:queue"}
        ]
        assert pages.read() == []
        regions["us-west-2"].arrive(1, Subject="Held", Message="why")
        regions["us-west-2"].arrive(2, Message="no subject")
        regions["us-west-2"].arrive(3, Subject='OK: "lag-usw2-dev" is over', Message="over")
        expected = [
            PageSent(region="us-west-2", subject="Held", message="why"),
            PageSent(region="us-west-2", subject="", message="no subject"),
        ]
        assert pages.read() == expected
        assert pages.read() == expected
    assert all(queue.deleted for queue in regions.values())


def test_only_processes_of_the_named_functions_are_killed(tmp_path: Path) -> None:
    environment = Environment.__new__(Environment)
    environment.workspace = SimpleNamespace(path=tmp_path)  # type: ignore[assignment]
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    mark = f"{tmp_path}/functions/ministack-lambda-{{}}-x/worker.py"
    victim = subprocess.Popen([*sleep, mark.format("control")])
    other = subprocess.Popen([*sleep, mark.format("probe")])
    try:
        assert environment.end_functions(["control"]) == 1
        assert victim.wait(10) == -9
        assert other.poll() is None
    finally:
        for process in (victim, other):
            process.kill()
            process.wait()
