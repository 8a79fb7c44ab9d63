"""A stack with a further standby in the embedded AWS: deployed, moved by a person, destroyed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bicoastal.cli.stackfile import PLACEHOLDER_SECRET
from bicoastal.failover.record import RecordStore
from bicoastal.failover.state import State
from bicoastal.lab.drill.deploying import Stack
from bicoastal.lab.drill.environment import Environment
from bicoastal.lab.waiting import wait_until
from bicoastal.settings import load

from .names import HOME, PACE, STANDBY, WHY, Run, control

pytestmark = pytest.mark.lab

IRELAND = "eu-west-1"
FILE = """config:
  bicoastal:secretArn: arn:aws:secretsmanager:us-east-1:123456789012:secret:bicoastal/dev-AbCdEf
  bicoastal:regions: { furtherStandbys: [eu-west-1] }
  bicoastal:dns: { mode: global-endpoint }
  bicoastal:failover: { threshold: 2, graceS: 5, cleanRounds: 1 }
"""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    settings = load(
        {
            "secretArn": PLACEHOLDER_SECRET.format(region=HOME),
            "regions": {"furtherStandbys": [IRELAND]},
            "dns": {"mode": "global-endpoint"},
            "failover": {"threshold": 2, "graceS": 5, "cleanRounds": 1},
        }
    )
    with Environment(settings, PACE) as environment:
        stack = Stack(environment, settings)
        stack.deploy()
        for region, code in ((HOME, "use1"), (STANDBY, "usw2")):
            environment.client("events", region).disable_rule(Name=f"control-{code}-dev")
        yield stack


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("further") / "Pulumi.dev.yaml"
    path.write_text(FILE)
    return str(path)


def writer(lab: Environment) -> str:
    (found,) = (member.region for member in lab.aws.members() if member.role == "writer")
    return str(found)


def is_whole(lab: Environment) -> bool:
    return all(member.state == "available" for member in lab.aws.members())


def test_it_is_deployed_moved_there_and_only_watched_from_there(
    lab: Environment, stack: Stack, run: Run, store: RecordStore, file: str
) -> None:
    def cli(*arguments: str) -> Any:
        return run(*arguments, "--stack", file)

    (group,) = lab.client("rds", IRELAND).describe_global_clusters()["GlobalClusters"]
    assert len(group["GlobalClusterMembers"]) == 3

    # --- a person moves the writer there, and all others follow
    cli("arm", *WHY)
    results: list[Any] = []

    def switched() -> bool:  # on a busy machine a witness may be late
        results.append(cli("switchover", "--to", IRELAND, "--yes", *WHY))
        return bool(results[-1].exit_code == 0)

    assert wait_until(switched, 60), results[-1].output
    assert "the controllers only observe" in results[-1].stdout
    assert writer(lab) == IRELAND
    assert (store.read().writer, store.read().armed) == (IRELAND, True)
    assert is_whole(lab)

    # --- it is lost: the controllers look, page and do nothing
    count = len(lab.aws.failovers())
    assert wait_until(lambda: control(lab).get("state") == State.STEADY, 60)
    os.kill(lab.aws.member(IRELAND).pid or 0, signal.SIGKILL)
    assert wait_until(lambda: control(lab).get("state") == State.HELD, 60)
    assert "a further standby's region" in control(lab, HOME)["reason"]
    assert (len(lab.aws.failovers()), store.read().writer) == (count, IRELAND)

    # --- a person fails over; the program is quiet, and whoever is lost may come back
    end = cli("failover", "--to", STANDBY, "--yes", *WHY)
    assert end.exit_code == 0, end.output
    assert writer(lab) == STANDBY
    lab.aws.restart(IRELAND)
    assert wait_until(lambda: is_whole(lab), 60)

    # --- and may be chosen again by a failover
    back = cli("failover", "--to", IRELAND, "--yes", *WHY)
    assert back.exit_code == 0, back.output
    assert (writer(lab), store.read().state, store.read().latch) == (IRELAND, State.COOLDOWN, 0)
    assert wait_until(lambda: is_whole(lab), 60)
    assert stack.changes() == []
    assert stack.destroy() == []
