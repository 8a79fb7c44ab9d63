"""What people do in the lab is what the operator's commands do, with the lab's own AWS."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from bicoastal.errors import LabError
from bicoastal.failover import switching
from bicoastal.failover.state import State
from bicoastal.lab.drill import actions
from bicoastal.lab.drill.stage import Stage
from bicoastal.lab.scenarios import Step
from bicoastal.operate import moving, rejoining
from bicoastal.operate import switching as planning
from bicoastal.operate.access import Access
from bicoastal.operate.conduct import Conduct
from bicoastal.settings import load

HOME, STANDBY = "us-east-1", "us-west-2"
URL = "http://127.0.0.1:4566"


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    session = boto3.session.Session(aws_access_key_id="the-lab", aws_secret_access_key="s")
    lab: Any = SimpleNamespace(aws=SimpleNamespace(endpoint_url=URL, new_session=lambda: session))
    store: Any = "the store"
    return Stage(lab, load({}), 15.0, {}, {}, store)


def check(access: Access) -> None:
    """It talks to the lab, with the lab's key."""
    client = access.clients.get("sts", HOME)
    assert client.meta.endpoint_url == URL
    assert client._request_signer._credentials.access_key == "the-lab"


@pytest.mark.parametrize(("action", "region"), (("switchover", STANDBY), ("failback", HOME)))
@pytest.mark.parametrize("done", (False, True))
def test_a_planned_move_goes_to_its_region(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, action: str, region: str, done: bool
) -> None:
    moved: list[Any] = []
    plan = SimpleNamespace(done=done)

    def planned(access: Access, store: Any, to: str, pace: float) -> Any:
        check(access)
        assert (store, to, pace) == ("the store", region, 15.0)
        return plan

    def carry_out(access: Access, store: Any, agreed: Any, conduct: Conduct) -> Any:
        check(access)
        assert conduct == Conduct("drill", "rehearsal", pace=15.0)
        moved.append((store, agreed))
        return SimpleNamespace(writer=region, epoch=7)

    monkeypatch.setattr(planning, "plan", planned)
    monkeypatch.setattr(moving, "carry_out", carry_out)
    told = actions.perform(stage, Step(do=action))
    if done:
        assert (told, moved) == (f"{region} is the writer already", [])
    else:
        assert told == f"{region} is the writer, in epoch 7; nothing was lost"
        assert moved == [("the store", plan)]


@pytest.mark.parametrize("refusals", ((), ("it does not replicate", "it lags")))
def test_a_failover_ends_only_when_the_old_writer_is_clean(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, refusals: tuple[str, ...]
) -> None:
    ended: list[Any] = []

    def examine(access: Access, store: Any, pace: float) -> Any:
        check(access)
        return SimpleNamespace(region=HOME, refusals=refusals)

    def end_rejoining(store: Any, *_rest: Any) -> Any:
        ended.append(store)
        return SimpleNamespace(state=State.OBSERVE)

    monkeypatch.setattr(rejoining, "examine", examine)
    monkeypatch.setattr(switching, "end_rejoining", end_rejoining)
    if refusals:
        with pytest.raises(LabError, match="no clean standby yet: it does not replicate; it lags"):
            actions.perform(stage, Step(do="rejoin"))
        assert ended == []
    else:
        told = actions.perform(stage, Step(do="rejoin"))
        assert told == f"{HOME} is a clean standby; the record is in OBSERVE"
        assert ended == ["the store"]
