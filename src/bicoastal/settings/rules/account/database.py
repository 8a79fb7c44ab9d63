"""BC701 to BC703: classes and versions that the account can have in the members' regions."""

from __future__ import annotations

from collections.abc import Iterable

from bicoastal.settings.account import Account, Engine, Offer, Unread
from bicoastal.settings.draft import Draft
from bicoastal.settings.rules.account.base import (
    REPLICA,
    SILENCE,
    SOUND,
    STANDBY,
    account_rule,
    at_standby,
    by_region,
    seen,
)
from bicoastal.settings.rules.base import Problem, not_checked

ORDERABLE = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/"
    "API_DescribeOrderableDBInstanceOptions.html"
)
VERSIONS = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBEngineVersions.html"
)

_CLASS = "database.instanceClass"
_VERSION = "database.engineVersion"
_ZONES = (f"{STANDBY}a", f"{STANDBY}b")
_RESTS_ON = (_VERSION, "network.zonesPerRegion")


def _ask_offers(region: str, version: str) -> str:
    return (
        f"aws rds describe-orderable-db-instance-options --engine aurora-mysql --region {region} "
        f"--engine-version {version}"
    )


@account_rule(
    "BC701",
    "error",
    source=ORDERABLE,
    passes=[
        seen(
            "one of the two zones offers it",
            offers=at_standby(SOUND.offers, Offer(_ZONES, _ZONES[:1])),
        )
    ],
    fails=[
        seen("us-west-2 does not offer it", offers=at_standby(SOUND.offers, Offer(_ZONES, ()))),
        seen(
            "us-west-2 offers it in a zone that has no subnet",
            offers=at_standby(SOUND.offers, Offer(_ZONES, (f"{STANDBY}c",))),
        ),
        seen("RDS did not answer", offers=at_standby(SOUND.offers, SILENCE)),
    ],
)
def class_in_zones(draft: Draft, account: Account) -> Iterable[Problem]:
    """Each member's region offers the class, with the version, in a zone that has a subnet."""
    database = draft.settings.database
    for key, region, offer in by_region(draft, account.offers):
        related = (*_RESTS_ON, key)
        if isinstance(offer, Unread):
            what = f"whether {region} ({key}) offers it"
            yield not_checked(_CLASS, what, offer, related)
        elif set(offer.wanted) <= set(offer.missing):
            elsewhere = f", only in {', '.join(offer.zones)}" if offer.zones else ""
            yield Problem(
                _CLASS,
                f"{_CLASS} is {database.instance_class}, but this account cannot order it in "
                f"{region} ({key}) with {database.engine_version} in {_listed(offer.wanted)}"
                f"{elsewhere}.",
                "Raise network.zonesPerRegion until one of those zones has a subnet."
                if offer.zones
                else f"Choose what is listed by: {_ask_offers(region, database.engine_version)}.",
                database.instance_class,
                related,
            )


@account_rule(
    "BC702",
    "warning",
    source=ORDERABLE,
    fails=[
        seen(
            "us-west-2 offers it in us-west-2a only",
            offers=at_standby(SOUND.offers, Offer(_ZONES, _ZONES[:1])),
        ),
        seen("RDS did not answer", offers=at_standby(SOUND.offers, SILENCE)),
    ],
)
def class_in_every_zone(draft: Draft, account: Account) -> Iterable[Problem]:
    """Each zone that has a subnet offers the class, so that an instance can be anywhere."""
    database = draft.settings.database
    for key, region, offer in by_region(draft, account.offers):
        related = (*_RESTS_ON, key)
        if isinstance(offer, Unread):
            yield not_checked(_CLASS, f"whether every zone of {region} offers it", offer, related)
        elif offer.missing and set(offer.missing) < set(offer.wanted):
            yield Problem(
                _CLASS,
                f"{_CLASS} is {database.instance_class}, which {region} ({key}) does not offer in "
                f"{_listed(offer.missing)}: when {_listed(_rest(offer))} fails, no instance can "
                "take its place there.",
                "Raise network.zonesPerRegion, or choose a class that every zone offers.",
                database.instance_class,
                related,
            )


def _rest(offer: Offer) -> tuple[str, ...]:
    return tuple(zone for zone in offer.wanted if zone in offer.zones)


def _listed(zones: tuple[str, ...]) -> str:
    return ", ".join(zones) or "any zone"


@account_rule(
    "BC703",
    "error",
    source=VERSIONS,
    passes=[
        seen(
            "us-west-2 knows it, but not for a global database",
            REPLICA,
            engines=at_standby(SOUND.engines, Engine(creatable=True, is_global=False)),
        ),
    ],
    fails=[
        seen("us-west-2 does not know the version", engines=at_standby(SOUND.engines, None)),
        seen(
            "us-west-2 creates no cluster with the version any more",
            engines=at_standby(SOUND.engines, Engine(creatable=False, is_global=True)),
        ),
        seen(
            "us-west-2 knows it, but not for a global database",
            engines=at_standby(SOUND.engines, Engine(creatable=True, is_global=False)),
        ),
        seen("RDS did not answer", engines=at_standby(SOUND.engines, SILENCE)),
    ],
)
def version_creatable(draft: Draft, account: Account) -> Iterable[Problem]:
    """Each member's region creates clusters with the version, and in a global database."""
    version = draft.settings.database.engine_version
    for key, region, engine in by_region(draft, account.engines):
        if isinstance(engine, Unread):
            yield not_checked(_VERSION, f"whether {region} ({key}) creates it", engine, (key,))
        elif engine is None or not (
            engine.creatable and (engine.is_global or not draft.settings.is_global)
        ):
            yield Problem(
                _VERSION,
                f"{_VERSION} is {version}, {_objection(engine)} in {region} ({key}).",
                "Choose one that is available in both: aws rds describe-db-engine-versions "
                f"--engine aurora-mysql --region {region}.",
                version,
                (key,),
            )


def _objection(engine: Engine | None) -> str:
    if engine is None:
        return "which RDS does not know"
    if not engine.creatable:
        return "with which RDS creates no new cluster"
    return "which RDS does not offer for a global database"
