"""What changes in price: every line finds its partner, and the sum is the whole difference."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bicoastal.costs.changes import Comparison, compare
from bicoastal.costs.estimate import Estimate, estimate
from bicoastal.settings import load

SHAPES: dict[str, dict[str, Any]] = {
    "default": {},
    "larger": {"database": {"serverlessMinAcu": 1, "instancesPerMember": 2}},
    "provisioned": {"database": {"instanceClass": "db.r6g.large"}},
    "endpoint": {"dns": {"mode": "global-endpoint"}},
    "optimized": {"database": {"storageType": "aurora-iopt1"}},
    "public": {"health": {"endpointCheck": "public"}, "dns": {"mode": "health-check"}},
    "european": {
        "regions": {"home": "eu-west-1", "standby": "eu-central-1", "witness": "eu-west-3"}
    },
}


def priced(shape: str) -> Estimate:
    return estimate(load(SHAPES[shape]))


def between(old: str, new: str) -> Comparison:
    return compare(priced(old), priced(new))


@pytest.mark.parametrize("old", SHAPES)
@pytest.mark.parametrize("new", SHAPES)
def test_the_differences_add_up_to_the_whole_and_turn_round(old, new):
    there, back = between(old, new), between(new, old)
    assert sum((entry.usd for entry in there.differences), Decimal(0)) == there.usd
    assert there.usd == priced(new).total - priced(old).total
    assert there.usd == there.usd_of("fixed") + there.usd_of("usage")
    assert back.usd == -there.usd
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    assert sorted(turned[entry.change] for entry in there.differences) == sorted(
        entry.change for entry in back.differences
    )
    assert bool(there.differences) == (old != new)


def test_a_line_with_another_name_is_the_same_thing_at_another_price():
    capacity = [e for e in between("default", "larger").differences if "minimum" in e.line.name]
    assert [e.line.region for e in capacity] == ["us-east-1", "us-west-2"]
    for entry in capacity:
        assert (entry.change, entry.usd) == ("changed", Decimal("131.40"))
        assert entry.old is not None
        assert entry.old.name == "Serverless v2, minimum 0.5 ACU"
        assert entry.line.name == "Serverless v2, minimum 1.0 ACU"


def test_another_figure_is_another_line():
    found = between("default", "provisioned").differences
    changes = {(e.change, e.line.name) for e in found if e.line.service == "Aurora"}
    assert changes == {
        ("removed", "Serverless v2, minimum 0.5 ACU"),
        ("added", "Instances, db.r6g.large"),
    }


def test_lines_of_one_figure_keep_their_partners():
    """The functions of a region are billed by the same figures; each is compared with itself."""
    slower = estimate(load({"failover": {"probeIntervalS": 20, "threshold": 4}}))
    for entry in compare(priced("default"), slower).differences:
        assert entry.old is not None
        assert entry.old.name == entry.line.name


def test_what_either_lacks_is_said_once():
    today = date(2026, 1, 1)
    said = between("default", "european").warnings(today)
    assert [text for text in said if "dynamodb:read in eu-west-1" in text]
    assert between("european", "default").warnings(today) == said[::-1] or len(said) == 1
    assert len(between("default", "default").warnings(date(2030, 1, 1))) == 1
