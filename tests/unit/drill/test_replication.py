"""Semi-synchronous replication is switched on on both sides, and waited for."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from bicoastal.errors import LabError
from bicoastal.lab.drill import replication
from bicoastal.lab.drill.replication import wait_for_standby


class Server:
    """Remembers what it was told; counts its semi-synchronous replicas."""

    def __init__(self, replicas: list[int]) -> None:
        self.said: list[str] = []
        self._replicas = replicas

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> None:
        self.said.append(statement % values if values else statement)

    def fetchone(self) -> dict[str, str]:
        return {"Value": str(self._replicas.pop(0))}


def staged(replicas: list[int]) -> tuple[Any, dict[str, Server]]:
    servers = {place: Server(replicas) for place in ("home", "standby")}

    @contextmanager
    def admin(place: str) -> Any:
        yield servers[place]

    return SimpleNamespace(admin=admin), servers


def test_both_sides_are_told_and_the_standby_is_waited_for() -> None:
    replicas = [0, 0, 1]
    stage, servers = staged(replicas)
    wait_for_standby(stage)
    assert replicas == []
    assert servers["standby"].said == [
        "SET GLOBAL rpl_semi_sync_slave_enabled = 1",
        "SET GLOBAL rpl_semi_sync_slave_kill_conn_timeout = 1",
        "STOP SLAVE IO_THREAD",
        "START SLAVE IO_THREAD",
    ]
    assert servers["home"].said[:3] == [
        "SET GLOBAL rpl_semi_sync_master_wait_point = 'AFTER_SYNC'",
        "SET GLOBAL rpl_semi_sync_master_timeout = 86400000",
        "SET GLOBAL rpl_semi_sync_master_enabled = 1",
    ]


def test_a_standby_that_does_not_join_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replication, "_JOIN_S", 0.0)
    stage, _ = staged([0, 0])
    with pytest.raises(LabError, match="did not join semi-synchronous replication"):
        wait_for_standby(stage)
