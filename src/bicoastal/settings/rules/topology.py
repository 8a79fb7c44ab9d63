"""BC24x: how the members are joined, what the standby consists of, and what that forbids."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bicoastal.settings import tables
from bicoastal.settings.draft import Draft
from bicoastal.settings.rules.base import Problem, rule

HEADLESS = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "aurora-global-database-attach.console.headless.html"
)

DISASTER = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "aurora-global-database-disaster-recovery.html"
)

STORAGE = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "Concepts.Aurora_Fea_Regions_DB-eng.Feature.storage-type.html"
)

REPLICA = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "AuroraMySQL.Replication.CrossRegion.html"
)

PROMOTION = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "AuroraMySQL.Replication.CrossRegion.Promote.html"
)

ENDPOINT = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "aurora-global-database-connecting.html"
)

BURSTABLE = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.BestPractices.html"
)

_REPLICA = {"topology": "binlog-replica", "failover": {"mode": "observe"}}

_HEADLESS_KEY = "database.headlessStandby"

_OPTIMIZED_SINCE = "3.03.1"


def _headless(mode: str = "approve", dns: str = "latch", **database: object) -> dict[str, Any]:
    return {
        "database": {"headlessStandby": True, **database},
        "failover": {"mode": mode},
        "dns": {"mode": dns},
        "health": {"endpointCheck": "public"},
    }


# --- a standby without instances ----------------------------------------------------------------
@rule(
    "BC241",
    "error",
    source=DISASTER,
    passes=[_headless("approve"), _headless("observe"), {}],
    fails=[_headless("automatic"), {"database": {"headlessStandby": True}}],
)
def headless_not_automatic(draft: Draft) -> Iterable[Problem]:
    """Automatic failover has a standby with an instance."""
    settings = draft.settings
    if settings.database.headless_standby and settings.failover.mode == "automatic":
        yield Problem(
            "failover.mode",
            "failover.mode is automatic, but database.headlessStandby is true: RDS promotes no "
            "cluster without an instance, so the controller would hold every failover.",
            "Choose failover.mode: approve, or leave database.headlessStandby out.",
            "automatic",
            related=(_HEADLESS_KEY,),
        )


@rule(
    "BC242",
    "warning",
    source=HEADLESS,
    passes=[{}, {"database": {"headlessStandby": False}}],
    fails=[_headless()],
)
def headless_takes_longer(draft: Draft) -> Iterable[Problem]:
    """A headless standby is chosen with what it gives up in mind."""
    if draft.settings.database.headless_standby:
        yield Problem(
            _HEADLESS_KEY,
            f"{_HEADLESS_KEY} is true: the standby has a volume and nothing that reads it, so an "
            "instance must be made before a failover, on a day on which many want one, and until "
            "then nothing shows that the copy is of use.",
            "Leave it out where a recovery time matters; docs/deploying.md has the steps.",
            value=True,
        )


@rule(
    "BC243",
    "error",
    source=HEADLESS,
    passes=[_headless(), _headless(dns="global-endpoint")],
    fails=[_headless(dns="health-check")],
)
def headless_answers_nobody(draft: Draft) -> Iterable[Problem]:
    """A name that follows a health check has an instance behind either answer."""
    settings = draft.settings
    if settings.database.headless_standby and settings.dns.mode == "health-check":
        yield Problem(
            "dns.mode",
            "dns.mode is health-check, but database.headlessStandby is true: when the check fails, "
            "DNS would send clients to a cluster in which nothing listens.",
            "Use dns.mode: latch, which follows the promotion.",
            "health-check",
            related=(_HEADLESS_KEY,),
        )


# --- storage ------------------------------------------------------------------------------------
@rule(
    "BC244",
    "error",
    source=STORAGE,
    passes=[
        {"database": {"storageType": "aurora-iopt1"}},
        {"database": {"engineVersion": "8.0.mysql_aurora.3.02.0"}},
        {"database": {"storageType": "aurora-iopt1", "engineVersion": "3"}},
    ],
    fails=[{"database": {"storageType": "aurora-iopt1", "engineVersion": v}} for v in (
        "8.0.mysql_aurora.3.02.0", "8.0.mysql_aurora.3.03.0",
    )],
)  # fmt: skip
def optimized_since(draft: Draft) -> Iterable[Problem]:
    """I/O-Optimized storage has an engine version that knows it."""
    database = draft.settings.database
    version = tables.parse_version(database.engine_version)
    if database.storage_type != "aurora-iopt1" or version is None:
        return
    if version.number < tables.number(_OPTIMIZED_SINCE).number:
        yield Problem(
            "database.storageType",
            "database.storageType is aurora-iopt1, which needs Aurora MySQL "
            f"{_OPTIMIZED_SINCE} or later, but database.engineVersion is "
            f"{database.engine_version}.",
            "Choose a later version, or storageType: aurora.",
            "aurora-iopt1",
            related=("database.engineVersion",),
        )


# --- a replica by binary log --------------------------------------------------------------------
@rule(
    "BC245",
    "error",
    source=PROMOTION,
    passes=[_REPLICA, {"failover": {"mode": "automatic"}}],
    fails=[{"topology": "binlog-replica"}, _REPLICA | {"failover": {"mode": "approve"}}],
)
def replica_only_observed(draft: Draft) -> Iterable[Problem]:
    """A replica by binary log is promoted by a person."""
    settings = draft.settings
    mode = settings.failover.mode
    if not settings.is_global and mode != "observe":
        yield Problem(
            "failover.mode",
            f"failover.mode is {mode}, but topology is {settings.topology}: nothing keeps the old "
            "writer from writing on, so a promotion that a controller makes would leave two.",
            "Choose failover.mode: observe, and promote by hand; docs/deploying.md has the steps.",
            mode,
            related=("topology",),
        )


@rule(
    "BC246",
    "error",
    source=ENDPOINT,
    passes=[_REPLICA, {"dns": {"mode": "global-endpoint"}}],
    fails=[_REPLICA | {"dns": {"mode": "global-endpoint"}}],
)
def replica_has_no_global_endpoint(draft: Draft) -> Iterable[Problem]:
    """Only a global database has a global writer endpoint."""
    settings = draft.settings
    if not settings.is_global and settings.dns.mode == "global-endpoint":
        yield Problem(
            "dns.mode",
            f"dns.mode is global-endpoint, but topology is {settings.topology}, and only a global "
            "database has such an endpoint.",
            "Use dns.mode: latch.",
            "global-endpoint",
            related=("topology",),
        )


@rule(
    "BC247",
    "error",
    source=REPLICA,
    passes=[_REPLICA, _headless()],
    fails=[_REPLICA | {"database": {"headlessStandby": True}}],
)
def replica_has_instances(draft: Draft) -> Iterable[Problem]:
    """A replica by binary log has an instance, which does the replicating."""
    settings = draft.settings
    if not settings.is_global and settings.database.headless_standby:
        yield Problem(
            _HEADLESS_KEY,
            f"{_HEADLESS_KEY} is true, but topology is {settings.topology}, in which an instance "
            "applies the binary log: without one nothing is replicated.",
            "Leave it out, or choose topology: global, where the volume itself replicates.",
            value=True,
            related=("topology",),
        )


@rule(
    "BC248",
    "warning",
    source=REPLICA,
    passes=[{}, {"topology": "global"}],
    fails=[_REPLICA],
)
def replica_is_limited(draft: Draft) -> Iterable[Problem]:
    """A replica by binary log is chosen with its limits in mind."""
    settings = draft.settings
    if not settings.is_global:
        yield Problem(
            "topology",
            f"topology is {settings.topology}: no managed failover, no switchover, no fencing of "
            "the old writer; the lag is that of the binary log, which slows writes and costs "
            "transfer; and after a promotion the other member must be built anew.",
            "Choose topology: global unless a burstable class or another reason forbids it.",
            settings.topology,
        )


@rule(
    "BC249",
    "warning",
    source=BURSTABLE,
    passes=[
        _REPLICA | {"database": {"instanceClass": "db.t4g.medium"}},
        _REPLICA | {"profile": "production"},
    ],
    fails=[
        _REPLICA | {"profile": "production", "database": {"instanceClass": f"db.{name}.medium"}}
        for name in ("t4g", "t3")
    ],
)
def burstable_in_production(draft: Draft) -> Iterable[Problem]:
    """A production database has no burstable class."""
    settings = draft.settings
    chosen = settings.database.instance_class
    known = tables.family(chosen) in tables.classes()["burstable"]
    if not settings.is_global and settings.profile == "production" and known:
        yield Problem(
            "database.instanceClass",
            f"database.instanceClass is {chosen}, and AWS recommends burstable classes for "
            "development and tests only: under a steady load the CPU credits run out.",
            "Choose db.r6g.large.",
            chosen,
            related=("profile", "topology"),
        )
