"""What an environment that nobody needs any more costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import isfinite
from typing import Any

from bicoastal.costs.deployed import deployed_estimate
from bicoastal.costs.usage import Usage
from bicoastal.failover.config import ControllerConfig
from bicoastal.failover.gateway import Clients
from bicoastal.live.deployed import read
from bicoastal.live.existing import controller
from bicoastal.live.expiry import Environment
from bicoastal.settings import Settings
from bicoastal.settings.models import Regions


@dataclass(frozen=True)
class Price:
    """What an environment costs as it is deployed, at the default usage, US dollars.

    Attributes:
        hourly: an hour.
        monthly: a month of 730 hours.
    """

    hourly: Decimal
    monthly: Decimal


@dataclass(frozen=True)
class Expired:
    """An environment that has outlived what it said.

    Attributes:
        environment: the environment.
        price: what it costs; None if that cannot be known.
    """

    environment: Environment
    price: Price | None

    def to_dict(self, now: datetime) -> dict[str, Any]:
        """The same as JSON values; amounts are text, so that none is rounded on the way.

        Args:
            now: the present.
        """
        price = self.price
        return {
            **described(self.environment, now),
            "hourlyUsd": None if price is None else str(price.hourly),
            "monthlyUsd": None if price is None else str(price.monthly),
        }


def described(environment: Environment, now: datetime) -> dict[str, Any]:
    """An environment as JSON values.

    Args:
        environment: the environment.
        now: the present.
    """
    overdue = environment.overdue_s(now)
    return {
        "environment": environment.suffix,
        "regions": list(environment.regions),
        "created": environment.created.isoformat(),
        "expiresAfter": environment.life,
        "ageS": round(environment.age_s(now)),
        "overdueS": round(overdue) if isfinite(overdue) else None,
    }


def price_of(clients: Clients, environment: Environment) -> Price | None:
    """What an environment costs, as AWS says that it is deployed.

    Args:
        clients: boto3's clients.
        environment: the environment.

    Returns:
        The price; None if no controller tells its regions.
    """
    names = Settings(environment_suffix=environment.suffix)
    for region in environment.regions:
        config = controller(clients, names, region)
        if isinstance(config, ControllerConfig):
            settings = settings_of(environment.suffix, config)
            found = deployed_estimate(settings, read(clients, settings), Usage())
            return Price(found.hourly, found.total)
    return None


def settings_of(suffix: str, config: ControllerConfig) -> Settings:
    """The settings of an environment, as far as its controller tells them.

    Args:
        suffix: the environment's suffix.
        config: what its controller is configured with.

    Returns:
        Settings with its regions and its topology; the rest are defaults.
    """
    home = config.home_region
    standby = next(region for region in config.members if region != home)
    witness = next(
        (region for region in config.witnesses if region not in config.members), Regions().witness
    )
    regions = Regions(home=home, standby=standby, witness=witness)
    return Settings.model_validate(
        {"environmentSuffix": suffix, "topology": config.topology, "regions": regions}
    )
