"""The snapshot holds what the docs claim, and only what a stack can use."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from bicoastal.costs.estimate import items
from bicoastal.costs.items import Case
from bicoastal.costs.prices import snapshot
from bicoastal.costs.usage import Usage
from bicoastal.settings import load, tables

D = Decimal


@pytest.mark.parametrize(
    ("key", "region", "usd"),
    (
        ("aurora:instance/db.r5.large/aurora", "us-east-1", "0.29"),
        ("aurora:instance/db.r6g.large/aurora", "us-west-2", "0.26"),
        ("aurora:instance/db.r6g.large/aurora", "eu-west-1", "0.286"),
        ("aurora:instance/db.r6g.large/aurora-iopt1", "us-east-1", "0.338"),
        ("aurora:instance/db.t4g.medium/aurora", "us-east-1", "0.073"),
        ("aurora:acu/aurora", "us-east-1", "0.12"),
        ("aurora:acu/aurora", "eu-central-1", "0.14"),
        ("aurora:acu/aurora-iopt1", "us-east-1", "0.16"),
        ("aurora:storage/aurora", "eu-central-1", "0.119"),
        ("aurora:replicated-io", "us-east-1", "0.2"),
        ("transfer:us-east-1", "us-west-2", "0.02"),
        ("transfer:ap-southeast-2", "us-east-1", "0.098"),
        ("route53:check/endpoint", "global", "0.5"),
        ("lambda:duration", "us-east-1", "0.0000133334"),
        ("dynamodb:write", "us-east-2", "0.625"),
    ),
)
def test_known_figures(key, region, usd):
    assert snapshot().usd(key, region) == D(usd)


@pytest.mark.parametrize(
    ("key", "region"),
    (
        ("aurora:acu/aurora", "xx-north-9"),
        ("aurora:no-such-thing", "us-east-1"),
        ("dynamodb:read", "eu-west-1"),
        ("transfer:us-east-1", "us-east-1"),
    ),
)
def test_unknown_figures_are_none(key, region):
    assert snapshot().usd(key, region) is None


def test_every_figure_has_date_page_unit_and_prices():
    for key, figure in snapshot().figures.items():
        assert figure.key == key
        assert date(2025, 1, 1) <= figure.as_of <= date(2026, 11, 24), key
        assert figure.source.startswith("https://aws.amazon.com/"), key
        assert figure.unit, key
        assert figure.service, key
        assert figure.usd, key
        free = key == "events:schedule"
        assert all(usd > 0 or free for usd in figure.usd.values()), key


def test_every_allowance_belongs_to_a_figure():
    for key, allowance in snapshot().allowances.items():
        assert key in snapshot().figures
        assert allowance.quantity > 0
        assert allowance.source.startswith("https://aws.amazon.com/")


def test_the_snapshot_holds_nothing_that_no_stack_uses():
    lawful = {
        f"aurora:instance/{family}.{size}/{storage}"
        for family, entry in tables.classes()["memory_optimized"].items()
        for size in entry["sizes"]
        for storage in ("aurora", "aurora-iopt1")
    }
    used = {
        item.key
        for raw in (
            {"monitoring": {"alarmEmails": ["a@example.com"]}},
            {"database": {"storageType": "aurora-iopt1"}},
            {"health": {"endpointCheck": "public"}, "dns": {"mode": "health-check"}},
        )
        for item in items(Case(load(raw), Usage()))
    }
    known = {key for key in snapshot().figures if not key.startswith("transfer:")}
    compared = {f"aurora:instance/db.t4g.medium/{mode}" for mode in ("aurora", "aurora-iopt1")}
    assert known == (known & used) | lawful | compared
    assert lawful <= known
    senders = {key.partition(":")[2] for key in snapshot().figures if key.startswith("transfer:")}
    assert senders <= set(tables.regions())
