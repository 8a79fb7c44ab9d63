"""What was read of an AWS account, for the rules that judge settings against it.

Pure values: `bicoastal.live` reads them, the rules BC7xx look at them. What could not be read is an
`Unread`, which no rule may take for an answer: it becomes a finding that says NOT CHECKED.

Named tuples rather than dataclasses: they are made several times as fast, and every `check` pays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")


class Unread(NamedTuple):
    """A question that has no answer.

    Attributes:
        reason: what was asked and what became of it, such as `kms:DescribeKey in us-east-1:
            AccessDenied`.
        cure: what to do so that it can be answered.
    """

    reason: str
    cure: str


Fact: TypeAlias = T | Unread
"""What was read, or why it was not."""


class Offer(NamedTuple):
    """Where one class can be ordered with one engine version, in one region.

    Attributes:
        wanted: the zones that the program puts subnets into, in its order.
        zones: the zones in which the class is offered; empty where it is not offered at all.
    """

    wanted: tuple[str, ...]
    zones: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The program's zones in which the class is not offered."""
        return tuple(zone for zone in self.wanted if zone not in self.zones)


class Engine(NamedTuple):
    """An engine version as a region knows it.

    Attributes:
        creatable: a new cluster can have it.
        is_global: it can be used in a global database.
    """

    creatable: bool
    is_global: bool


class Secret(NamedTuple):
    """A secret, or a replica of one, without what it holds.

    Attributes:
        deleted: it is scheduled for deletion.
        key: the KMS key that encrypts it; None for AWS's own.
        replicas: region -> state of its replica, such as `InSync`, as its home region tells.
    """

    deleted: bool
    key: str | None
    replicas: Mapping[str, str]


class KeyState(NamedTuple):
    """A KMS key that the deployment rests on.

    Attributes:
        setting: the key of the stack file that leads to it.
        region: where it is.
        name: its id, ARN or alias.
        state: such as `Enabled`, or what AWS said when it does not exist; None if there is none
            and none is needed.
    """

    setting: str
    region: str
    name: str
    state: Fact[str | None]


class Quota(NamedTuple):
    """How much of a quota is used, and how much more the deployment takes.

    Attributes:
        name: what AWS calls it, such as `DBClusters`.
        used: in use now.
        limit: the account's limit in this region.
        needed: how many more a first deployment takes; 0 where the stack exists already.
    """

    name: str
    used: int
    limit: int
    needed: int

    @property
    def is_exceeded(self) -> bool:
        """Whether the deployment would take more than is left."""
        return bool(self.needed) and self.used + self.needed > self.limit


class Concurrency(NamedTuple):
    """Lambda's concurrency in a region.

    Attributes:
        limit: concurrent executions that the account may have.
        unreserved: those that no function has reserved.
        needed: how many more the deployment reserves; 0 where it has reserved them already.
    """

    limit: int
    unreserved: int
    needed: int


class Range(NamedTuple):
    """Addresses that are taken.

    Attributes:
        cidr: the addresses.
        owner: who has them, such as `vpc-1 in us-east-1`.
    """

    cidr: str
    owner: str


class Adopted(NamedTuple):
    """A cluster that is to be adopted, beside what the settings say of it.

    Attributes:
        forbidden: why it cannot be adopted so, each in words.
        changed: what adopting it changes in place, each in words.
    """

    forbidden: tuple[str, ...]
    changed: tuple[str, ...]


class Account(NamedTuple):
    """What was read of an account. Keys are regions, unless they say otherwise.

    Attributes:
        offers: where the instance class is offered; members' regions.
        engines: the engine version, None where it is not known there; members' regions.
        secret: the secret of `secretArn` in the region of its ARN; None if it does not exist.
        replica: its replica in the standby region; None if it does not exist.
        secret_faults: what is wrong with what the secret holds, in words that do not repeat it.
        keys: the KMS keys that the secret and the stack are encrypted with.
        zone: the name of the hosted zone, None if it does not exist.
        quotas: quotas of RDS and of VPC; every region.
        concurrency: Lambda's concurrency; the controllers' regions.
        denied: the actions that IAM's simulation refuses to the caller; members' regions.
        failover_denied: the same of the controller's role in the standby region, for what it needs
            to fail over; None if the role does not exist yet.
        ranges: addresses of other VPCs and of what they are peered with; every region.
        adopted: the cluster to be adopted; None if it does not exist, or none is to be.
    """

    offers: Mapping[str, Fact[Offer]]
    engines: Mapping[str, Fact[Engine | None]]
    secret: Fact[Secret | None]
    replica: Fact[Secret | None]
    secret_faults: Fact[tuple[str, ...]]
    keys: tuple[KeyState, ...]
    zone: Fact[str | None]
    quotas: Mapping[str, tuple[Fact[Quota], ...]]
    concurrency: Mapping[str, Fact[Concurrency]]
    denied: Mapping[str, Fact[tuple[str, ...]]]
    failover_denied: Fact[tuple[str, ...] | None]
    ranges: Mapping[str, Fact[tuple[Range, ...]]]
    adopted: Fact[Adopted | None] = None
