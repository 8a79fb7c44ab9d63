from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import MagicMock

import pulumi
import pytest

from bicoastal.errors import BicoastalError
from bicoastal.lab.aws.refusal import Refusal
from bicoastal.lab.engine import Deployment
from bicoastal.lab.planning import PROJECT
from bicoastal.settings.draft import read
from bicoastal.stack import tap_stack
from bicoastal.stack.context import create_context

from .world import Planned, Request, refused

SECRET = "arn:aws:secretsmanager:{}:123456789012:secret:bicoastal/dev-AbCdEf"


class Unchecked(tap_stack.TapStack):
    """The stack without the rules that guard it."""

    def __init__(self, raw: dict[str, Any]) -> None:
        pulumi.ComponentResource.__init__(self, "test:index:Unchecked", "unchecked")
        self.settings = read(raw).settings
        secret = SECRET.format(self.settings.regions.home)
        self._build(create_context(self.settings, self), secret)


Refused = Callable[[dict[str, Any]], list[tuple[str, Refusal]]]
Requests = Callable[[dict[str, Any]], list[Request]]


@pytest.fixture(scope="module")
def requests_of() -> Iterator[Requests]:
    """What the program would ask of EC2, RDS and Route 53, checked or not.

    What is asked of other services depends on names and tags alone, which have rules and tests of
    their own; leaving it out makes a plan three times as fast.
    """
    planned = Planned()

    def requests(raw: dict[str, Any]) -> list[Request]:
        plan = Deployment(PROJECT, "dev", {}).preview(lambda: Unchecked(raw))
        return list(planned.requests(plan))

    with pytest.MonkeyPatch.context() as patch:
        for name in (
            "Prober", "Controller", "Topics", "create_record_table", "Alarms", "MemberEvents",
            "Dashboards", "CostWatch",
        ):  # fmt: skip
            patch.setattr(tap_stack, name, MagicMock())
        yield requests


@pytest.fixture(scope="module")
def refused_of(requests_of: Requests) -> Refused:
    """What AWS refuses of what the program asks; a program that ends with an error is refused."""

    def answer(raw: dict[str, Any]) -> list[tuple[str, Refusal]]:
        try:
            return refused(requests_of(raw))
        except (BicoastalError, ValueError) as error:
            return [("program", Refusal("Program", str(error)))]

    return answer
