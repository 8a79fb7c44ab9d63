"""What `Deployment.refresh` takes over and `Deployment.compare` says; neither changes anything."""

from __future__ import annotations

import pulumi
import pytest

from bicoastal.errors import LabError
from bicoastal.lab.engine import Deployment, ResourcesFailedError

from .conftest import Make
from .toy import Group, Thing, World, toy_region


def program(size: int = 1, kind: str = "a", *, more: bool = False, region: str = "east") -> object:
    def run() -> None:
        toy_region("west", region)
        first = Thing("first", size=size)
        Thing("second", kind=kind, source=first.arn)
        if more:
            third = Thing("third")
            Thing("fourth", source=third.arn)

    return run


def changes(deployment: Deployment, asked: object) -> list[tuple[str, str, str]]:
    found = deployment.compare(asked)  # type: ignore[arg-type]  # a program
    return [(each.kind, each.name, each.reason) for each in found]


@pytest.fixture
def made(deployment: Make) -> Deployment:
    result = deployment()
    result.up(program())  # type: ignore[arg-type]  # a program
    return result


def test_what_is_as_asked_for_is_quiet(made: Deployment, world: World) -> None:
    world.calls.clear()
    assert changes(made, program()) == []
    assert world.calls == []


def test_every_kind_of_change_is_told_and_none_is_made(made: Deployment, world: World) -> None:
    before = dict(world.things)
    found = changes(made, program(size=2, kind="b", more=True, region="west"))
    assert sorted(found) == [
        ("create", "fourth", ""),
        ("create", "third", ""),
        ("replace", "second", "kind"),
        ("update", "first", "size"),
    ]
    assert changes(made, lambda: None) == [
        ("delete", "first", "the program no longer asks for it"),
        ("delete", "second", "the program no longer asks for it"),
    ]
    assert world.things == before
    assert str(made.compare(lambda: None)[0]).startswith("delete first (toy:index:Thing): ")
    assert changes(made, program()) == []


def test_what_somebody_deleted_is_forgotten(made: Deployment, world: World) -> None:
    world.things.popitem()
    made.refresh()
    assert [(e.name, e.reason) for e in made.journal if e.kind == "read"] == [
        ("first", ""),
        ("second", "it does not exist any more"),
    ]
    assert [name for kind, name, _ in changes(made, program()) if kind == "create"] == ["second"]


def test_what_cannot_be_read_or_compared_is_named(made: Deployment, world: World) -> None:
    world.refuse["read first"] = LabError("region is gone")
    with pytest.raises(ResourcesFailedError, match=r"refreshed(?s:.*)region is gone"):
        made.refresh()
    assert {resource.name for resource in made.resources} == {"first", "second"}
    with pytest.raises(ResourcesFailedError, match=r"compared(?s:.*)must not be negative"):
        changes(made, program(size=-1))


def test_components_and_what_is_only_read_are_no_change(made: Deployment, world: World) -> None:
    class Existing(pulumi.CustomResource):
        def __init__(self, identifier: str) -> None:
            opts = pulumi.ResourceOptions(id=identifier)
            super().__init__("toy:index:Thing", "theirs", {}, opts)

    def asked() -> None:
        Group("group")
        Existing(next(iter(world.things)))

    assert {kind for kind, _, _ in changes(made, asked)} == {"delete"}
