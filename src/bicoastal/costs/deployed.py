"""What a deployed stack costs: the estimate of its settings, with what AWS says in its place.

Pure: `bicoastal.live.deployed` reads what is seen here. What AWS does not tell by describing things
(how often, how long, how many bytes) is taken from the usage, as it is for the settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from bicoastal.costs.database import capacity_items
from bicoastal.costs.estimate import Estimate, items, price
from bicoastal.costs.items import HOURS, Case, Item
from bicoastal.costs.prices import GLOBAL, Snapshot
from bicoastal.costs.usage import Usage
from bicoastal.settings import Settings
from bicoastal.settings.account import Fact, Unread

SMALLEST_GIB = Decimal(10)
"""What the smallest volume is billed as. Source: https://aws.amazon.com/rds/aurora/pricing/"""

NOT_READ = (
    "capacity above the minimum, I/O, replicated writes, backup and snapshots, transfer, database "
    "logs and Enhanced Monitoring's volume, requests, durations and logs of the functions, reads "
    "and writes of the record, DNS queries, messages, requests to the keys and their rotations, "
    "the secret and its replica"
)
"""What no description tells; both sides have it from the usage."""

COUNTED = {
    "Alarms": "cloudwatch:alarm",
    "Alarm over alarms": "cloudwatch:composite",
    "Metrics of votes": "cloudwatch:metric",
    "Dashboards": "cloudwatch:dashboard",
    "Key": "kms:key",
    "Private zone": "route53:zone",
    "Checks over metrics and checks": "route53:check/derived",
    "Check on the endpoint": "route53:check/endpoint",
    "Option: an interval of 10 s": "route53:check/feature",
}
"""Lines whose quantity is a number of things, and their figures."""

_CAPACITY = ("Instances, ", "Serverless v2, ")
_OF_MEMBER = (
    *_CAPACITY, "Storage", "Write I/O", "Read I/O", "Backup beyond", "Database logs",
    "Enhanced Monitoring", "Public addresses", "Replicated write I/O", "Global database to",
    "Binary log to",
)  # fmt: skip


class Place(NamedTuple):
    """A line, or several that begin alike, in one region.

    Attributes:
        region: the region; `global` for what has none.
        name: the line's name, or how it begins.
    """

    region: str
    name: str


@dataclass(frozen=True)
class MemberSeen:
    """A member's cluster and its instances, as RDS describes them.

    Attributes:
        classes: how many instances there are of each class.
        public: how many of them have a public address.
        least_acu: the least capacity of a serverless instance; None if that was never set.
        most_acu: the greatest, likewise.
        storage_type: `aurora` or `aurora-iopt1`.
        backup_days: for how many days backups are kept.
        monitoring_s: seconds between two reports of Enhanced Monitoring; 0 for none.
    """

    classes: Mapping[str, int]
    public: int = 0
    least_acu: float | None = None
    most_acu: float | None = None
    storage_type: str = "aurora"
    backup_days: int = 1
    monitoring_s: int = 0


@dataclass(frozen=True)
class Rhythm:
    """How the deployed controllers work.

    Attributes:
        probe_interval_s: seconds between two rounds.
        has_latch: whether they put the latch.
    """

    probe_interval_s: int
    has_latch: bool


@dataclass(frozen=True)
class Seen:
    """What AWS says of a stack.

    Attributes:
        members: region -> the member there; None if there is none.
        volumes: region -> GiB of the member's volume; None if nothing was measured lately.
        counts: line of `COUNTED` -> how many there are.
        there: the beginning of lines that stand for one thing -> whether it is there.
        rhythm: how the controllers work; None if there is none.
    """

    members: Mapping[str, Fact[MemberSeen | None]]
    volumes: Mapping[str, Fact[Decimal | None]]
    counts: Mapping[Place, Fact[int]]
    there: Mapping[Place, Fact[bool]]
    rhythm: Fact[Rhythm | None]

    @property
    def unread(self) -> tuple[Unread, ...]:
        """Every question that has no answer, each once."""
        groups = (self.members, self.volumes, self.counts, self.there)
        facts = (*(fact for group in groups for fact in group.values()), self.rhythm)
        return tuple(dict.fromkeys(fact for fact in facts if isinstance(fact, Unread)))

    @property
    def exists(self) -> bool:
        """Whether anything is there, or may be because it could not be read."""
        known = (*self.members.values(), *self.counts.values(), *self.there.values())
        return any(known)


def deployed_estimate(
    settings: Settings, seen: Seen, usage: Usage, prices: Snapshot | None = None
) -> Estimate:
    """Estimate what is deployed.

    Args:
        settings: what gives names and regions, and what could not be read.
        seen: what AWS says.
        usage: how it is used.
        prices: the snapshot; the one in the package if absent.

    Returns:
        The estimate; no line at all if nothing is deployed.
    """
    if not seen.exists:
        return price((), usage, prices)
    case = Case(_as_deployed(settings, seen), usage)
    known = tuple(_known(case, seen))
    replaced = [place for place, _ in known]
    kept = (item for item in items(case) if not any(_stands_for(p, item) for p in replaced))
    return price([*kept, *(item for _, found in known for item in found)], usage, prices)


