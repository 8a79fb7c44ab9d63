"""What a secret must hold, said without repeating what it holds."""

from __future__ import annotations

import json

import pytest

from bicoastal.settings.secretshape import faults


def text(username: str, password: str) -> str:
    return json.dumps({"username": username, "password": password})


@pytest.mark.parametrize(
    ("held", "words"),
    (
        (text("admin", "long-enough-1!"), []),
        (None, ["JSON object"]),
        ("{", ["JSON object"]),
        ('["username"]', ["JSON object"]),
        ('{"username": "hush", "password": 5}', ["JSON object"]),
        (text("hush-hush", "long-enough"), ["username is not a letter"]),
        (text("admin", "hush"), ["has not 8 to 41 characters"]),
        (text("admin", "hush" * 11), ["has not 8 to 41 characters"]),
        (text("9hush", "hush@hush "), ["username", "space, one of"]),
        (text("admin", "hushhüsh"), ["not printable ASCII"]),
    ),
)
def test_what_rds_would_refuse_is_named_and_nothing_is_repeated(
    held: str | None, words: list[str]
) -> None:
    said = faults(held)
    assert len(said) == len(words)
    for word, fault in zip(words, said, strict=True):
        assert word in fault
        assert "hush" not in fault
