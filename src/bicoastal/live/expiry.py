"""Environments that say how long they live, and those that have outlived it.

An environment carries its life as a duration (the tag `ExpiresAfter`), never as a moment: a program
that wrote the moment would compute another one at every run, and would never be quiet. When it
began, AWS knows: a key and a cluster record their own creation, and nobody can change that. The
earliest counts, so that a member that is made anew after a failover makes nothing younger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Any, NamedTuple

from bicoastal.failover.gateway import Clients
from bicoastal.live.asking import asked, client, if_there, pages
from bicoastal.settings import Names, durations
from bicoastal.settings.account import Fact, Unread
from bicoastal.settings.models import EXPIRY_TAG

FIRST_REGION = "us-east-1"
"""Who is asked which regions there are, where nothing else says which region to ask."""

_WORKERS = 32
_TYPES = ("rds:cluster", "kms:key")


class Part(NamedTuple):
    """A cluster or a key that carries the tag, and is there.

    Attributes:
        suffix: the suffix of its environment.
        region: where it is.
        life: what the tag says.
        created: when it was made.
    """

    suffix: str
    region: str
    life: str
    created: datetime


@dataclass(frozen=True)
class Environment:
    """An environment that says how long it lives.

    Attributes:
        suffix: its suffix, by which it is named.
        regions: where clusters or keys of it are.
        created: when the earliest of them was made.
        life: how long it lives, as its tag says; the longest, if its parts disagree.
    """

    suffix: str
    regions: tuple[str, ...]
    created: datetime
    life: str

    @property
    def life_s(self) -> int | None:
        """The same in seconds; None if the tag holds no duration."""
        return durations.seconds(self.life)

    def age_s(self, now: datetime) -> float:
        """How long it has lived, seconds.

        Args:
            now: the present.
        """
        return max(0.0, (now - self.created).total_seconds())

    def overdue_s(self, now: datetime) -> float:
        """How long it should have been gone, seconds; negative while it may live.

        Args:
            now: the present.
        """
        return self.age_s(now) - (inf if self.life_s is None else self.life_s)

    def has_expired(self, now: datetime) -> bool:
        """Whether it has outlived what its tag says; never if that cannot be read.

        Args:
            now: the present.
        """
        return self.overdue_s(now) >= 0


def regions_of(clients: Clients, region: str) -> Fact[tuple[str, ...]]:
    """The regions that the account can use.

    Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html

    Args:
        clients: boto3's clients.
        region: the region that is asked.

    Returns:
        Their names, ordered.
    """

    def question() -> tuple[str, ...]:
        found = client(clients, "ec2", region).describe_regions()["Regions"]
        return tuple(sorted(each["RegionName"] for each in found))

    return asked("ec2:DescribeRegions", region, question)


def find(
    clients: Clients, regions: Sequence[str]
) -> tuple[tuple[Environment, ...], tuple[Unread, ...]]:
    """Find every environment that says how long it lives.

    Args:
        clients: boto3's clients.
        regions: where to look.

    Returns:
        The environments, the oldest first; and what could not be read.
    """
    with ThreadPoolExecutor(_WORKERS, "expiry") as pool:
        answers = list(pool.map(lambda region: parts(clients, region), regions))
    unread = [answer for answer in answers if isinstance(answer, Unread)]
    found: dict[str, list[Part]] = {}
    for answer in answers:
        for part in answer if not isinstance(answer, Unread) else ():
            found.setdefault(part.suffix, []).append(part)
    environments = (_joined(suffix, group) for suffix, group in found.items())
    return tuple(sorted(environments, key=lambda each: each.created)), tuple(unread)


def parts(clients: Clients, region: str) -> Fact[tuple[Part, ...]]:
    """The clusters and keys of a region that carry the tag.

    Only what bears the name that the program gives is taken for one of its own, and only what is
    there: AWS goes on listing what was deleted a while ago, and keys that wait for their deletion.
    Source:
    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html

    Args:
        clients: boto3's clients.
        region: where to look.

    Returns:
        The parts, or why they could not be read.
    """
    tagging = client(clients, "resourcegroupstaggingapi", region)
    listed = asked(
        "tag:GetResources",
        region,
        lambda: pages(
            tagging,
            "get_resources",
            "ResourceTagMappingList",
            TagFilters=[{"Key": EXPIRY_TAG}],
            ResourceTypeFilters=list(_TYPES),
        ),
    )
    if isinstance(listed, Unread):
        return listed
    found = []
    for mapping in listed:
        part = _part(clients, region, mapping)
        if isinstance(part, Unread):
            return part
        found += [part] if part else []
    return tuple(found)


def _part(clients: Clients, region: str, mapping: Mapping[str, Any]) -> Fact[Part | None]:
    tags = {tag["Key"]: tag["Value"] for tag in mapping["Tags"]}
    arn, suffix = mapping["ResourceARN"], tags.get("Environment", "")
    names = Names(suffix)
    created: Fact[datetime | None] = None
    if arn.endswith(f":cluster:{names.cluster(region)}"):
        created = _cluster_created(clients, region, names.cluster(region))
    elif ":key/" in arn and tags.get("Name") == names.key_alias(region).removeprefix("alias/"):
        created = _key_created(clients, region, arn)
    if created is None or isinstance(created, Unread):
        return created
    return Part(suffix, region, tags[EXPIRY_TAG], created)


def _cluster_created(clients: Clients, region: str, name: str) -> Fact[datetime | None]:
    rds = client(clients, "rds", region)

    def question() -> datetime | None:
        cluster = rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
        created: datetime = cluster["ClusterCreateTime"]
        return created

    action = "rds:DescribeDBClusters"
    return asked(action, region, lambda: if_there(question, "DBClusterNotFoundFault"))


def _key_created(clients: Clients, region: str, arn: str) -> Fact[datetime | None]:
    kms = client(clients, "kms", region)

    def question() -> datetime | None:
        key = kms.describe_key(KeyId=arn)["KeyMetadata"]
        created: datetime = key["CreationDate"]
        return None if key["KeyState"] == "PendingDeletion" else created

    return asked("kms:DescribeKey", region, lambda: if_there(question, "NotFoundException"))


def _joined(suffix: str, group: Iterable[Part]) -> Environment:
    group = list(group)
    return Environment(
        suffix,
        tuple(sorted({part.region for part in group})),
        min(part.created for part in group),
        # Parts disagree while a change is rolled out: then the longest life counts, and what
        # cannot be read counts as without end.
        max((part.life for part in group), key=lambda life: durations.seconds(life) or inf),
    )
