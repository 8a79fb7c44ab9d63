"""Which environments are destroyed, and which are not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bicoastal.live.expiry import Environment
from bicoastal.operate import destroying, pulumi_cli
from bicoastal.operate.access import Access
from bicoastal.operate.errors import BadRequest, Refused
from bicoastal.operate.reaping import Outcome, destroy_expired, stack_file_of

from .samples import HOME, STANDBY

BEGUN = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOW = BEGUN + timedelta(hours=5)
ENVIRONMENT = Environment("pr-1", (HOME, STANDBY), BEGUN, "4h")
STACK = "config:\n  bicoastal:environmentSuffix: pr-1\n  bicoastal:expiresAfter: 4h\n"


class Destruction:
    """Stands for `bicoastal destroy`; notes what it was asked."""

    def __init__(self, refusals: tuple[str, ...] = (), left: tuple[str, ...] = ()) -> None:
        self.refusals, self.left = refusals, left
        self.asked: list[Any] = []

    def plan(self, access: Access, _tell: Any) -> Any:
        self.asked.append(access.target.settings.environment_suffix)
        return SimpleNamespace(refusals=self.refusals)

    def destroy(self, _access: Access, _agreed: Any, rest: Any, **options: Any) -> Any:
        rest()
        self.asked.append(options["reason"])
        return self.left


@pytest.fixture
def reap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

    def run(destruction: Destruction, stack: str = STACK, agree: Any = lambda: None) -> Outcome:
        (tmp_path / "Pulumi.pr-1.yaml").write_text(stack)
        monkeypatch.setattr(destroying, "plan", destruction.plan)
        monkeypatch.setattr(destroying, "destroy", destruction.destroy)
        monkeypatch.setattr(Access, "requester", lambda _self, region: f"somebody in {region}")

        def find(file: Path, _name: str | None) -> Any:
            return SimpleNamespace(destroy=lambda: destruction.asked.append(file.name))

        monkeypatch.setattr(pulumi_cli, "find", find)
        return destroy_expired(ENVIRONMENT, tmp_path, lambda _region: None, agree, now=NOW)

    return run


def test_it_is_destroyed_with_what_pulumi_knows(reap: Callable[..., Outcome]) -> None:
    destruction = Destruction()
    outcome = reap(destruction)
    assert (outcome, outcome.is_gone) == (Outcome("pr-1"), True)
    reason = "it has outlived its expiresAfter, 4h"
    assert destruction.asked == ["pr-1", "Pulumi.pr-1.yaml", reason]


def test_what_is_left_is_told(reap: Callable[..., Outcome]) -> None:
    outcome = reap(Destruction(left=("us-east-1 key 1",)))
    assert (outcome.left, outcome.is_gone) == (("us-east-1 key 1",), False)


def test_it_is_refused_when_a_destruction_is(reap: Callable[..., Outcome]) -> None:
    destruction = Destruction(refusals=("the record is in PROMOTING", "and more"))
    outcome = reap(destruction, agree=lambda: pytest.fail("nobody is asked in vain"))
    assert outcome == Outcome("pr-1", "the record is in PROMOTING; and more")
    assert destruction.asked == ["pr-1"]


def test_a_destruction_that_fails_is_told(reap: Callable[..., Outcome]) -> None:
    def no() -> None:
        raise BadRequest("no pulumi")

    assert reap(Destruction(), agree=no) == Outcome("pr-1", "no pulumi")


@pytest.mark.parametrize(
    ("stack", "why"),
    (
        (STACK.replace("4h", "7d"), "its stack file lets it live for 7d: deploy it"),
        (STACK.replace("  bicoastal:expiresAfter: 4h\n", ""), "its stack file has no expiresAfter"),
        (STACK.replace("pr-1", "pr-2"), "no stack file is of pr-1 in us-east-1, us-west-2"),
        ("config: [", "no stack file is of pr-1"),
    ),
)
def test_its_stack_file_must_agree(stack: str, why: str, reap: Callable[..., Outcome]) -> None:
    destruction = Destruction()
    outcome = reap(destruction, stack)
    assert outcome.refused is not None
    assert outcome.refused.startswith(why)
    assert destruction.asked == []


def test_a_stack_file_of_other_regions_is_of_another_environment(tmp_path: Path) -> None:
    files = [tmp_path / f"Pulumi.{name}.yaml" for name in ("here", "there", "again")]
    for file in files:
        file.write_text(STACK)
    files[1].write_text(STACK + "  bicoastal:regions: {home: eu-west-1, standby: eu-central-1}\n")
    assert stack_file_of(ENVIRONMENT, files[:2])[0] == files[0]
    with pytest.raises(Refused, match="2 stack files are of pr-1"):
        stack_file_of(ENVIRONMENT, files)
