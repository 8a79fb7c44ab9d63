"""The machine's own stalls, the mailbox of whoever is on call, and functions that are killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bicoastal.lab.drill.environment import Environment
from bicoastal.lab.drill.pages import Pages, PageSent
from bicoastal.lab.drill.stall import StallWatch
from bicoastal.lab.waiting import wait_until


def test_a_machine_that_stands_still_is_noticed(tmp_path: Path) -> None:
    with StallWatch(tmp_path) as watch:
        assert wait_until(lambda: watch.longest_s > 0.0, 10.0)
        before = watch.longest_s
        os.kill(watch.pid, signal.SIGSTOP)
        time.sleep(before + 0.5)
        os.kill(watch.pid, signal.SIGCONT)
        assert wait_until(lambda: watch.longest_s >= before + 0.4, 10.0)


def test_the_drills_own_work_is_no_stall_of_the_machine(tmp_path: Path) -> None:
    """What keeps Python's lock for long would keep any thread of this process waiting."""
    with StallWatch(tmp_path) as watch:
        assert wait_until(lambda: watch.longest_s > 0.0, 10.0)
        begun = time.monotonic()
        sum(range(60_000_000))
        busy = time.monotonic() - begun
        assert watch.longest_s < busy


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
