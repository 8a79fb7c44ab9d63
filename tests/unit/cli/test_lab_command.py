"""`bicoastal lab`: options, addresses and exit codes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bicoastal.cli import ending
from bicoastal.cli.app import app
from bicoastal.errors import DeploymentError
from bicoastal.lab.drill.options import DrillOptions
from bicoastal.lab.drill.probe import Probe
from bicoastal.lab.up import detached, place, session
from bicoastal.lab.up.addresses import Addresses
from bicoastal.lab.up.place import Place, Running
from bicoastal.settings import Settings

ADDRESSES = Addresses(
    page="http://127.0.0.1:1/#token=t",
    domain="db-dev.example.com",
    resolver="127.0.0.2:53",
    members={"us-east-1": "127.0.0.3"},
    port=3306,
    option_file="/folder/client.cnf",
    variables={"AWS_ENDPOINT_URL": "http://127.0.0.1:2"},
)


@pytest.fixture(autouse=True)
def own_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["lab", *arguments])


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    calls: list[Any] = []

    def keep_up(settings: Settings, chosen: DrillOptions, **rest: Any) -> None:
        calls.append((settings, chosen, rest["port"]))
        rest["observer"].event("drill", "150 resources deployed")
        rest["ready"](ADDRESSES)

    monkeypatch.setattr(session, "keep_up", keep_up)
    return calls


def test_up_starts_a_bounded_quiet_drill_and_prints_the_addresses(kept: list[Any]) -> None:
    result = run("up")
    assert result.exit_code == 0, result.output
    ((settings, chosen, port),) = kept
    assert settings.environment_suffix == "dev"
    assert (chosen.pace, chosen.probe, chosen.writes_per_s, port) == (15.0, Probe.CANARY, 50.0, 0)
    assert chosen.armed
    assert chosen.keep_s == session.KEEP_S
    assert [step for step in chosen.scenario.steps if step.do] == []
    assert "150 resources deployed" in result.stderr
    rows = dict(re_split(line) for line in result.stdout.splitlines())
    assert rows["live page"] == ADDRESSES.page
    assert rows["DNS server"] == ADDRESSES.resolver
    assert rows["the end"] == "bicoastal lab down"


def re_split(line: str) -> tuple[str, str]:
    name, _, value = line.partition("  ")
    return name, value.strip()


def test_up_takes_options(kept: list[Any], tmp_path: Path) -> None:
    stack = tmp_path / "Pulumi.other.yaml"
    stack.write_text("config:\n  bicoastal:environmentSuffix: other\n")
    result = run(
        "up", "--pace=20", "--probe=greeting", "--load=5", "--port=8080", "--disarmed", "--quiet",
        "--stack", str(stack),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    ((settings, chosen, port),) = kept
    assert settings.environment_suffix == "other"
    assert (chosen.pace, chosen.probe, chosen.writes_per_s) == (20.0, Probe.GREETING, 5.0)
    assert (port, chosen.armed, result.stderr) == (8080, False, "")


@pytest.mark.parametrize("quiet", (False, True))
def test_detached_it_gets_the_same_options(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, quiet: bool
) -> None:
    given: list[str] = []

    def start(arguments: list[str], tell: Callable[[str], object]) -> Addresses:
        given.extend(arguments)
        tell("deploying")
        return ADDRESSES

    monkeypatch.setattr(detached, "start", start)
    stack = tmp_path / "Pulumi.other.yaml"
    stack.write_text("config:\n  bicoastal:environmentSuffix: other\n")
    more = ["--stack", str(stack), "--disarmed", "--quiet"] if quiet else []
    result = run("up", "--detach", "--load=7", *more)
    assert result.exit_code == 0, result.output
    assert ADDRESSES.page in result.stdout
    assert result.stderr == ("" if quiet else "deploying\n")
    expected = ["--pace=15.0", "--probe=canary", "--load=7.0", "--port=0"]
    assert given == expected + ([f"--stack={stack}", "--disarmed"] if quiet else [])


@pytest.mark.parametrize("option", ("--pace=0.5", "--load=0", "--port=70000", "--probe=deep"))
def test_bad_options_are_refused(kept: list[Any], option: str) -> None:
    assert run("up", option).exit_code == 2
    assert kept == []


def test_status_tells_of_no_lab_a_starting_one_and_one_that_is_up() -> None:
    result = run("status")
    assert (result.exit_code, "no lab is running here" in result.stdout) == (1, True)
    assert json.loads(run("status", "--json").stdout) == {"state": "none"}
    with Place() as held:
        result = run("status")
        assert result.exit_code == 1
        assert result.stdout == f"process {os.getpid()} is starting a lab\n"
        held.publish(ADDRESSES.to_dict())
        result = run("status")
        assert (result.exit_code, ADDRESSES.page in result.stdout) == (0, True)
        found = json.loads(run("status", "--json").stdout)
        assert found == {"state": "up", "pid": os.getpid(), **ADDRESSES.to_dict()}


@pytest.mark.parametrize(
    ("obeyed", "words"), ((True, "the lab is gone"), (False, "did not end, and was killed"))
)
def test_down_ends_the_lab_that_runs(
    monkeypatch: pytest.MonkeyPatch, obeyed: bool, words: str
) -> None:
    stopped: list[Running] = []

    def stop(running: Running) -> bool:
        stopped.append(running)
        return obeyed

    monkeypatch.setattr(place, "stop", stop)
    assert run("down").stdout == "no lab is running here\n"
    with Place():
        result = run("down")
    assert (result.exit_code, words in result.stdout) == (0, True)
    assert [running.pid for running in stopped] == [os.getpid()]


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGHUP))
def test_a_polite_end_unwinds(number: signal.Signals) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    asked: list[threading.Event] = []

    def work() -> None:
        with ending.unwinding() as event:
            asked.append(event)
            os.kill(os.getpid(), number)

    with pytest.raises(SystemExit) as ended:
        work()
    assert ended.value.code == 128 + number
    assert asked[0].is_set()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL


def test_a_polite_end_cancels_what_an_event_loop_runs_as_ctrl_c_does() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # in the background of a script
    seen: list[str] = []

    async def work() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    with pytest.raises(SystemExit), ending.unwinding():
        asyncio.run(work())
    assert seen == ["cancelled"]
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


@pytest.mark.parametrize("ending_as", ("failed", "lost"))
def test_what_becomes_of_the_interruption_does_not_change_the_exit_code(ending_as: str) -> None:
    def work() -> None:
        with ending.unwinding() as asked:
            with contextlib.suppress(KeyboardInterrupt):  # as a library may
                os.kill(os.getpid(), signal.SIGTERM)
            assert asked.is_set()
            if ending_as == "failed":
                raise DeploymentError("1 resource was skipped")

    with pytest.raises(SystemExit) as ended:
        work()
    assert ended.value.code == 143


def test_a_failure_that_nobody_asked_for_stays_what_it_is() -> None:
    with pytest.raises(DeploymentError), ending.unwinding():
        raise DeploymentError("1 resource failed")


def test_ctrl_c_stays_what_it_is() -> None:
    with pytest.raises(KeyboardInterrupt), ending.unwinding():
        os.kill(os.getpid(), signal.SIGINT)


def test_what_outlives_its_terminal_on_purpose_goes_on() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with ending.unwinding() as asked:
        os.kill(os.getpid(), signal.SIGHUP)
        assert not asked.is_set()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
