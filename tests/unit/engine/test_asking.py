"""Questions to the provider and resources that are only read, in `Deployment.up`."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from pulumi.output import Unknown

from bicoastal.errors import LabError
from bicoastal.lab.engine import ResourcesFailedError

from .conftest import Make
from .toy import Thing, World, toy_region


class Existing(pulumi.CustomResource):
    arn: pulumi.Output[str]

    def __init__(self, name: str, id_: str) -> None:
        options = pulumi.ResourceOptions(id=id_)
        super().__init__("toy:index:Thing", name, {"arn": None}, options)


def test_the_provider_of_the_right_region_is_asked(world: World, deployment: Make) -> None:
    def program() -> None:
        west = toy_region("west", "us-west-2")
        here = pulumi.runtime.invoke("toy:index:where", {"a": [1, "x"]}).value
        there = pulumi.runtime.invoke_output(
            "toy:index:where", {}, pulumi.InvokeOptions(provider=west)
        )
        pulumi.export("here", here)
        pulumi.export("there", there["region"])
        pulumi.export("nothing", pulumi.runtime.invoke("toy:index:empty", {}).value)

    outputs = deployment().up(program).outputs

    assert outputs["here"] == {"region": "us-east-1", "a": [1, "x"]}
    assert outputs["there"] == "us-west-2"
    assert outputs["nothing"] == {}


@pytest.mark.parametrize("raises", (True, False))
def test_a_question_that_fails_is_reported_like_a_resource(
    world: World, deployment: Make, raises: bool
) -> None:
    token = "toy:index:where" if raises else "toy:index:broken"
    world.refuse["invoke toy:index:where"] = LabError("AccessDenied: no (Where)")
    world.refuse["create bad"] = LabError("no")

    def program() -> None:
        Thing("bad")
        pulumi.runtime.invoke(token, {})

    with pytest.raises(ResourcesFailedError) as caught:
        deployment().up(program)

    reasons = {failure.urn.rpartition("::")[2]: failure.reason for failure in caught.value.failures}
    expected = "AccessDenied: no (Where)" if raises else "x: is broken"
    assert reasons == {"bad": "no", token: expected}


def test_a_failing_question_in_an_output_is_reported_too(world: World, deployment: Make) -> None:
    world.refuse["invoke toy:index:where"] = RuntimeError("bug")

    def program() -> None:
        answer = pulumi.runtime.invoke_output("toy:index:where", {})
        Thing("child", source=answer["region"])

    with pytest.raises(ResourcesFailedError, match="bug"):
        deployment().up(program)
    assert "create child" not in world.calls


def test_an_existing_resource_is_read(world: World, deployment: Make) -> None:
    world.things["theirs"] = {}

    result = deployment().up(lambda: Thing("a", source=Existing("e", "theirs").arn))

    assert world.things["id-1"]["source"] == "arn:theirs"
    assert result.changes == {"read": 1, "create": 1}


def test_a_missing_resource_is_a_failure(world: World, deployment: Make) -> None:
    with pytest.raises(ResourcesFailedError, match="nobody does not exist") as caught:
        deployment().up(lambda: Thing("a", source=Existing("e", "nobody").id))

    assert [urn.rpartition("::")[2] for urn in caught.value.skipped] == ["a"]


def test_an_input_that_never_becomes_known_is_not_sent(world: World, deployment: Make) -> None:
    def program() -> None:
        never: Any = Unknown()  # type: ignore[no-untyped-call]  # Pulumi's class has no types
        unknown = pulumi.Output.from_input("x").apply(lambda _: never)
        Thing("a", source=unknown)

    with pytest.raises(ResourcesFailedError, match="never became known: source"):
        deployment().up(program)
    assert world.calls == []
