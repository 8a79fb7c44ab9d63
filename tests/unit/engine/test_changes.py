"""What `Deployment.up` does when the program has changed, or has not."""

from __future__ import annotations

import pulumi
import pytest

from bicoastal.errors import LabError
from bicoastal.lab.engine import Deployment, ResourcesFailedError

from .conftest import Make
from .toy import Thing, World, toy_region


def kinds(deployment: Deployment) -> list[tuple[str, str]]:
    return [(entry.kind, entry.name) for entry in deployment.journal]


def test_what_failed_is_made_by_the_next_up(world: World, deployment: Make) -> None:
    world.refuse["create bad"] = LabError("not now")

    def program() -> None:
        Thing("child", source=Thing("bad").arn)

    made = deployment()
    with pytest.raises(ResourcesFailedError):
        made.up(program)
    world.refuse.clear()

    assert made.up(program).changes == {"create": 2}


def test_a_second_up_changes_nothing(world: World, deployment: Make) -> None:
    def program() -> None:
        first = Thing("first", size=1, flag=True, names=["a", "b"], none=None)
        pulumi.export("arn", Thing("second", source=first.arn).arn)

    made = deployment()
    before = made.up(program)
    world.calls.clear()
    after = made.up(program)

    assert world.calls == []
    assert after.changes == {"same": 2}
    assert after.outputs == before.outputs
    assert kinds(made)[2:] == [("same", "first"), ("same", "second")]


def test_a_changed_input_is_an_update_and_dependents_see_it(world: World, deployment: Make) -> None:
    made = deployment()
    made.up(lambda: Thing("child", copied=Thing("first", size=1).size))
    result = made.up(lambda: Thing("child", copied=Thing("first", size=2).size))

    assert result.changes == {"update": 2}
    assert world.things["id-1"]["size"] == 2
    assert world.things["id-2"]["copied"] == 2
    assert [entry.reason for entry in made.journal if entry.kind == "update"] == [
        "size",
        "copied",
    ]


def test_an_update_that_fails_keeps_the_old_state(world: World, deployment: Make) -> None:
    made = deployment()
    made.up(lambda: Thing("first", size=1))
    world.refuse["update first"] = LabError("no")
    with pytest.raises(ResourcesFailedError):
        made.up(lambda: Thing("first", size=2))
    world.refuse.clear()

    assert made.up(lambda: Thing("first", size=2)).changes == {"update": 1}


def test_a_replacement_creates_first_and_deletes_after_the_program(
    world: World, deployment: Make
) -> None:
    made = deployment()
    made.up(lambda: Thing("child", source=Thing("first", kind="a").arn))
    world.calls.clear()
    result = made.up(lambda: Thing("child", source=Thing("first", kind="b").arn))

    assert world.calls == ["create first", "update child", "delete first"]
    assert set(world.things) == {"id-2", "id-3"}
    assert world.things["id-2"]["source"] == "arn:id-3"
    assert result.changes == {"replace": 1, "update": 1, "delete": 1}


@pytest.mark.parametrize(
    ("changed", "options"),
    (
        ({"name": "b"}, None),  # the provider wants it so
        ({"name": "a", "kind": "b"}, pulumi.ResourceOptions(delete_before_replace=True)),
    ),
)
def test_a_replacement_can_delete_first(
    world: World, deployment: Make, changed: dict[str, str], options: pulumi.ResourceOptions | None
) -> None:
    made = deployment()
    made.up(lambda: Thing("first", name="a", kind="a"))
    world.calls.clear()
    made.up(lambda: Thing("first", options, **{"kind": "a", **changed}))

    assert world.calls == ["delete first", "create first"]
    assert set(world.things) == {"id-2"}


def test_a_replacement_that_fails_after_its_deletion_is_created_the_next_time(
    world: World, deployment: Make
) -> None:
    made = deployment()
    made.up(lambda: Thing("first", name="a"))
    world.refuse["create first"] = LabError("no")
    with pytest.raises(ResourcesFailedError):
        made.up(lambda: Thing("first", name="b"))
    assert world.things == {}
    world.refuse.clear()

    assert made.up(lambda: Thing("first", name="b")).changes == {"create": 1}


def test_ignored_changes_change_nothing(world: World, deployment: Make) -> None:
    options = pulumi.ResourceOptions(ignore_changes=["size", "extra", "kind"])
    made = deployment()
    made.up(lambda: Thing("first", options, size=1, kind="a"))
    result = made.up(lambda: Thing("first", options, size=2, kind="b", extra="new"))

    assert result.changes == {"same": 1}
    assert world.things["id-1"]["size"] == 1

    result = made.up(lambda: Thing("first", options, size=3, other=1))
    assert result.changes == {"update": 1}
    assert world.things["id-1"] == {"region": "us-east-1", "size": 1, "kind": "a", "other": 1}


def test_what_the_program_no_longer_has_is_deleted_dependents_first(
    world: World, deployment: Make
) -> None:
    def program() -> None:
        second = Thing("second", source=Thing("first").arn)
        Thing("third", source=second.arn)
        Thing("stays")

    made = deployment()
    made.up(program)
    world.calls.clear()
    result = made.up(lambda: Thing("stays"))

    assert world.calls == ["delete third", "delete second", "delete first"]
    assert result.changes == {"same": 1, "delete": 3}


def test_nothing_is_deleted_when_something_failed(world: World, deployment: Make) -> None:
    made = deployment()
    made.up(lambda: Thing("old"))
    world.refuse["create new"] = LabError("no")
    with pytest.raises(ResourcesFailedError):
        made.up(lambda: Thing("new"))

    assert list(world.things) == ["id-1"]


def test_a_deletion_that_fails_is_reported(world: World, deployment: Make) -> None:
    made = deployment()
    made.up(lambda: Thing("old"))
    world.refuse["delete old"] = LabError("InUse: somebody needs it")

    with pytest.raises(ResourcesFailedError, match="InUse: somebody needs it"):
        made.up(lambda: None)
    assert list(world.things) == ["id-1"]


def test_a_provider_that_moves_takes_its_resources_with_it(world: World, deployment: Make) -> None:
    def program(region: str) -> None:
        provider = toy_region("home", region)
        Thing("a", pulumi.ResourceOptions(provider=provider))

    made = deployment()
    made.up(lambda: program("us-east-1"))
    world.calls.clear()
    result = made.up(lambda: program("us-west-2"))

    assert world.calls == ["create a", "delete a"]
    assert [thing["region"] for thing in world.things.values()] == ["us-west-2"]
    assert result.resources[0].region == "us-west-2"
    assert made.up(lambda: program("us-west-2")).changes == {"same": 1}
