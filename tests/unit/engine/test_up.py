"""What `Deployment.up` makes of a program that is new to it."""

from __future__ import annotations

import threading

import pulumi
import pytest
from pulumi.provider.experimental.provider import ConfigureRequest, ConfigureResponse

from bicoastal.errors import DeploymentError, LabError
from bicoastal.lab.engine import ResourcesFailedError

from .conftest import Make
from .toy import Group, Thing, ToyProvider, World, toy_region


def test_resources_are_created_after_what_they_need(world: World, deployment: Make) -> None:
    def program() -> None:
        last = Thing("last", source=Thing("middle", source=Thing("first").arn).arn)
        pulumi.export("arn", last.arn)

    result = deployment().up(program)

    assert world.calls == ["create first", "create middle", "create last"]
    assert result.outputs == {"arn": "arn:id-3"}
    assert [r.name for r in result.resources] == ["first", "middle", "last"]
    assert world.things["id-2"]["source"] == "arn:id-1"
    assert result.changes == {"create": 3}
    assert not result.failures
    assert not result.skipped


def test_depends_on_and_parents_are_waited_for(world: World, deployment: Make) -> None:
    def program() -> None:
        first = Thing("first")
        group = Group("group", pulumi.ResourceOptions(depends_on=[first]))
        inside = Thing("inside", pulumi.ResourceOptions(parent=group))
        Thing("last", pulumi.ResourceOptions(depends_on=[inside]))

    made = deployment()
    made.up(program)

    assert world.calls == ["create first", "create inside", "create last"]
    assert made.resources[1].urn == (
        "urn:pulumi:stack::project::toy:index:Group$toy:index:Thing::inside"
    )


def test_independent_resources_are_created_at_the_same_time(world: World, deployment: Make) -> None:
    names = [f"thing-{n}" for n in range(8)]
    together = threading.Barrier(len(names))
    world.gate = {f"create {name}": together for name in names}

    deployment().up(lambda: [Thing(name) for name in names])

    assert world.most_busy == len(names)


def test_a_failure_skips_its_dependents_and_nothing_else(world: World, deployment: Make) -> None:
    world.refuse["create bad"] = LabError("QuotaExceeded: there are too many (CreateThing)")
    world.refuse["create worse"] = RuntimeError("bug")

    def program() -> None:
        bad = Thing("bad")
        group = Group("group", pulumi.ResourceOptions(depends_on=[bad]))
        Thing("inside", pulumi.ResourceOptions(parent=group))
        Thing("child", source=bad.arn)
        Thing("worse")
        Thing("good", source=Thing("fine").arn)

    made = deployment()
    with pytest.raises(ResourcesFailedError) as caught:
        made.up(program)

    error = caught.value
    assert isinstance(error, DeploymentError)
    assert {f.name: f.reason for f in error.failures} == {
        "bad": "QuotaExceeded: there are too many (CreateThing)",
        "worse": "RuntimeError: bug",
    }
    assert sorted(urn.rpartition("::")[2] for urn in error.skipped) == ["child", "inside"]
    assert sorted(world.calls) == ["create bad", "create fine", "create good", "create worse"]
    text = str(error)
    assert "bad (toy:index:Thing): QuotaExceeded: there are too many (CreateThing)" in text
    assert "child" in text
    assert error.result is not None
    assert {r.name for r in error.result.resources} == {"fine", "good"}
    reasons = {entry.name: entry.reason for entry in made.journal if entry.kind == "skip"}
    assert reasons["child"] == "it needs bad"
    assert reasons["inside"] == "it needs group"


def test_inputs_that_the_provider_finds_wrong_are_a_failure(world: World, deployment: Make) -> None:
    with pytest.raises(ResourcesFailedError, match="size: must not be negative"):
        deployment().up(lambda: Thing("thing", size=-1))

    assert world.calls == []


def test_each_resource_goes_to_its_provider(world: World, deployment: Make) -> None:
    def program() -> None:
        east = toy_region("east", "us-east-1")
        west = toy_region("west", "us-west-2")
        group = Group("group", pulumi.ResourceOptions(providers={"toy": west}))
        Thing("a", pulumi.ResourceOptions(provider=east))
        Thing("b", pulumi.ResourceOptions(parent=group))
        Thing("c")
        Thing("d", pulumi.ResourceOptions(provider=east), region="eu-west-1")

    result = deployment({"aws:region": "ap-southeast-2"}).up(program)

    regions = {r.name: r.region for r in result.resources}
    assert regions == {
        "a": "us-east-1", "b": "us-west-2", "c": "ap-southeast-2", "d": "eu-west-1",
    }  # fmt: skip
    made_in = sorted(thing["region"] for thing in world.things.values())
    assert made_in == ["ap-southeast-2", "eu-west-1", "us-east-1", "us-west-2"]
    assert result.changes == {"create": 4}


def test_two_resources_of_one_name_are_refused(world: World, deployment: Make) -> None:
    def program() -> None:
        Thing("twin")
        Thing("twin")
        Group("group")
        Group("group")

    with pytest.raises(ResourcesFailedError) as caught:
        deployment().up(program)

    assert [f.reason for f in caught.value.failures] == [
        "another resource of this type has the same name"
    ] * 2
    assert world.calls == ["create twin"]


def test_without_a_provider_nothing_can_be_made(deployment: Make) -> None:
    with pytest.raises(ResourcesFailedError, match="can only be previewed"):
        deployment(provider=None).up(lambda: Thing("a"))


def test_the_default_provider_is_configured_once(world: World, deployment: Make) -> None:
    class Counting(ToyProvider):
        configured = 0

        async def configure(self, request: ConfigureRequest) -> ConfigureResponse:
            Counting.configured += 1
            return await super().configure(request)

    made = deployment(provider=Counting(world))
    made.up(lambda: [Thing("a"), Thing("b", source=Thing("c").arn)])
    made.up(lambda: None)

    assert Counting.configured == 1
