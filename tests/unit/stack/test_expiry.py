"""How long an environment lives is told by everything that takes tags."""

from __future__ import annotations

from typing import Any


def told(program: Any) -> set[str | None]:
    """What the tag says, wherever tags are taken."""
    return {
        found.inputs["tags"].get("ExpiresAfter")
        for found in program.custom
        if program.takes(found, "tags")
    }


def test_the_life_is_told_as_it_is_written_and_never_as_a_moment(evaluate: Any) -> None:
    """So that another run of the same program changes nothing."""
    assert told(evaluate(expiresAfter="1d12h", network={"flowLogs": True})) == {"1d12h"}


def test_what_does_not_expire_says_nothing_of_it(evaluate: Any) -> None:
    assert told(evaluate()) == {None}
