"""The order in which databases go, whoever is the writer, and what stands in the way."""

from __future__ import annotations

from typing import Any

import pytest

from bicoastal.operate.deletion_order import Live, Step, look, refusals, steps
from bicoastal.operate.dismantling import dismantle
from bicoastal.operate.errors import Refused
from bicoastal.settings import load
from bicoastal.settings.rules.adopting import WHOLE

from .fake_rds import CODES, FakeRds, both, cluster, group, refused, silence
from .samples import HOME, SETTINGS, STANDBY, arn

LAST = load({"database": {"skipFinalSnapshot": False}})
REPLICA = load(
    {
        "topology": "binlog-replica",
        "database": {"instanceClass": "db.t4g.medium"},
        "failover": {"mode": "observe"},
    }
)


STRANGER = "arn:aws:rds:eu-west-1:123456789012:cluster:other"


def done(rds: FakeRds, settings: Any = SETTINGS, **more: Any) -> tuple[list[str], list[str]]:
    """Take everything apart; what was asked for, and what was told beyond the steps."""
    told: list[str] = []
    pauses: list[float] = []
    planned = steps(settings, look(rds, settings))
    dismantle(rds, planned, tell=told.append, sleep=pauses.append, **more)
    return rds.asked, [line for line in told if "/" not in line.split(" ", maxsplit=1)[0]]


def whole(region: str, count: int = 1, *, leaves: bool = True, last: bool = False) -> list[str]:
    """What is asked for a member."""
    code = CODES[region]
    numbers = [*range(2, count + 1), 1][:count]  # readers before the instance that writes
    return [
        *(f"instance db-{code}-{n}-dev" for n in numbers),
        *([f"leave global-dev aurora-{code}-dev"] if leaves else []),
        f"cluster aurora-{code}-dev" + (f" as final-{code}-dev" if last else ""),
    ]


@pytest.mark.parametrize(("writer", "replica"), ((HOME, STANDBY), (STANDBY, HOME)))
def test_whoever_replicates_goes_before_the_live_writer(writer: str, replica: str) -> None:
    rds = both(writer)
    assert look(rds, SETTINGS).writer == writer
    asked, told = done(rds)
    assert asked == [*whole(replica), *whole(writer), "group global-dev"]
    assert (rds.clusters, rds.group, told) == ({}, None, [])


def test_all_standbys_go_before_a_writer_that_is_none_of_the_pair() -> None:
    third = "eu-west-1"
    regions = SETTINGS.regions.model_copy(update={"further_standbys": (third,)})
    settings = SETTINGS.model_copy(update={"regions": regions})
    arns = {HOME: arn(HOME), STANDBY: arn(STANDBY), third: STRANGER}
    clusters = {r: {"DBClusterArn": a, "DBClusterMembers": []} for r, a in arns.items()}
    members = [{"DBClusterArn": a, "IsWriter": r == third} for r, a in arns.items()]
    live = Live(clusters, (HOME, {"GlobalClusterMembers": members}))
    assert (live.writer, list(refusals(settings, live))) == (third, [])
    order = [step.region for step in steps(settings, live)]
    assert order == [STANDBY, STANDBY, HOME, HOME, third, third, HOME]


def test_readers_go_first_and_a_headless_member_has_none() -> None:
    rds = FakeRds(
        {HOME: cluster(HOME, 3), STANDBY: cluster(STANDBY, 0)}, group(HOME, HOME, STANDBY)
    )
    assert done(rds)[0] == [*whole(STANDBY, 0), *whole(HOME, 3), "group global-dev"]


def test_a_member_that_left_goes_first_and_leaves_nothing() -> None:
    rds = FakeRds({r: cluster(r) for r in CODES}, group(STANDBY, STANDBY))
    asked, _ = done(rds)
    assert asked == [*whole(HOME, leaves=False), *whole(STANDBY), "group global-dev"]


ADOPTING = load({"adopt": {**WHOLE, "cluster": "aurora-use1-dev", "instances": ["db-use1-1-dev"]}})
OWN_GROUPS = [{"VpcSecurityGroupId": WHOLE["securityGroupIds"][0]}]


@pytest.mark.parametrize("writer", (HOME, STANDBY))
def test_what_was_adopted_only_leaves_the_global_database(writer: str) -> None:
    rds = both(writer)
    rds.clusters[HOME] |= {"DeletionProtection": True, "VpcSecurityGroups": OWN_GROUPS}
    assert list(refusals(ADOPTING, look(rds, ADOPTING))) == []
    asked, _ = done(rds, ADOPTING)
    leaving = ["leave global-dev aurora-use1-dev"]
    parts = (whole(STANDBY), leaving) if writer == HOME else (leaving, whole(STANDBY))
    assert asked == [*parts[0], *parts[1], "group global-dev"]
    assert list(rds.clusters) == [HOME]


