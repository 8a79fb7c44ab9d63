"""A deployed stack for a file's tests of the operator's commands, and the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from bicoastal.cli.app import app
from bicoastal.cli.stackfile import PLACEHOLDER_SECRET
from bicoastal.failover.record import RecordStore
from bicoastal.lab.drill.deploying import Stack
from bicoastal.lab.drill.environment import Environment
from bicoastal.settings import load

from .names import HOME, PACE, STANDBY, Result, Run


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """The stack; its `environment` is the lab that it is deployed in."""
    settings = load({"secretArn": PLACEHOLDER_SECRET.format(region=HOME)})
    with Environment(settings, PACE) as environment:
        stack = Stack(environment, settings)
        stack.deploy()
        for region, code in ((HOME, "use1"), (STANDBY, "usw2")):
            # The tests say when a controller runs; the schedule would run it behind their back.
            environment.client("events", region).disable_rule(Name=f"control-{code}-dev")
        yield stack


@pytest.fixture
def lab(stack: Stack) -> Environment:
    return stack.environment


@pytest.fixture
def run(lab: Environment) -> Run:
    """Runs a command as a user of the lab would, from a record that nobody has written."""
    lab.client("dynamodb", STANDBY).delete_item(
        TableName="record-dev", Key={"cluster": {"S": "global-dev"}}
    )

    def invoke(*arguments: str, typed: str | None = None) -> Result:
        return CliRunner(env=lab.aws.variables).invoke(app, arguments, input=typed)

    return invoke


@pytest.fixture
def store(lab: Environment) -> RecordStore:
    return RecordStore(lab.client("dynamodb", STANDBY), "record-dev", "global-dev", HOME)
