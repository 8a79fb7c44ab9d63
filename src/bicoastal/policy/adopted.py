"""The guards that run a rule of the settings' catalogue, each with its examples."""

from __future__ import annotations

from typing import Any

from bicoastal.policy.adopting import (
    CHECK,
    DATABASE,
    HEALTH,
    PRODUCTION,
    RECORD,
    SCALING,
    TAGGED,
    adopt,
    capacity,
    capacity_of_member,
    endpoint_check,
    failover_ttl,
    given,
    own_tags,
    production,
)  # fmt: skip
from bicoastal.policy.aurora import CLUSTER, INSTANCE
from bicoastal.policy.guard import Props, ResourceGuard

_MYSQL = {"engine": "aurora-mysql"}


def _database(
    rule_id: str, name: str, kind: str, key: str, *, good: Any, bad: Any
) -> ResourceGuard:
    """A guard over one property of a cluster or an instance."""
    prop = DATABASE[f"database.{key}"]
    return adopt(
        rule_id, name, (kind,), given(key), DATABASE,
        passes=({**_MYSQL, prop: good}, {"engine": "postgres", prop: bad}, _MYSQL),
        fails=({**_MYSQL, prop: bad},),
    )  # fmt: skip


def _for_production(
    rule_id: str, name: str, key: str, *, absent: Any, good: Any, bad: Any
) -> ResourceGuard:
    """A guard over one property of a production cluster."""
    prop = DATABASE[f"database.{key}"]
    tags = {"tags": {"Environment": "production"}}
    return adopt(
        rule_id, name, (CLUSTER,), production(key, absent), DATABASE, config=PRODUCTION,
        passes=({**tags, prop: good}, {prop: bad}, {"tags": {"Environment": "dev"}, prop: bad}),
        fails=({**tags, prop: bad},),
    )  # fmt: skip


def _checking(rule_id: str, name: str, good: Props, bad: Props) -> ResourceGuard:
    """A guard over a health check of an endpoint."""
    tcp = {"type": "TCP"}
    return adopt(
        rule_id, name, (CHECK,), endpoint_check, HEALTH,
        passes=({**tcp, **good}, tcp, {"type": "CALCULATED", **bad}), fails=({**tcp, **bad},),
    )  # fmt: skip


def _tagging(rule_id: str, name: str, bad: Props) -> ResourceGuard:
    """A guard over the tags of whatever has them."""
    return adopt(
        rule_id, name, TAGGED, own_tags, {},
        passes=({"tags": {"Team": "payments"}}, {}), fails=({"tags": bad},),
    )  # fmt: skip


_FAILOVER = {"failoverRoutingPolicies": [{"type": "PRIMARY"}]}
_LAWFUL = "8.0.mysql_aurora.3.10.4"

GUARDS = (
    _database(
        "BC202", "class-offered", INSTANCE, "instanceClass", good="db.r6g.large", bad="db.m6g.large"
    ),
    _database(
        "BC203", "class-form", INSTANCE, "instanceClass", good="db.serverless", bad="r6g.large"
    ),
    _database(
        "BC204", "class-known", INSTANCE, "instanceClass", good="db.r6g.large", bad="db.r9g.large"
    ),
    adopt(
        "BC205",
        "class-needs-version",
        (INSTANCE,),
        given("instanceClass", "engineVersion"),
        DATABASE,
        passes=({**_MYSQL, "instanceClass": "db.r8g.large"},),
        fails=(
            {**_MYSQL, "instanceClass": "db.r8g.large", "engineVersion": "8.0.mysql_aurora.3.04.3"},
        ),
    ),
    _database("BC206", "version-form", CLUSTER, "engineVersion", good=_LAWFUL, bad="8.0"),
    _database(
        "BC207",
        "version-known",
        CLUSTER,
        "engineVersion",
        good=_LAWFUL,
        bad="8.0.mysql_aurora.3.14.0",
    ),
    _database(
        "BC208",
        "version-supported",
        CLUSTER,
        "engineVersion",
        good=_LAWFUL,
        bad="8.0.mysql_aurora.3.08.0",
    ),
    adopt(
        "BC209",
        "capacity-range",
        (CLUSTER,),
        capacity,
        DATABASE,
        passes=({**_MYSQL, SCALING: {"minCapacity": 0.5, "maxCapacity": 2.0}}, _MYSQL),
        fails=({**_MYSQL, SCALING: {"minCapacity": 0.7, "maxCapacity": 2.0}},),
    ),
    adopt(
        "BC210",
        "never-pauses",
        (CLUSTER,),
        capacity_of_member,
        DATABASE,
        passes=({**_MYSQL, SCALING: {"minCapacity": 0.0, "maxCapacity": 2.0}},),
        fails=(
            {
                **_MYSQL,
                SCALING: {"minCapacity": 0.0, "maxCapacity": 2.0},
                "globalClusterIdentifier": "global",
            },
        ),
    ),
    _database("BC212", "backup-retention", CLUSTER, "backupRetentionDays", good=7.0, bad=36.0),
    _database("BC213", "monitoring-interval", INSTANCE, "monitoringIntervalS", good=60.0, bad=2.0),
    _database("BC215", "database-name", CLUSTER, "databaseName", good="app", bad="1app"),
    _database("BC216", "port", CLUSTER, "port", good=3306.0, bad=80.0),
    _database("BC217", "storage-type", CLUSTER, "storageType", good="aurora-iopt1", bad="gp3"),
    _for_production(
        "BC231", "final-snapshot", "skipFinalSnapshot", absent=False, good=False, bad=True
    ),
    _for_production(
        "BC232", "deletion-protection", "deletionProtection", absent=False, good=True, bad=False
    ),
    _for_production(
        "BC234", "long-retention", "backupRetentionDays", absent=1.0, good=7.0, bad=6.0
    ),
    _checking("BC301", "check-interval", {"requestInterval": 10.0}, {"requestInterval": 20.0}),
    _checking("BC302", "check-threshold", {"failureThreshold": 3.0}, {"failureThreshold": 11.0}),
    _checking("BC315", "quick-check", {"failureThreshold": 3.0}, {"failureThreshold": 4.0}),
    _checking("BC316", "patient-check", {"failureThreshold": 2.0}, {"failureThreshold": 1.0}),
    adopt(
        "BC308",
        "short-ttl",
        (RECORD,),
        failover_ttl,
        {"dns.ttlS": "ttl"},
        passes=({**_FAILOVER, "ttl": 5.0}, {"ttl": 3600.0}, _FAILOVER),
        fails=({**_FAILOVER, "ttl": 300.0},),
    ),
    _tagging("BC106", "tag-limits", {"Team": "a|b"}),
    _tagging("BC107", "reserved-tags", {"aws:team": "payments"}),
    _tagging("BC607", "no-secret-tags", {"DbPassword": "hunter2"}),
)
"""The guards that run rules of the catalogue."""
