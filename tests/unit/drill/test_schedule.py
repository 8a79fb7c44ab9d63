"""The schedule keeps what controllers say, and survives what they cannot."""

from __future__ import annotations

import io
import json
import time
from typing import Any

from botocore.exceptions import ClientError

from bicoastal.lab.drill.schedule import Schedule
from bicoastal.lab.waiting import wait_until


class Lambda:
    """A stand-in for the Lambda API: gives prepared answers, then empty runs."""

    def __init__(self, answers: list[Any]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def invoke(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request["FunctionName"])
        answer = self.answers.pop(0) if self.answers else {"rounds": []}
        if isinstance(answer, ClientError):
            raise answer
        return {**answer.pop("extra", {}), "Payload": io.BytesIO(json.dumps(answer).encode())}


def run(answers: list[Any], keep_s: float | None = None) -> list[dict[str, Any]]:
    function = Lambda(list(answers))
    functions = {"us-west-2": "control"}
    with Schedule(lambda *_: function, functions, 0.01, keep_s=keep_s) as schedule:
        assert wait_until(lambda: len(function.asked) > len(answers), 5.0)
        schedule.finish()
    assert set(function.asked) == {"control"}
    return schedule.rounds()


def test_rounds_are_kept_in_order_of_time_without_the_bystanders() -> None:
    later, earlier = {"at": 2.0, "state": "STEADY"}, {"at": 1.0, "state": "OBSERVE"}
    bystander = {"at": 1.5, "bystander": True}
    assert run([{"rounds": [later]}, {"rounds": [earlier, bystander]}]) == [
        {"region": "us-west-2", **earlier},
        {"region": "us-west-2", **later},
    ]


def test_a_throttled_start_and_a_failed_run_are_told() -> None:
    throttled = ClientError({"Error": {"Code": "TooManyRequestsException"}}, "Invoke")
    failed = {"errorMessage": "no table", "extra": {"FunctionError": "Unhandled"}}
    rounds = run([throttled, failed])
    assert "TooManyRequestsException" in rounds[0]["error"]
    assert rounds[1]["error"] == {"errorMessage": "no table"}


def test_old_rounds_are_forgotten_if_asked_for() -> None:
    now = time.time()
    old, new = {"at": now - 100, "state": "OLD"}, {"at": now, "state": "NEW"}
    answers = [{"rounds": [old]}, {"rounds": [new]}]
    assert [each["state"] for each in run(answers, keep_s=60.0)] == ["NEW"]
    assert [each["state"] for each in run([{"rounds": [old]}, {"rounds": [new]}])] == ["OLD", "NEW"]
