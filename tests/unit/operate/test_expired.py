"""What an expired environment costs, and what is said of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bicoastal.costs.deployed import Seen
from bicoastal.failover.config import ControllerConfig
from bicoastal.live.expiry import Environment
from bicoastal.operate.expired import Expired, Price, described, price_of, settings_of
from bicoastal.operate.target import Target
from bicoastal.settings import load
from bicoastal.settings.account import Unread

from .samples import HOME, STANDBY, WITNESS

BEGUN = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOW = BEGUN + timedelta(hours=5)
ENVIRONMENT = Environment("pr-1", (HOME, STANDBY), BEGUN, "4h")
UNREAD = Unread("a", "b")
CONFIG: ControllerConfig = Target(load({"environmentSuffix": "pr-1"})).controller_config(HOME, {})


def test_the_controller_tells_the_regions() -> None:
    settings = settings_of("pr-1", CONFIG)
    assert (settings.environment_suffix, settings.topology) == ("pr-1", "global")
    assert settings.regions.all == (HOME, STANDBY, WITNESS)


@pytest.mark.parametrize(
    ("controllers", "price"),
    (
        ({HOME: CONFIG}, Price(Decimal("0.1395"), Decimal("101.83"))),
        ({HOME: UNREAD, STANDBY: CONFIG}, Price(Decimal("0.1395"), Decimal("101.83"))),
        ({HOME: None, STANDBY: UNREAD}, None),
    ),
)
def test_it_is_priced_as_it_is_deployed_where_a_controller_tells(
    controllers: dict[str, Any], price: Price | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = Seen(members={HOME: UNREAD}, volumes={}, counts={}, there={}, rhythm=UNREAD)
    where = "bicoastal.operate.expired"
    monkeypatch.setattr(f"{where}.controller", lambda _c, _s, region: controllers[region])
    monkeypatch.setattr(f"{where}.read", lambda _c, settings: settings and silent)
    clients: Any = None
    assert price_of(clients, ENVIRONMENT) == price


def test_everything_is_said_as_json() -> None:
    found = Expired(ENVIRONMENT, Price(Decimal("0.1379"), Decimal("101.83"))).to_dict(NOW)
    assert json.loads(json.dumps(found)) == {
        "environment": "pr-1",
        "regions": [HOME, STANDBY],
        "created": "2026-01-01T12:00:00+00:00",
        "expiresAfter": "4h",
        "ageS": 18_000,
        "overdueS": 3600,
        "hourlyUsd": "0.1379",
        "monthlyUsd": "101.83",
    }
    unknown = Expired(ENVIRONMENT, None).to_dict(NOW)
    assert (unknown["hourlyUsd"], unknown["monthlyUsd"]) == (None, None)
    endless = described(Environment("pr-1", (HOME,), BEGUN, "soon"), NOW)
    assert endless["overdueS"] is None
