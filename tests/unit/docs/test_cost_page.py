"""The page on cost is true: its figures, its usage keys with their defaults, its sources."""

from __future__ import annotations

import re
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

from bicoastal.costs.alternatives import alternatives
from bicoastal.costs.estimate import estimate
from bicoastal.costs.prices import snapshot
from bicoastal.costs.usage import Usage, camel
from bicoastal.settings import load

PAGE = (Path(__file__).parents[3] / "docs" / "cost.md").read_text("utf-8")


def rows(pattern: str) -> dict[str, str]:
    return dict(re.findall(pattern, PAGE, re.MULTILINE))


def test_every_usage_key_is_documented_with_its_default():
    usage = PAGE.partition("## Usage")[2]
    documented = dict(re.findall(r"^\| `(\w+)` \| `?([\w.]+)`? \|", usage, re.MULTILINE))
    expected = {
        camel(entry.name): "none" if entry.default is None else str(entry.default)
        for entry in fields(Usage)
    }
    expected["freeTier"] = "true"
    assert documented == expected


def test_the_table_of_prices_is_what_the_command_prints():
    documented = rows(r"^\| ([^|`]*(?:`\w+`)?[^|]*) \| ([\d,.]+) \|$")
    found = {other.name: other.estimate.total for other in alternatives(load({}))}
    default = estimate(load({}))
    instances = sum(line.usd for line in default.lines if line.key.startswith("aurora:acu"))
    expected = {
        "the default (`validation`)": default.total,
        "the same in an account": estimate(load({}), Usage(free_tier=False)).total,
        "of it, the instances": instances,
        "profile `staging`": found["profile staging"],
        "one db.r6g.large": found["one db.r6g.large a member"],
        "profile `production`": found["profile production"],
        "serverless with the 8 ACU": found["serverless, minimum 8 ACU"],
        "four hours": default.lifetime(Decimal(4)),
    }
    assert len(documented) == len(expected)
    for start, usd in expected.items():
        (text,) = (text for name, text in documented.items() if name.startswith(start))
        assert text == f"{usd:,.2f}", start


def test_every_source_is_linked():
    pages = {figure.source for figure in snapshot().figures.values()}
    assert [page for page in pages if f"]({page})" not in PAGE] == []


def test_the_shares_and_lines_in_the_text_are_true():
    total = estimate(load({})).total
    gross = estimate(load({}), Usage(free_tier=False))
    assert f"{total / 1051 * 100:.1f} % of that" in PAGE
    assert f"({gross.total / 1051 * 100:.1f} %)" in PAGE
    controller = max(line.usd for line in gross.lines if line.name == "Controller, duration")
    latch = sum(line.usd for line in gross.lines if line.name.startswith("PutMetricData"))
    assert f"({controller})" in PAGE
    assert f"({latch}, within" in PAGE
    assert str(snapshot().max_age_days) in PAGE
