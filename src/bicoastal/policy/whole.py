"""Guards over a whole stack: what an instance may be depends on its cluster, and so on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bicoastal.policy.aurora import (
    CLUSTER,
    GLOBAL,
    INSTANCE,
    cluster_of,
    global_of,
    is_aurora,
    is_member,
    members,
)
from bicoastal.policy.guard import Config, Resource, StackGuard, Violation, own, spoken_for
from bicoastal.policy.price import over_budget_of, unpriced
from bicoastal.settings import RULES
from bicoastal.settings.draft import read
from bicoastal.settings.tables import MOST_SECONDARIES

_PASSWORDS = ("masterPassword", "masterPasswordWo", "masterPasswordWoVersion")

_WHOLE = Resource(GLOBAL, {"globalClusterIdentifier": "global"}, "global")
_LONELY = Resource(CLUSTER, {"engine": "aurora-mysql", "clusterIdentifier": "a"}, "a")
_HOME = replace(_LONELY, uses={"globalClusterIdentifier": ["global"]}, props={
    **_LONELY.props, "globalClusterIdentifier": "global", "masterPasswordWoVersion": 1.0,
})  # fmt: skip
_STANDBY = Resource(
    CLUSTER,
    {"engine": "aurora-mysql", "clusterIdentifier": "b", "globalClusterIdentifier": "global"},
    "b",
)
_SMALL = Resource(
    INSTANCE,
    {
        "engine": "aurora-mysql",
        "instanceClass": "db.t4g.medium",
        "clusterIdentifier": "a",
        "autoMinorVersionUpgrade": True,
    },
    "i",
)
_LARGE = replace(
    _SMALL,
    props={**_SMALL.props, "instanceClass": "db.r6g.large", "autoMinorVersionUpgrade": False},
)


def _instances(resources: Sequence[Resource]) -> Iterator[Resource]:
    """The instances of clusters that belong to a global database."""
    joined = {cluster.urn for cluster in members(resources)}
    for instance in resources:
        if instance.type == INSTANCE:
            cluster = cluster_of(instance, resources)
            if cluster is not None and cluster.urn in joined:
                yield instance


def _burstable(resources: Sequence[Resource], _: Config) -> Iterator[Violation]:
    for instance in _instances(resources):
        if not is_aurora(instance):
            continue
        draft = read({"database": {"instanceClass": instance.text("instanceClass")}})
        for problem in RULES["BC201"].check(draft):
            message = f"{problem.message} {problem.cure}"
            yield Violation(message.replace(problem.key, "instanceClass"), instance.urn)


def _manual_upgrades(resources: Sequence[Resource], _: Config) -> Iterator[Violation]:
    for instance in _instances(resources):
        if instance.props.get("autoMinorVersionUpgrade", True) is True:
            yield Violation(
                "autoMinorVersionUpgrade is not false, though it has no effect in a global "
                "database; once the cluster is detached it changes the version by itself. Set it "
                "to false.",
                instance.urn,
            )


def _one_version(resources: Sequence[Resource], _: Config) -> Iterator[Violation]:
    seen: dict[str, str] = {}
    for cluster in members(resources):
        version, group = cluster.text("engineVersion"), global_of(cluster, resources)
        if version and seen.setdefault(group, version) != version:
            yield Violation(
                f"engineVersion is {version}, but {seen[group]} in another region of the same "
                "global database: with differing patch levels AWS refuses a managed failover. "
                "Write the same version everywhere.",
                cluster.urn,
            )


def _one_seed(resources: Sequence[Resource], _: Config) -> Iterator[Violation]:
    seeded: set[str] = set()
    for cluster in members(resources):
        if not is_member(cluster) or not any(cluster.has(name) for name in _PASSWORDS):
            continue
        group = global_of(cluster, resources)
        if group in seeded:
            yield Violation(
                "A second member of the same global database brings a password, and AWS refuses "
                "it: a secondary has the primary's users. Remove user name, password and "
                "databaseName.",
                cluster.urn,
            )
        seeded.add(group)


def _ten_secondaries(resources: Sequence[Resource], _: Config) -> Iterator[Violation]:
    joined: Counter[str] = Counter()
    for cluster in members(resources):
        group = global_of(cluster, resources)
        joined[group] += 1
        if joined[group] > 1 + MOST_SECONDARIES:
            yield Violation(
                f"This is member {joined[group]} of a global database, which has one primary and "
                f"at most {MOST_SECONDARIES} secondaries. Remove it.",
                cluster.urn,
            )


def _within_budget(resources: Sequence[Resource], config: Config) -> Iterator[Violation]:
    limit = config["monthlyUsd"]
    if limit is None:
        return
    reason = over_budget_of(resources, limit)
    if reason is not None:
        yield Violation(reason)


def _all_priced(resources: Sequence[Resource], config: Config) -> Iterator[Violation]:
    left_out = unpriced(resources)
    if config["monthlyUsd"] is not None and left_out:
        yield Violation(f"The estimate leaves out: {', '.join(left_out)}.")


GUARDS = (
    StackGuard(
        **spoken_for("BC201", "burstable"), types=(INSTANCE,), config={}, check=_burstable,
        passes=((_WHOLE, _HOME, _LARGE), (_LONELY, _SMALL), (_HOME, replace(_SMALL, props={}))),
        fails=(
            (_WHOLE, _HOME, _SMALL),
            (
                replace(_WHOLE, uses={"sourceDbClusterIdentifier": ["a"]}), _LONELY,
                replace(
                    _SMALL, uses={"clusterIdentifier": ["a"]},
                    props={"engine": "aurora-mysql", "instanceClass": "db.t3.small"},
                ),
            ),
        ),
    ),
    StackGuard(
        **own(
            "BC821", "manual-upgrades", "warning",
            "No instance of a global database upgrades its minor version by itself.",
            "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
            "aurora-global-database.html",
        ),
        types=(INSTANCE,), config={}, check=_manual_upgrades,
        passes=((_WHOLE, _HOME, _LARGE), (_LONELY, _SMALL)),
        fails=((_WHOLE, _HOME, _SMALL),),
    ),
    StackGuard(
        **own(
            "BC822", "one-version", "error",
            "All members of a global database have the same engine version.",
            "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
            "aurora-global-database-disaster-recovery.html",
        ),
        types=(CLUSTER,), config={}, check=_one_version,
        passes=((_WHOLE, _HOME, _STANDBY),),
        fails=(
            tuple(
                replace(cluster, props={**cluster.props, "engineVersion": version})
                for cluster, version in ((_HOME, "8.0.mysql_aurora.3.10.4"), (_STANDBY, "8.0"))
            ),
        ),
    ),
    StackGuard(
        **own(
            "BC823", "one-seed", "error",
            "Only one member of a global database brings the master user's password.",
            "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html",
        ),
        types=(CLUSTER,), config={}, check=_one_seed,
        passes=((_WHOLE, _HOME, _STANDBY), (_HOME, _LONELY)),
        fails=((_HOME, replace(_HOME, urn="b")),),
    ),
    StackGuard(
        **spoken_for("BC252", "ten-secondaries"), types=(CLUSTER,), config={},
        check=_ten_secondaries,
        passes=(tuple(replace(_STANDBY, urn=f"b{n}") for n in range(11)), (_LONELY,) * 12),
        fails=(tuple(replace(_STANDBY, urn=f"b{n}") for n in range(12)),),
    ),
    StackGuard(
        **own(
            "BC824", "budget", "error", "The stack's estimated price is within the budget.",
            "https://docs.aws.amazon.com/cost-management/latest/userguide/"
            "budgets-managing-costs.html",
        ),
        types=(), config={"monthlyUsd": None}, check=_within_budget,
        passes=((_LARGE,),), fails=(),
    ),
    StackGuard(
        **own(
            "BC825", "budget-complete", "info",
            "What the budget's estimate leaves out is known.",
            "https://docs.aws.amazon.com/cost-management/latest/userguide/"
            "budgets-managing-costs.html",
        ),
        types=(), config={"monthlyUsd": None}, check=_all_priced,
        passes=((_LARGE,),), fails=(),
    ),
)  # fmt: skip
"""The guards over a whole stack."""
