"""What `Deployment.preview` says, and that it asks nobody."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest
from pulumi.runtime import is_dry_run

from bicoastal.lab.engine import UNKNOWN, Deployment, ResourcesFailedError, Secret

from .conftest import Make
from .toy import Group, Thing, World, toy_region


def call(token: str, **args: Any) -> pulumi.Output[Any]:
    return pulumi.runtime.invoke_output(token, args)


def test_everything_is_planned_and_nothing_is_touched(world: World, deployment: Make) -> None:
    dry = []

    def program() -> None:
        dry.append(is_dry_run())
        west = toy_region("west", "us-west-2")
        group = Group("group", pulumi.ResourceOptions(providers={"toy": west}))
        first = Thing("first", size=3, password=pulumi.Output.secret("hunter2"))
        Thing(
            "second",
            pulumi.ResourceOptions(parent=group, depends_on=[first], ignore_changes=["size"]),
            source=first.arn,
            nested={"list": [first.arn, 1]},
            both=pulumi.Output.concat(pulumi.Output.secret("a"), first.arn),
        )

    first, second = deployment().preview(program)

    assert dry == [True]
    assert world.calls == []
    assert (first.type, first.name, first.region) == ("toy:index:Thing", "first", "us-east-1")
    assert first.inputs == {"size": 3, "password": Secret("hunter2")}
    assert "hunter2" not in repr(first)
    assert second.region == "us-west-2"
    assert second.inputs["source"] is UNKNOWN
    assert second.inputs["nested"] == {"list": [UNKNOWN, 1]}
    assert isinstance(second.inputs["both"], Secret)
    assert second.dependencies == (first.urn,)
    assert second.parent == "urn:pulumi:stack::project::toy:index:Group::group"
    assert second.ignore_changes == ("size",)


def test_it_needs_no_provider() -> None:
    plan = Deployment("project", "stack", {}).preview(lambda: Thing("a"))

    assert [p.name for p in plan] == ["a"]


def test_applies_on_unknown_values_do_not_run(deployment: Make) -> None:
    def program() -> None:
        Thing("second", source=Thing("first").arn.apply(lambda _: 1 / 0))

    assert len(deployment().preview(program)) == 2


def test_the_transform_is_seen(deployment: Make) -> None:
    made = deployment(transform=lambda _type, _name, props: {**props, "extra": [1, None]})

    (plan,) = made.preview(lambda: Thing("a"))
    assert plan.inputs == {"extra": [1, None]}


def test_reading_is_believed(world: World, deployment: Make) -> None:
    class Existing(pulumi.CustomResource):
        def __init__(self, name: str) -> None:
            super().__init__("toy:index:Thing", name, {}, pulumi.ResourceOptions(id="theirs"))

    (plan,) = deployment().preview(lambda: Thing("a", source=Existing("e").id))

    assert plan.inputs == {"source": "theirs"}
    assert world.calls == []


def test_two_resources_of_one_name_are_refused(deployment: Make) -> None:
    with pytest.raises(ResourcesFailedError, match="could not be planned"):
        deployment().preview(lambda: [Thing("twin"), Thing("twin")])


def test_errors_of_the_program_come_out(deployment: Make) -> None:
    def program() -> None:
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        deployment().preview(program)


def test_questions_are_answered_offline(world: World, deployment: Make) -> None:
    answers: dict[str, Any] = {}

    def program() -> None:
        west = pulumi.InvokeOptions(provider=toy_region("west", "us-west-2"))
        identity = pulumi.runtime.invoke("aws:index/getCallerIdentity:getCallerIdentity", {}).value
        answers["account"] = identity["accountId"]
        zones = pulumi.runtime.invoke(
            "aws:index/getAvailabilityZones:getAvailabilityZones", {"state": "available"}, west
        ).value
        answers["zones"] = zones["names"]
        prefix = call("aws:ec2/getManagedPrefixList:getManagedPrefixList", name="checks")
        secret = call("aws:secretsmanager/getSecretVersion:getSecretVersion", secretId="arn:s")
        Thing("a", prefix=prefix["id"], name=prefix["name"])
        Thing("b", secret=secret["secretString"].apply(lambda text: json.loads(text)["username"]))

    first, second = sorted(deployment().preview(program), key=lambda plan: plan.name)

    assert answers == {
        "account": "123456789012",
        "zones": ["us-west-2a", "us-west-2b", "us-west-2c"],
    }
    assert first.inputs["prefix"].startswith("pl-")
    assert first.inputs["name"] == "checks"
    assert isinstance(second.inputs["secret"], Secret)
    assert isinstance(second.inputs["secret"].reveal(), str)
    assert world.calls == []


def test_a_question_without_an_offline_answer_is_an_error(deployment: Make) -> None:
    def program() -> None:
        pulumi.runtime.invoke("aws:index/getWeather:getWeather", {})

    with pytest.raises(Exception, match=r"getWeather.*cannot be answered without AWS"):
        deployment().preview(program)
