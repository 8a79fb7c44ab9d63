"""What `Deployment.destroy` takes away, and in which order."""

from __future__ import annotations

import json
from pathlib import Path

import pulumi
import pytest

from bicoastal.errors import LabError
from bicoastal.lab.engine import Event, ResourcesFailedError

from .conftest import Make
from .toy import Group, Thing, World, toy_region


def chain() -> None:
    first = Thing("first")
    group = Group("group", pulumi.ResourceOptions(depends_on=[first]))
    inside = Thing("inside", pulumi.ResourceOptions(parent=group))
    child = Thing("child", pulumi.ResourceOptions(parent=inside))
    Thing("last", pulumi.ResourceOptions(depends_on=[child]))


def test_dependents_go_first(world: World, deployment: Make) -> None:
    made = deployment()
    made.up(chain)
    world.calls.clear()
    deleted = made.destroy()

    assert world.calls == ["delete last", "delete child", "delete inside", "delete first"]
    assert [urn.rpartition("::")[2] for urn in deleted] == ["last", "child", "inside", "first"]
    assert world.things == {}
    assert made.resources == []
    assert [e.kind for e in made.journal[-4:]] == ["delete"] * 4


def test_independent_resources_go_at_the_same_time(world: World, deployment: Make) -> None:
    import threading

    names = [f"thing-{n}" for n in range(8)]
    made = deployment()
    made.up(lambda: [Thing(name) for name in names])
    together = threading.Barrier(len(names))
    world.gate = {f"delete {name}": together for name in names}
    made.destroy()

    assert world.most_busy == len(names)
    assert world.things == {}


def test_what_cannot_go_is_reported_and_everything_else_goes(
    world: World, deployment: Make
) -> None:
    made = deployment()

    def program() -> None:
        chain()
        Thing("apart")

    made.up(program)
    world.refuse["delete child"] = LabError("DependencyViolation: it is in use (DeleteThing)")

    with pytest.raises(ResourcesFailedError) as caught:
        made.destroy()

    error = caught.value
    assert [(f.name, f.reason) for f in error.failures] == [
        ("child", "DependencyViolation: it is in use (DeleteThing)")
    ]
    assert sorted(urn.rpartition("::")[2] for urn in error.deleted) == ["apart", "last"]
    assert sorted(urn.rpartition("::")[2] for urn in error.skipped) == ["first", "inside"]
    assert "could not be deleted" in str(error)
    assert {r.name for r in made.resources} == {"first", "inside", "child"}

    world.refuse.clear()
    made.destroy()
    assert world.things == {}


def test_an_empty_deployment_has_nothing_to_destroy(deployment: Make) -> None:
    assert deployment().destroy() == []


def test_it_can_be_made_again_afterwards(world: World, deployment: Make) -> None:
    made = deployment()
    made.up(chain)
    made.destroy()

    assert made.up(chain).changes == {"create": 4}
    assert made.destroy()
    assert world.things == {}


def test_resources_are_deleted_by_the_provider_that_made_them(
    world: World, deployment: Make
) -> None:
    def program() -> None:
        east = toy_region("east", "us-east-1")
        Thing("a", pulumi.ResourceOptions(provider=east))

    events: list[Event] = []
    made = deployment(on_event=events.append)
    made.up(program)
    made.destroy()

    assert world.things == {}
    assert [(e.kind, e.name, e.region) for e in events[2:]] == [
        ("deleting", "a", "us-east-1"),
        ("delete", "a", "us-east-1"),
    ]


def test_what_was_only_read_is_left_alone(world: World, deployment: Make) -> None:
    world.things["theirs"] = {}

    class Existing(pulumi.CustomResource):
        def __init__(self, name: str, id_: str) -> None:
            super().__init__("toy:index:Thing", name, {}, pulumi.ResourceOptions(id=id_))

    def program() -> None:
        Thing("mine", source=Existing("theirs", "theirs").id)

    made = deployment()
    result = made.up(program)
    assert [r.name for r in result.resources] == ["mine"]
    assert [e.kind for e in made.journal] == ["read", "create"]

    made.destroy()
    assert list(world.things) == ["theirs"]


def test_a_replaced_resource_that_could_not_go_goes_with_the_rest(
    world: World, deployment: Make, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "state.json"
    made = deployment(checkpoint=checkpoint)
    made.up(lambda: Thing("child", source=Thing("first", kind="a").arn))
    world.refuse["delete first"] = LabError("not yet")
    with pytest.raises(ResourcesFailedError):
        made.up(lambda: Thing("child", source=Thing("first", kind="b").arn))
    assert len(json.loads(checkpoint.read_text())["pendingDeletion"]) == 1
    assert len(world.things) == 3

    world.refuse.clear()
    made.destroy()
    assert world.things == {}
    assert json.loads(checkpoint.read_text()) == {"resources": [], "pendingDeletion": []}
