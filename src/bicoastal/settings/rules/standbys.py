"""BC251 to BC256: what further standbys may be, and what they cannot do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bicoastal.settings.draft import Draft
from bicoastal.settings.rules.base import Problem, rule
from bicoastal.settings.rules.places import FURTHER, FURTHER_CIDRS
from bicoastal.settings.tables import MOST_SECONDARIES

GLOBAL = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "aurora-global-database.configuration.requirements.html"
)

PROMOTION = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "AuroraMySQL.Replication.CrossRegion.Promote.html"
)

CONNECTING = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "aurora-global-database-connecting.html"
)

PEERING = "https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html"

_READERS = 15
"""Readers of a writer's cluster without secondaries; each of those takes the place of one."""
_REPLICA = {"topology": "binlog-replica", "failover": {"mode": "observe"}}


def _further(*regions: str) -> dict[str, Any]:
    return {"regions": {"furtherStandbys": list(regions)}}


_IRELAND = _further("eu-west-1")
_TEN = (
    "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1", "ap-south-1",
    "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "sa-east-1",
)  # fmt: skip


@rule(
    "BC251",
    "error",
    source=PROMOTION,
    passes=[_IRELAND, _REPLICA],
    fails=[_REPLICA | _IRELAND],
)
def further_in_global(draft: Draft) -> Iterable[Problem]:
    """Only a global database has further standbys."""
    settings = draft.settings
    if not settings.is_global and settings.regions.further_standbys:
        yield Problem(
            FURTHER,
            f"{FURTHER} names regions, but topology is {settings.topology}: when one replica by "
            "binary log is promoted, the others go on following the old writer until each is "
            "built anew.",
            f"Choose topology: global, or leave {FURTHER} out.",
            list(settings.regions.further_standbys),
            related=("topology",),
        )


@rule(
    "BC252",
    "error",
    source=GLOBAL,
    passes=[_further(*_TEN[:9])],
    fails=[_further(*_TEN)],
)
def ten_secondaries(draft: Draft) -> Iterable[Problem]:
    """A global database has at most ten secondary regions."""
    further = draft.settings.regions.further_standbys
    if len(further) >= MOST_SECONDARIES:
        yield Problem(
            FURTHER,
            f"{FURTHER} has {len(further)} regions, which makes {len(further) + 1} secondaries "
            f"with regions.standby, but a global database has at most {MOST_SECONDARIES}.",
            f"Name at most {MOST_SECONDARIES - 1}.",
            list(further),
        )


@rule(
    "BC253",
    "error",
    source=GLOBAL,
    passes=[_IRELAND, _IRELAND | {"database": {"instancesPerMember": 14}}],
    fails=[_IRELAND | {"database": {"instancesPerMember": 15}}],
)
def readers_beside_secondaries(draft: Draft) -> Iterable[Problem]:
    """The readers of any member, and the secondaries, are at most fifteen together."""
    settings = draft.settings
    count, further = settings.database.instances_per_member, len(settings.regions.further_standbys)
    most = 1 + _READERS - (1 + further)
    if further and most < count <= _READERS:
        yield Problem(
            "database.instancesPerMember",
            f"database.instancesPerMember is {count}, but beside {1 + further} standbys "
            f"({FURTHER} included) the writer's cluster has at most {most - 1} readers, and any "
            "member may become the writer's.",
            f"Choose at most {most}.",
            count,
            related=(FURTHER,),
        )


@rule(
    "BC254",
    "info",
    source=CONNECTING,
    passes=[{}, _IRELAND | {"dns": {"mode": "global-endpoint"}}],
    fails=[_IRELAND, _IRELAND | {"dns": {"mode": "latch"}}],
)
def name_leads_to_pair(draft: Draft) -> Iterable[Problem]:
    """A further standby that is to take over has a name that leads there."""
    settings = draft.settings
    mode = settings.dns.mode
    if settings.regions.further_standbys and mode != "global-endpoint":
        yield Problem(
            FURTHER,
            f"{FURTHER} names regions that can be read but not chosen with switchover or failover, "
            f"because dns.mode is {mode}: its two answers are the home and the standby region.",
            "Choose dns.mode: global-endpoint if a person is to move the writer there.",
            list(settings.regions.further_standbys),
            related=("dns.mode",),
        )


@rule(
    "BC255",
    "error",
    source=PEERING,
    passes=[_IRELAND, _further("eu-west-1", "sa-east-1")],
    fails=[
        _further("us-east-2"),
        _further("us-east-2") | {"failover": {"mode": "approve"}},
    ],
)
def witness_apart(draft: Draft) -> Iterable[Problem]:
    """A further standby is not in the witness's region."""
    regions = draft.settings.regions
    for number, region in enumerate(regions.further_standbys):
        if region == regions.witness:
            key = f"{FURTHER}[{number}]"
            yield Problem(
                key,
                f"{key} is {region}, the same as regions.witness: the stack has one VPC in each "
                "region, and the witness is to share no member's fate.",
                "Choose another region for one of them.",
                region,
                related=("regions.witness",),
            )


@rule(
    "BC256",
    "error",
    source=PEERING,
    passes=[
        _further("eu-west-1") | {"network": {"furtherCidrs": ["10.40.0.0/16"]}},
        _IRELAND,
    ],
    fails=[
        _IRELAND | {"network": {"furtherCidrs": ["10.40.0.0/16", "10.50.0.0/16"]}},
        _further("eu-west-1", "sa-east-1") | {"network": {"furtherCidrs": ["10.40.0.0/16"]}},
    ],
)
def range_for_each(draft: Draft) -> Iterable[Problem]:
    """Where further standbys are given ranges, each is given one."""
    further = draft.settings.regions.further_standbys
    given = draft.settings.network.further_cidrs
    if given and len(given) != len(further):
        yield Problem(
            FURTHER_CIDRS,
            f"{FURTHER_CIDRS} has {len(given)} ranges, but {FURTHER} has {len(further)} regions; "
            "the first range is the first region's, and so on.",
            f"Name one for each, or leave {FURTHER_CIDRS} out: each region has a range by default.",
            list(given),
            related=(FURTHER,),
        )
