"""The two entry points, as Lambda calls them."""

from __future__ import annotations

import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from bicoastal.failover import gateway, handlers, token
from bicoastal.failover import store as store_module
from bicoastal.failover.config import Endpoint, ProberConfig
from bicoastal.failover.errors import ConfigError
from bicoastal.failover.state import Record, State

from . import servers
from .fakes import HOME, STANDBY, FakeStore, FakeWorld, armed, config


class Context:
    """Lambda's context with 30 seconds left."""

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


@pytest.fixture
def member() -> Iterator[Endpoint]:
    with servers.serve(servers.says(servers.greeting())) as endpoint:
        yield endpoint


def configure(monkeypatch: pytest.MonkeyPatch, text: str, pace: str | None = None) -> None:
    monkeypatch.setenv("BICOASTAL_CONFIG", text)
    monkeypatch.delenv("BICOASTAL_PACE", raising=False)
    if pace is not None:
        monkeypatch.setenv("BICOASTAL_PACE", pace)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def test_the_prober_votes(member: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ProberConfig(STANDBY, {HOME: member, STANDBY: member})
    configure(monkeypatch, settings.to_json())
    vote = handlers.prober({"region": HOME, "round": 1}, None)
    assert (vote["verdict"], vote["witness"], vote["member"]) == ("UP", STANDBY, HOME)


def test_the_pace_shortens_the_timeout(member: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    with servers.serve(servers.hold) as hung:
        settings = ProberConfig(STANDBY, {HOME: hung, STANDBY: member}, timeout_s=4.0)
        configure(monkeypatch, settings.to_json(), "8")
        vote = handlers.prober({"region": HOME}, None)
    assert vote["reason"].startswith("connected, but no greeting within 0.5 s")


def test_the_prober_logs_in_with_a_token_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    with servers.serve(servers.server(0, 0)) as plain:
        settings = ProberConfig(STANDBY, {HOME: plain, STANDBY: plain}, probe_user="probe")
        configure(monkeypatch, settings.to_json())
        vote = handlers.prober({"region": HOME}, None)
    assert (vote["verdict"], vote["depth"]) == ("UNKNOWN", "login")
    assert "SSL is required" in vote["reason"], "a token is never sent in clear"


def test_tls_verifies_where_the_authorities_are_known() -> None:
    assert handlers._tls(None).verify_mode is ssl.CERT_NONE
    authorities = ssl.get_default_verify_paths().openssl_cafile
    verified = handlers._tls(authorities)
    assert (verified.verify_mode, verified.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize("event", ({}, {"region": 3}))
def test_the_prober_has_to_be_asked_about_a_member(
    event: dict[str, Any], member: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, ProberConfig(HOME, {HOME: member, STANDBY: member}).to_json())
    with pytest.raises(ConfigError, match="the event must be"):
        handlers.prober(event, None)


def test_a_missing_configuration_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BICOASTAL_CONFIG", raising=False)
    with pytest.raises(ConfigError, match="BICOASTAL_CONFIG is missing"):
        handlers.controller({}, None)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    fake, store = FakeWorld(), FakeStore(armed())
    monkeypatch.setattr(gateway, "Gateway", lambda *_: fake)
    monkeypatch.setattr(store_module, "RecordStore", lambda *_: store)
    return fake


def test_the_controller_runs_the_rounds_it_is_asked_for(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, config().to_json(), "1000")
    summary = handlers.controller({"rounds": 2}, None)
    assert (len(summary["rounds"]), summary["state"]) == (2, State.STEADY)
    assert len(world.asked) == 6


def test_the_controller_minds_lambdas_clock(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, config(vote_timeout_s=27.0).to_json())
    assert len(handlers.controller({}, Context())["rounds"]) == 1


def test_clients_and_configurations_are_kept_for_warm_invocations(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, config().to_json(), "1000")
    assert handlers._clients() is handlers._clients()
    first = handlers._controller_config(config().to_json())
    assert handlers._controller_config(config().to_json()) is first


def test_the_controller_uses_the_table_of_its_own_region(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[str, str, str, str]] = []

    class Store(FakeStore):
        def __init__(self, client: Any, table: str, cluster: str, home: str) -> None:
            made.append((client.meta.region_name, table, cluster, home))
            super().__init__(Record(cluster, home))

    monkeypatch.setattr(gateway, "Gateway", lambda *_: FakeWorld())
    monkeypatch.setattr(store_module, "RecordStore", Store)
    configure(monkeypatch, config().to_json(), "1000")
    summary = handlers.controller({"rounds": 1}, None)
    assert made == [(STANDBY, "record-dev", "global-dev", HOME)]
    assert summary["state"] == State.OBSERVE


@pytest.mark.parametrize("rounds", (0, -1, "3", True, 1.5))
def test_a_bad_number_of_rounds_is_explained(
    rounds: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, config().to_json())
    with pytest.raises(ConfigError, match="rounds must be a whole number above 0"):
        handlers.controller({"rounds": rounds}, None)


def test_a_witness_that_only_probes_imports_no_boto3():
    script = "import sys; import bicoastal.failover.handlers; sys.exit('boto3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_the_token_is_signed_for_the_member_without_a_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configure(monkeypatch, "")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session")
    signed = handlers._token(HOME, Endpoint("db.example", 3307), "probe")
    key = token.Key("AKID", "secret", "session")
    at = token.signed_at(signed)
    assert at is not None
    assert at == pytest.approx(time.time(), abs=60)
    assert signed == token.sign(key, HOME, "db.example", 3307, "probe", at=at)
