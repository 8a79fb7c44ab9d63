"""The functions' code and the controllers' schedule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bicoastal.failover import bundle
from bicoastal.operate.doctor.running import function, schedule

from .played import absent, clients, ids
from .samples import HOME, SETTINGS

DIGEST = bundle.digest()


@pytest.mark.parametrize(
    ("answer", "expected"),
    (
        ({"CodeSha256": DIGEST, "State": "Active"}, []),
        ({"CodeSha256": DIGEST}, []),
        ({"CodeSha256": "b3RoZXI=", "State": "Active"}, ["function-code"]),
        ({"CodeSha256": DIGEST, "State": "Inactive"}, ["function-state"]),
        (absent("ResourceNotFoundException"), ["function-missing"]),
    ),
)
def test_a_function(answer: Any, expected: list[str]) -> None:
    asked = clients(get_function_configuration=answer)
    assert ids(function(asked, SETTINGS, HOME, "probe-use1-dev")) == expected


def test_the_authorities_are_a_part_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "digest", lambda path: f"of {path}")
    health = SETTINGS.health.model_copy(update={"ca_file": "ca.pem"})
    named = SETTINGS.model_copy(update={"health": health})
    asked = clients(get_function_configuration={"CodeSha256": f"of {Path('ca.pem')}"})
    assert ids(function(asked, named, HOME, "probe-use1-dev")) == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    (
        ({"State": "ENABLED"}, []),
        ({"State": "DISABLED"}, ["schedule-disabled"]),
        (absent("ResourceNotFoundException"), ["schedule-missing"]),
    ),
)
def test_a_schedule(answer: Any, expected: list[str]) -> None:
    assert ids(schedule(clients(describe_rule=answer), HOME, "control-use1-dev")) == expected
