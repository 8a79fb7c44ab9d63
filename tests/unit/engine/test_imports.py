"""What exists already is taken over: changed in place, never replaced, never deleted."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from bicoastal.lab.engine import ResourcesFailedError

from .conftest import Make
from .test_changes import kinds
from .toy import Thing, World

EXISTING = pulumi.ResourceOptions(import_="id-0", retain_on_delete=True)


@pytest.fixture
def existing(world: World) -> dict[str, Any]:
    world.things["id-0"] = {"region": "nowhere", "name": "old", "size": 1}
    return world.things["id-0"]


def program(**props: Any) -> Any:
    def run() -> None:
        thing = Thing("thing", EXISTING, **props)
        pulumi.export("arn", thing.arn)

    return run


def test_what_is_as_the_program_says_is_taken_over_untouched(
    world: World, deployment: Make, existing: dict[str, Any]
) -> None:
    made = deployment()
    result = made.up(program(name="old", size=1))
    assert kinds(made) == [("import", "thing"), ("same", "thing")]
    assert result.outputs == {"arn": "arn:id-0"}
    assert [call for call in world.calls if not call.startswith("read")] == []
    # From now on it is a resource like any other.
    assert made.up(program(name="old", size=2)).changes == {"update": 1}
    assert existing["size"] == 2


def test_what_differs_is_changed_in_place_and_shown_before(
    world: World, deployment: Make, existing: dict[str, Any]
) -> None:
    made = deployment()
    planned = [(c.kind, c.name, c.reason) for c in made.compare(program(name="old", size=3))]
    assert planned == [("import", "thing", "id-0"), ("update", "thing", "size")]
    assert (existing["size"], made.resources) == (1, [])
    made.up(program(name="old", size=3))
    assert kinds(made) == [("import", "thing"), ("update", "thing")]
    assert existing["size"] == 3


def test_what_would_have_to_be_replaced_is_refused(
    deployment: Make, existing: dict[str, Any]
) -> None:
    made = deployment()
    for act in (made.compare, made.up):
        with pytest.raises(
            ResourcesFailedError, match="id-0 would be replaced, not imported: name"
        ):
            act(program(name="new", size=1))
    assert existing["name"] == "old"


def test_what_does_not_exist_is_not_made_instead(world: World, deployment: Make) -> None:
    with pytest.raises(ResourcesFailedError, match="id-0 does not exist, so it cannot be imported"):
        deployment().up(program(name="old", size=1))
    assert world.things == {}


def test_it_outlives_the_stack(world: World, deployment: Make, existing: dict[str, Any]) -> None:
    made = deployment()
    made.up(program(name="old", size=1))
    assert made.destroy() == []
    assert world.things == {"id-0": existing}
    assert made.resources == []