@pytest.mark.parametrize(
    "changes",
    (
        {"DBClusterParameterGroup": "params-use1-dev", "VpcSecurityGroups": OWN_GROUPS},
        {"VpcSecurityGroups": [*OWN_GROUPS, {"VpcSecurityGroupId": "sg-stack"}]},
    ),
)
def test_what_was_adopted_is_freed_of_the_stack_s_groups_when_it_has_left(
    changes: dict[str, Any],
) -> None:
    rds = both(HOME, errors={"ModifyDBCluster": [refused("InvalidDBClusterStateFault", "not yet")]})
    rds.clusters[HOME] |= {"DBClusterParameterGroup": "theirs", **changes}
    assert list(refusals(ADOPTING, look(rds, ADOPTING))) == []
    step = steps(ADOPTING, look(rds, ADOPTING))[-2]
    own = WHOLE["securityGroupIds"][0]
    words = (
        "free DB cluster aurora-use1-dev (us-east-1) of the stack's groups, with security groups "
        f"{own}"
    )
    default = "default.aurora-mysql8.0"
    if "DBClusterParameterGroup" in changes:
        words += f" and parameter group {default}; give it one of your own before, if that"
    assert str(step).startswith(words)
    asked, told = done(rds, ADOPTING)
    parameters = step.parameters or "theirs"
    free = f"free aurora-use1-dev for {own}, {step.parameters}"
    assert asked[-3:] == ["leave global-dev aurora-use1-dev", free, "group global-dev"]
    assert told == ["not yet: not yet"]
    left = rds.clusters[HOME]
    assert (left["VpcSecurityGroups"], left["DBClusterParameterGroup"]) == (OWN_GROUPS, parameters)
    # Whoever is interrupted after that finds nothing to do any more.
    assert steps(ADOPTING, look(rds, ADOPTING)) == ()


@pytest.mark.parametrize("source", (HOME, STANDBY))
def test_a_replica_by_binary_log_is_promoted_and_goes_before_its_source(source: str) -> None:
    (replica,) = set(CODES) - {source}
    rds = FakeRds(
        {
            source: cluster(source, ReadReplicaIdentifiers=[arn(replica)]),
            replica: cluster(replica, 2, ReplicationSourceIdentifier=arn(source)),
        },
        errors={
            "PromoteReadReplicaDBCluster": [
                refused("InvalidDBClusterStateFault", "it is modifying")
            ]
        },
    )
    live = look(rds, REPLICA)
    assert (live.writer, list(refusals(REPLICA, live))) == (source, [])
    asked, told = done(rds, REPLICA)
    # AWS deletes a replica's last instance only after its promotion, and that takes its time.
    readers, last = whole(replica, 2, leaves=False)[:1], whole(replica, leaves=False)
    promote = f"promote aurora-{CODES[replica]}-dev"
    assert asked == [*readers, promote, *last, *whole(source, leaves=False)]
    assert told == ["not yet: it is modifying"]
    rds.clusters = {
        source: cluster(source),
        replica: cluster(replica, 0, ReplicationSourceIdentifier=arn(source)),
    }
    assert not [step for step in steps(REPLICA, look(rds, REPLICA)) if step.action == "promote"]


def test_two_that_do_not_replicate_have_no_writer() -> None:
    rds = FakeRds({r: cluster(r) for r in CODES})
    assert look(rds, REPLICA).writer is None
    assert done(rds, REPLICA)[0][0] == "instance db-usw2-1-dev"


def test_final_snapshots_are_taken_where_the_settings_want_them() -> None:
    asked, _ = done(both(), LAST)
    assert asked == [*whole(STANDBY, last=True), *whole(HOME, last=True), "group global-dev"]
    step = steps(LAST, look(both(), LAST))[2]
    assert str(step) == (
        "delete DB cluster aurora-usw2-dev (us-west-2), after the final snapshot final-usw2-dev"
    )


def test_what_was_done_before_is_not_asked_for_again() -> None:
    rds = both()
    rds.clusters[STANDBY]["Status"] = "deleting"
    rds.clusters[STANDBY]["DBClusterMembers"] = []
    rds.group = group(HOME, HOME)
    rds.slow = 3
    assert done(rds)[0] == [*whole(HOME), "group global-dev"]
    assert steps(SETTINGS, look(FakeRds(), SETTINGS)) == ()


def test_what_is_gone_between_the_plan_and_the_step_is_no_obstacle() -> None:
    rds = both()
    planned = steps(SETTINGS, look(rds, SETTINGS))
    del rds.clusters[STANDBY]
    rds.group = None
    dismantle(rds, planned, sleep=lambda _s: None)
    assert rds.asked == ["instance db-use1-1-dev", "cluster aurora-use1-dev"]


def test_one_that_vanishes_while_it_is_asked_for_counts_as_done() -> None:
    class Vanishing(FakeRds):
        def delete_global_cluster(self, *, GlobalClusterIdentifier: str) -> None:  # noqa: N803 - AWS's
            super().delete_global_cluster(GlobalClusterIdentifier=GlobalClusterIdentifier)
            raise refused("GlobalClusterNotFoundFault")

    rds = Vanishing(group=group(None))
    assert done(rds)[0] == ["group global-dev"]


