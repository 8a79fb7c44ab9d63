"""BC257 and BC258: a cluster that exists already as the home member."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bicoastal.settings.draft import Draft
from bicoastal.settings.names import Names
from bicoastal.settings.rules.base import Problem, rule
from bicoastal.settings.secrecy import quoted

IMPORT = "https://www.pulumi.com/docs/iac/concepts/resources/options/import/"
CREATE_GLOBAL = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateGlobalCluster.html"
)
_KEY = "adopt.cluster"
_WANTED = (
    "instances", "subnetGroup", "kmsKeyArn", "securityGroupIds", "vpcId", "subnetIds",
    "routeTableIds",
)  # fmt: skip
WHOLE: dict[str, Any] = {
    "cluster": "orders",
    "instances": ["orders-1"],
    "subnetGroup": "orders",
    "kmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "securityGroupIds": ["sg-0123456789abcdef0"],
    "vpcId": "vpc-0123456789abcdef0",
    "subnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    "routeTableIds": ["rtb-0123456789abcdef0"],
}


def _adopting(**changes: object) -> dict[str, Any]:
    return {"adopt": WHOLE | changes}


@rule(
    "BC257",
    "error",
    source=IMPORT,
    passes=[{}, _adopting(), _adopting(logGroups=["error"])],
    fails=[
        _adopting(kmsKeyArn=None),
        _adopting(instances=[]),
        {"adopt": {"cluster": "orders"}},
        {"adopt": {"vpcId": "vpc-0123456789abcdef0"}},
    ],
)
def adopted_whole(draft: Draft) -> Iterable[Problem]:
    """What cannot be changed of an adopted cluster is named, all of it."""
    adopt = draft.settings.adopt.model_dump(by_alias=True)
    missing = [f"adopt.{name}" for name in _WANTED if not adopt[name]]
    if adopt["cluster"] is None and len(missing) < len(_WANTED):
        yield Problem(
            _KEY,
            f"{_KEY} is not given, but other keys of adopt are: nothing is adopted.",
            f"Name the cluster in {_KEY}, or remove the others.",
            related=("adopt",),
        )
    elif adopt["cluster"] is not None and missing:
        yield Problem(
            _KEY,
            f"{_KEY} is {quoted(_KEY, adopt['cluster'])}, but {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not given; a cluster keeps its subnets and "
            "its key, and Pulumi would replace one for which it has others.",
            "Give them as aws rds describe-db-clusters shows them; check --live compares.",
            adopt["cluster"],
            related=tuple(f"adopt.{name}" for name in _WANTED),
        )


@rule(
    "BC258",
    "error",
    source=CREATE_GLOBAL,
    passes=[
        {},
        _adopting(),
        _adopting() | {"regions": {"standby": "nowhere"}},
        _adopting(cluster=None) | {"topology": "binlog-replica"},
    ],
    fails=[
        _adopting() | {"topology": "binlog-replica", "failover": {"mode": "observe"}},
        _adopting() | {"health": {"endpointCheck": "public"}},
        _adopting(instances=["orders-1", "orders-2"]),
        _adopting(cluster="aurora-usw2-dev"),
        _adopting(kmsKeyArn="arn:aws:kms:us-west-2:123456789012:key/1234abcd"),
    ],
)
def adopted_fits(draft: Draft) -> Iterable[Problem]:
    """An adopted cluster becomes the first member of a private global database."""
    settings = draft.settings
    adopt, home = settings.adopt, settings.regions.home
    if adopt.cluster is None:
        return
    if not settings.is_global:
        yield _unfit("topology", f"topology is {settings.topology}", "topology: global")
    if settings.health.endpoint_check != "private":
        what = f"health.endpointCheck is {settings.health.endpoint_check}"
        yield _unfit("health.endpointCheck", what, "health.endpointCheck: private")
    count = settings.database.instances_per_member
    if adopt.instances and len(adopt.instances) != count:
        what = f"adopt.instances names {len(adopt.instances)}, and every member has {count}"
        cure = f"database.instancesPerMember: {len(adopt.instances)}"
        yield _unfit("adopt.instances", what, cure, "database.instancesPerMember")
    for region in settings.regions.members[1:]:
        if adopt.cluster == _cluster_in(region, draft):
            what = f"{_KEY} is {quoted(_KEY, adopt.cluster)}, the name of the member in {region}"
            yield _unfit(_KEY, what, "another environmentSuffix", "environmentSuffix")
    of_key = (adopt.kms_key_arn or "").split(":")[3:4]
    if of_key and of_key != [home]:
        key = quoted("adopt.kmsKeyArn", adopt.kms_key_arn or "")
        what = f"adopt.kmsKeyArn is {key}, the adopted cluster is in {home}"
        yield _unfit("adopt.kmsKeyArn", what, "the key that encrypts the cluster", "regions.home")


def _cluster_in(region: str, draft: Draft) -> str:
    try:
        return Names(draft.settings).cluster(region)
    except ValueError:  # a bad region has a rule of its own
        return ""


def _unfit(key: str, what: str, cure: str, *related: str) -> Problem:
    return Problem(
        key,
        f"{what}, but {_KEY} is given: an existing cluster is adopted where it is, as the first "
        "member of a global database whose endpoints are private.",
        f"Write {cure}, or remove adopt.",
        related=(_KEY, *related),
    )