def remarks(settings: Settings, seen: Seen) -> Iterator[str]:
    """What a reader has to know of such an estimate.

    Args:
        settings: what was looked for.
        seen: what AWS says.

    Yields:
        Sentences.
    """
    if not seen.exists:
        suffix, regions = settings.environment_suffix, ", ".join(settings.regions.all)
        yield f"Nothing of the environment {suffix} is deployed in {regions}."
        return
    yield f"Not read from AWS, so both sides have it from the usage: {NOT_READ}."
    for region, volume in seen.volumes.items():
        if volume is None and seen.members.get(region):
            yield (
                f"No VolumeBytesUsed was published in {region} within a day: its storage is taken "
                "from the usage too."
            )
    for unread in seen.unread:
        yield f"Not read, so the settings' own quantity stands: {unread.reason}. {unread.cure}"


def _stands_for(place: Place, item: Item) -> bool:
    return item.region == place.region and item.name.startswith(place.name)


def _known(case: Case, seen: Seen) -> Iterator[tuple[Place, list[Item]]]:
    """The lines that AWS tells, and what takes their place."""
    for region, member in seen.members.items():
        if member is None:
            yield from ((Place(region, name), []) for name in _OF_MEMBER)
        elif not isinstance(member, Unread):
            instances, capacity = (Place(region, name) for name in _CAPACITY)
            yield instances, list(_capacity(case, region, member))
            yield capacity, []
            hours = HOURS * member.public
            address = Item("Public addresses", "vpc:address", region, hours)
            yield Place(region, address.name), [address]
            volume = seen.volumes.get(region)
            if isinstance(volume, Decimal):
                key, gib = f"aurora:storage/{member.storage_type}", max(SMALLEST_GIB, volume)
                yield Place(region, "Storage"), [Item("Storage", key, region, gib, "usage")]
    for place, count in seen.counts.items():
        if not isinstance(count, Unread):
            yield place, [_counted(case, place, count)]
    for place, is_there in seen.there.items():
        if is_there is False:
            yield place, []


def _counted(case: Case, place: Place, count: int) -> Item:
    """A line of `COUNTED`, as `database_items` and `network_items` count it."""
    key, quantity = COUNTED[place.name], Decimal(count)
    if key == "kms:key":
        quantity *= 1 + min(Decimal(2), case.usage.key_rotations)
    if key == "route53:check/derived" and case.usage.derived_checks != "billed":
        quantity = Decimal(0)
    zone = key == "route53:zone"
    return Item(place.name, key, place.region, quantity, whole_month=zone)


def _capacity(case: Case, region: str, member: MemberSeen) -> Iterator[Item]:
    for name, count in sorted(member.classes.items()):
        changes = _database_of(member) | {"instance_class": name, "instances_per_member": count}
        settings = _with(case.settings, database=changes)
        yield from capacity_items(Case(settings, case.usage), region)


def _database_of(member: MemberSeen) -> dict[str, object]:
    found: dict[str, object] = {
        "storage_type": member.storage_type,
        "backup_retention_days": member.backup_days,
        "monitoring_interval_s": member.monitoring_s,
    }
    if member.least_acu is not None and member.most_acu is not None:
        found |= {"serverless_min_acu": member.least_acu, "serverless_max_acu": member.most_acu}
    return found


def _as_deployed(settings: Settings, seen: Seen) -> Settings:
    """The settings, changed to what AWS says of the home member and of the controllers.

    It is what the lines rest on that are not read themselves, such as I/O and the rounds.
    """
    regions = settings.regions
    home, standby = (seen.members.get(region) for region in regions.pair)
    # Nothing is sent to a further standby that is not there (yet).
    further = tuple(r for r in regions.further_standbys if seen.members.get(r) is not None)
    settings = _with(settings, regions={"further_standbys": further})
    if isinstance(home, MemberSeen):
        count = max(1, sum(home.classes.values()))
        settings = _with(settings, database=_database_of(home) | {"instances_per_member": count})
    if isinstance(standby, MemberSeen):
        headless = not standby.classes
        settings = _with(settings, database={"headless_standby": headless})
    rhythm = seen.rhythm
    if isinstance(rhythm, Rhythm):
        settings = _with(settings, failover={"probe_interval_s": rhythm.probe_interval_s})
        if rhythm.has_latch != (settings.dns.mode == "latch"):
            mode = "latch" if rhythm.has_latch else _other_mode(seen)
            settings = _with(settings, dns={"mode": mode})
    flows = [seen.there.get(Place(region, "Flow log")) for region in regions.all]
    if any(isinstance(flow, bool) for flow in flows):
        settings = _with(settings, network={"flow_logs": any(flow is True for flow in flows)})
    return settings


def _other_mode(seen: Seen) -> str:
    """What moves DNS where there is no latch."""
    has_check = seen.counts.get(Place(GLOBAL, "Check on the endpoint"))
    return "health-check" if has_check else "global-endpoint"


def _with(settings: Settings, **groups: Mapping[str, object]) -> Settings:
    """Settings with some keys of some groups changed; what is deployed need not be lawful."""
    changed = {
        name: getattr(settings, name).model_copy(update=dict(values))
        for name, values in groups.items()
    }
    return settings.model_copy(update=changed)
