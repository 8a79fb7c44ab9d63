"""What each action asks of the lab: a stand-in here, while `make drills` plays them for real."""

from __future__ import annotations

import io
import json
import os
import signal
import ssl
import zipfile
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from pymysql.err import OperationalError

from bicoastal.errors import LabError
from bicoastal.failover import handlers, record
from bicoastal.failover.config import CONFIG_VARIABLE
from bicoastal.failover.errors import RecordError
from bicoastal.lab.drill import actions, stage, storage, witnesses
from bicoastal.lab.drill.stage import Stage
from bicoastal.lab.scenarios import Step, find
from bicoastal.settings import load

HOME, STANDBY, THIRD = "us-east-1", "us-west-2", "us-east-2"


class Calls(list[tuple[str, Any]]):
    """Remembers every call of any method."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: self.append((name, (*args, *sorted(kwargs.items()))))


class Connection:
    """A database connection that remembers what it was asked."""

    def __init__(self, said: list[Any]) -> None:
        self.said, self.closed = said, False

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def cursor(self) -> Connection:
        return self

    def execute(self, statement: str, values: Any = ()) -> None:
        self.said.append((statement, values) if values else statement)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def lab() -> Any:
    calls = Calls()

    @contextmanager
    def network() -> Any:
        yield calls

    member = lambda region: SimpleNamespace(pid=4711, socket=f"/{region}.sock")  # noqa: E731
    aws = SimpleNamespace(
        member=member,
        restart=lambda region: calls.append(("restart", region)),
        refuse=lambda action, **kwargs: calls.append(("refuse", (action, kwargs))),
        refuse_nothing=lambda: calls.append(("refuse_nothing", ())),
    )
    route53 = SimpleNamespace(silence=lambda *, on: calls.append(("silence", on)))
    return SimpleNamespace(
        aws=aws, network=calls, route53=route53, workspace=None, calls=calls,
        admission=SimpleNamespace(ca_file=ssl.get_default_verify_paths().cafile),
        client=lambda service, region: calls,
        end_functions=lambda names: len(list(names)),
    )  # fmt: skip


@pytest.fixture
def played(lab: Any) -> Stage:
    functions = {region: f"f-{region}" for region in (HOME, STANDBY, THIRD)}
    store: Any = "the store"
    return Stage(lab, load({}), 10.0, functions, functions, store)


def do(played: Stage, **step: Any) -> str:
    return actions.perform(played, Step.model_validate(step))


@pytest.mark.parametrize(
    ("action", "number"),
    (("kill", signal.SIGKILL), ("hang", signal.SIGSTOP), ("resume", signal.SIGCONT)),
)
def test_servers_get_signals(
    played: Stage, monkeypatch: pytest.MonkeyPatch, action: str, number: signal.Signals
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(os, "kill", lambda *args: sent.append(args))
    assert do(played, do=action, place="standby").startswith(f"{number.name} to the database")
    assert sent == [(4711, number)]


def test_a_member_without_a_server_cannot_be_lost(played: Stage, lab: Any) -> None:
    lab.aws.member = lambda region: SimpleNamespace(pid=None)
    with pytest.raises(LabError, match="us-east-1 has no running server"):
        do(played, do="kill")


@pytest.mark.parametrize(
    ("step", "call"),
    (
        ({"do": "cut"}, ("cut", (("member", HOME), ("source", "*")))),
        (
            {"do": "cut", "source": "third", "place": "standby"},
            ("cut", (("member", STANDBY), ("source", THIRD))),
        ),
        (
            {"do": "lose-answers", "source": "clients"},
            ("cut", (("member", HOME), ("source", "clients"), ("way", "down"))),
        ),
        ({"do": "lose-requests"}, ("cut", (("member", HOME), ("source", "*"), ("way", "up")))),
        (
            {"do": "heal", "source": "internet"},
            ("heal", (("member", HOME), ("source", "internet"))),
        ),
        ({"do": "delay", "amount": 9}, ("set_delay", (9.0, ("member", HOME), ("source", "*")))),
        ({"do": "lose", "amount": 5}, ("set_loss", (0.05, ("member", HOME), ("source", "*")))),
        ({"do": "restart"}, ("restart", HOME)),
        ({"do": "stop-dns"}, ("silence", True)),
        ({"do": "start-dns"}, ("silence", False)),
        ({"do": "refuse-nothing"}, ("refuse_nothing", ())),
        (
            {"do": "refuse", "match": "GetItem", "error": "Throttling", "amount": 3},
            ("refuse", ("GetItem", {"code": "Throttling", "region": HOME, "times": 3})),
        ),
        (
            {"do": "refuse", "match": "*", "place": "standby"},
            ("refuse", ("*", {"code": "InternalFailure", "region": STANDBY, "times": None})),
        ),
    ),
)
def test_network_and_apis_are_told(played: Stage, lab: Any, step: Any, call: Any) -> None:
    assert do(played, **step)
    assert lab.calls == [call]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    found: list[Any] = []
    connect = lambda *_args, **_kwargs: Connection(found)  # noqa: E731
    monkeypatch.setattr(stage, "connect", connect)
    monkeypatch.setattr(actions, "connect", connect)
    monkeypatch.setattr(storage, "connect", connect)
    return found


@pytest.mark.parametrize(
    ("step", "statements"),
    (
        ({"do": "close-for-writes"}, ["SET GLOBAL read_only = 1"]),
        ({"do": "open-for-writes"}, ["SET GLOBAL read_only = 0"]),
        ({"do": "lock-tables"}, ["FLUSH TABLES WITH READ LOCK"]),
        ({"do": "stop-replication"}, ["STOP SLAVE"]),
        ({"do": "start-replication"}, ["START SLAVE"]),
        (
            {"do": "lock-out-witnesses"},
            [("ALTER USER %s@'%%' ACCOUNT LOCK", ("bicoastal_probe",))],
        ),
        (
            {"do": "let-witnesses-in"},
            [("ALTER USER %s@'%%' ACCOUNT UNLOCK", ("bicoastal_probe",))],
        ),
        ({"do": "stall-commits"}, ["BACKUP STAGE START", "BACKUP STAGE BLOCK_COMMIT"]),
        (
            {"do": "slow-commits", "amount": 700},
            [
                ("SET GLOBAL binlog_commit_wait_usec = %s", (700_000,)),
                ("SET GLOBAL binlog_commit_wait_count = %s", (1_000_000,)),
            ],
        ),
        (
            {"do": "slow-commits", "amount": 0},
            [
                ("SET GLOBAL binlog_commit_wait_usec = %s", (0,)),
                ("SET GLOBAL binlog_commit_wait_count = %s", (0,)),
            ],
        ),
        (
            {"do": "delay-replication", "amount": 20},
            ["STOP SLAVE", ("CHANGE MASTER TO MASTER_DELAY = %s", (20,)), "START SLAVE"],
        ),
    ),
)
def test_databases_are_told(played: Stage, said: list[Any], step: Any, statements: Any) -> None:
    assert do(played, **step)
    assert said == statements


@pytest.mark.parametrize(
    ("begin", "end"), (("lock-tables", "unlock-tables"), ("stall-commits", "release-commits"))
)
def test_a_lock_lasts_until_it_is_released(
    played: Stage, said: list[Any], begin: str, end: str
) -> None:
    do(played, do=begin)
    (held,) = played.held
    assert not held.closed
    do(played, do=end)
    assert held.closed
    assert played.held == []


def handlers_of(code: bytes) -> dict[str, Any]:
    """What the handlers' file of an uploaded bundle defines."""
    with zipfile.ZipFile(io.BytesIO(code)) as bundle:
        source = bundle.read("bicoastal/failover/handlers.py").decode()
    space: dict[str, Any] = {"__name__": "handlers", "__file__": handlers.__file__}
    exec(compile(source, "handlers.py", "exec", dont_inherit=True), space)
    return space


