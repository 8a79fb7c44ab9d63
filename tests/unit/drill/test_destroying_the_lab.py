"""The lab destroys as the command does, and says so when it cannot."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bicoastal.errors import DeploymentError
from bicoastal.lab.drill.deploying import Stack
from bicoastal.operate import dismantling
from bicoastal.operate.errors import Refused
from bicoastal.settings import load


def test_databases_that_do_not_go_are_a_failed_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **named: Any) -> None:
        assert named["pace"] == 20.0
        raise Refused("delete DB cluster aurora-use1-dev: no")

    monkeypatch.setattr(dismantling, "look", lambda *_: dismantling.Live({}))
    monkeypatch.setattr(dismantling, "dismantle", refused)
    stack: Any = SimpleNamespace(
        _provider=SimpleNamespace(client=None),
        _settings=load({}),
        environment=SimpleNamespace(pace=20.0),
    )
    with pytest.raises(DeploymentError, match="delete DB cluster aurora-use1-dev: no"):
        Stack.destroy(stack)