def test_not_yet_and_no_answer_are_asked_again() -> None:
    busy = refused("InvalidDBClusterStateFault", "it is promoting")
    rds = both(
        errors={
            "DeleteDBCluster": [busy, busy],
            "DescribeGlobalClusters": [],
            "RemoveFromGlobalCluster": [silence()],
        }
    )
    asked, told = done(rds)
    assert asked == [*whole(STANDBY), *whole(HOME), "group global-dev"]
    assert told == ["not yet: no answer (ConnectTimeoutError)", "not yet: it is promoting"]


def test_a_refusal_stops_at_its_step_and_says_how_to_go_on() -> None:
    rds = both(errors={"DeleteDBCluster": [refused("KMSKeyNotAccessibleFault", "no key")]})
    with pytest.raises(Refused) as stopped:
        done(rds)
    assert str(stopped.value) == (
        "delete DB cluster aurora-usw2-dev (us-west-2): KMSKeyNotAccessibleFault: no key. Run the "
        "same command again to go on from here"
    )
    assert HOME in rds.clusters


@pytest.mark.parametrize(
    ("why", "words"),
    (("is modifying", " (is modifying)"), (None, "")),
)
def test_a_step_that_does_not_end_is_given_up(
    monkeypatch: pytest.MonkeyPatch, why: str | None, words: str
) -> None:
    now = iter(range(10_000))
    monkeypatch.setattr("time.monotonic", lambda: float(next(now)))
    rds = FakeRds(group=group(None, Status="modifying"))
    if why:
        rds.errors["DeleteGlobalCluster"] = [refused("InvalidGlobalClusterStateFault", why)] * 99
    else:
        monkeypatch.setattr(rds, "delete_global_cluster", lambda **_: None)
    with pytest.raises(Refused, match="still modifying after 36 s") as stopped:
        done(rds, pace=100.0)
    assert f"after 36 s{words}. Run" in str(stopped.value)


def test_half_a_picture_is_none_to_destroy_by() -> None:
    rds = both(errors={"DescribeDBClusters": [silence()]})
    with pytest.raises(Refused, match=r"RDS in us-east-1 does not say .* \(no answer"):
        look(rds, SETTINGS)
    rds = both(errors={"DescribeGlobalClusters": [refused("AccessDenied")]})
    with pytest.raises(Refused, match="AccessDenied"):
        look(rds, SETTINGS)


def test_nothing_of_the_name_can_also_be_an_empty_answer() -> None:
    rds = both()
    rds.describe_db_clusters = lambda **_: {"DBClusters": []}  # type: ignore[method-assign]
    assert look(rds, SETTINGS).clusters == {}


@pytest.mark.parametrize(
    ("live", "words"),
    (
        (Live({}, (HOME, group(None, Status="failing-over"))), "is failing-over: wait"),
        (
            Live({}, (HOME, group(None, FailoverState={"Status": "switching-over"}))),
            "is switching-over: wait",
        ),
        (
            Live({r: cluster(r) for r in CODES}, (HOME, group(None, HOME, STANDBY))),
            "does not say which member is the writer",
        ),
        (
            Live(
                {HOME: cluster(HOME, DeletionProtection=True)},
                (HOME, group(HOME, HOME, DeletionProtection=True)),
            ),
            "protection is on for global-dev, aurora-use1-dev: set database.deletionProtection to",
        ),
        (Live({STANDBY: cluster(STANDBY, ReadReplicaIdentifiers=[STRANGER])}), STRANGER),
        (Live({HOME: cluster(HOME)}, (HOME, group(HOME, HOME, STANDBY))), arn(STANDBY)),
        (
            Live({HOME: cluster(HOME)}, snapshots=("final-use1-dev",)),
            "there is a snapshot final-use1-dev in us-east-1 already",
        ),
    ),
)
def test_what_stands_in_the_way(live: Live, words: str) -> None:
    (found,) = refusals(LAST, live)
    assert words in found


@pytest.mark.parametrize(
    "live",
    (
        Live({}),
        Live({}, (HOME, group(None, Status="deleting"))),
        look(both(STANDBY), SETTINGS),
        # Its final snapshot is being taken, or was.
        Live({HOME: cluster(HOME, Status="deleting")}, snapshots=("final-use1-dev",)),
        Live({}, snapshots=("final-use1-dev",)),
    ),
)
def test_what_does_not(live: Live) -> None:
    assert list(refusals(LAST, live)) == []


def test_snapshots_are_looked_for_where_they_would_be_taken() -> None:
    rds = both(snapshots={STANDBY: "final-usw2-dev"})
    assert look(rds, LAST).snapshots == ("final-usw2-dev",)
    assert look(rds, SETTINGS).snapshots == ()


def test_a_step_says_what_it_does() -> None:
    assert str(Step("detach", "DB cluster", "c", HOME, "arn", "g")) == (
        "detach DB cluster c (us-east-1)"
    )