@pytest.mark.parametrize(("amount", "off_s"), ((-1200, -120.0), (0, 0.0)))
def test_a_witness_signs_with_a_clock_that_is_off(
    played: Stage, lab: Any, amount: float, off_s: float
) -> None:
    told = do(played, do="skew-witness", place="third", amount=amount)
    assert told == f"the clock of the witness in {THIRD} is {amount:+g} s off"
    ((name, arguments),) = lab.calls
    given = dict(arguments)
    assert (name, given["FunctionName"]) == ("update_function_code", f"f-{THIRD}")
    space = handlers_of(given["ZipFile"])
    signed: list[float] = []
    space["time"] = SimpleNamespace(time=lambda: 1000.0)
    space["token"] = SimpleNamespace(
        Key=SimpleNamespace(of=lambda _: None), sign=lambda *_, at: signed.append(at)
    )
    space["_token"](HOME, SimpleNamespace(host="h", port=1), "u")
    assert signed == [1000.0 + off_s]  # seconds of the lab: divided by the pace


def test_a_controller_reads_a_clock_that_is_off(
    played: Stage, lab: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    do(played, do="skew-controller", place="standby", amount=300)
    given = dict(lab.calls[0][1])
    assert given["FunctionName"] == f"f-{STANDBY}"
    space = handlers_of(given["ZipFile"])
    clocks: list[Any] = []

    def controller(*_: Any, clock: Any) -> Any:
        clocks.append(clock)
        return SimpleNamespace(run=lambda **_: "ran")

    monkeypatch.setattr("bicoastal.failover.controller.Controller", controller)
    monkeypatch.setattr("bicoastal.failover.gateway.Gateway", lambda *_: "the world")
    for name in ("_variable", "_pace", "_clients"):
        space[name] = Calls
    space["_controller_config"] = lambda _: SimpleNamespace(
        region=STANDBY, table="t", cluster="c", home_region=HOME
    )
    space["time"] = SimpleNamespace(time=lambda: 1000.0)
    assert space["controller"]({}, None) == "ran"
    assert clocks[0]() == 1030.0


def test_connections_are_taken_until_none_is_left(
    played: Stage, said: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [Connection(said), Connection(said)]

    def connect(*_args: Any, **_kwargs: Any) -> Connection:
        if not left:
            raise OperationalError(1040, "Too many connections")
        return left.pop()

    monkeypatch.setattr(actions, "connect", connect)
    assert do(played, do="exhaust-connections") == "max_connections of us-east-1 exhausted"
    assert len(played.held) == 2
    do(played, do="release-connections")
    assert played.held == []
    assert said[-1] == "SET GLOBAL max_connections = 300"


@pytest.mark.parametrize("error", (OSError("gone"), OperationalError(1045, "denied"), ValueError()))
def test_another_failure_is_none_of_that(
    played: Stage, said: list[Any], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def connect(*_args: Any, **_kwargs: Any) -> Connection:
        raise error

    monkeypatch.setattr(actions, "connect", connect)
    with pytest.raises((LabError, OperationalError, ValueError)):
        do(played, do="exhaust-connections")


@pytest.mark.parametrize("action", ("arm", "disarm", "maintain", "approve", "acknowledge"))
def test_humans_write_into_the_record(
    played: Stage, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(
        record, action, lambda store, *args, **kwargs: asked.append((store, kwargs))
    )
    assert do(played, do=action, amount=600)
    ((store, extra),) = asked
    assert store == "the store"
    if action == "approve":
        assert extra == {"valid_s": 60.0}  # AWS's seconds, divided by the pace


def test_an_approval_that_nothing_waits_for_is_told(
    played: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def approve(*_args: Any, **_kwargs: Any) -> None:
        raise RecordError("nothing waits")

    monkeypatch.setattr(record, "approve", approve)
    assert do(played, do="approve", amount=1) == "approval refused: nothing waits"


def test_controllers_are_ended(played: Stage) -> None:
    assert do(played, do="end-controllers") == "3 controller processes killed"


def test_a_deployment_changes_the_configuration_and_keeps_the_rest(played: Stage, lab: Any) -> None:
    before = {CONFIG_VARIABLE: json.dumps({"code": "one", "mode": "automatic"}), "OTHER": "kept"}
    given: dict[str, Any] = {}
    functions = SimpleNamespace(
        get_function_configuration=lambda **_: {"Environment": {"Variables": before}},
        update_function_configuration=lambda **values: given.update(
            {values["FunctionName"]: values["Environment"]["Variables"]}
        ),
    )
    lab.client = lambda service, region: functions
    do(played, do="redeploy")
    assert set(given) == set(played.controllers.values())
    for variables in given.values():
        assert json.loads(variables[CONFIG_VARIABLE]) == {"code": "another", "mode": "automatic"}
        assert variables["OTHER"] == "kept"


@pytest.mark.parametrize(
    ("action", "verdict"),
    (("make-witness-lie-down", "DOWN"), ("make-witness-lie-up", "UP"), ("stop-witness", None)),
)
def test_a_witness_gets_other_code(
    played: Stage, lab: Any, monkeypatch: pytest.MonkeyPatch, action: str, verdict: str | None
) -> None:
    do(played, do=action, place="third")
    ((name, arguments),) = lab.calls
    assert name == "update_function_code"
    given = dict(arguments)
    assert given["FunctionName"] == f"f-{THIRD}"
    with zipfile.ZipFile(io.BytesIO(given["ZipFile"])) as bundle:
        code = bundle.read(witnesses._HANDLER).decode()
    space: dict[str, Any] = {}
    exec(compile(code, "handlers.py", "exec"), space)
    monkeypatch.setenv("AWS_REGION", THIRD)
    if verdict is None:
        with pytest.raises(RuntimeError, match="the prober is broken"):
            space["prober"]({"region": HOME}, None)
    else:
        vote = json.loads(json.dumps(space["prober"]({"region": HOME, "round": 3}, None)))
        assert (vote["witness"], vote["member"], vote["verdict"]) == (THIRD, HOME, verdict)


def test_an_unknown_action_is_named_with_those_that_exist(played: Stage) -> None:
    with pytest.raises(
        LabError, match="there is no action 'burn'; there are: acknowledge, approve, arm, "
    ):
        do(played, do="burn")


def test_a_missing_amount_is_an_error(played: Stage) -> None:
    with pytest.raises(LabError, match="the action delay needs an amount"):
        do(played, do="delay")


@pytest.mark.parametrize(
    ("action", "scenario", "file"),
    (
        ("skew-controller", "controller-clock-jumps", "guards.py"),
        ("skew-witness", "hang", "greeting.py"),
    ),
)
def test_who_is_broken_on_purpose_stays_so_with_another_clock(
    played: Stage, lab: Any, action: str, scenario: str, file: str
) -> None:
    mutant = find(scenario).mutant
    for deployed, is_kept in ((mutant, True), (find("kill").mutant, False), (None, False)):
        played.mutant = deployed
        do(played, do=action, place="standby", amount=300)
        with zipfile.ZipFile(io.BytesIO(dict(lab.calls.pop()[1])["ZipFile"])) as bundle:
            changed = bundle.read(f"bicoastal/failover/{file}").decode()
            assert (mutant.new in changed) is is_kept
            assert "time.time() + 30.0" in bundle.read("bicoastal/failover/handlers.py").decode()
