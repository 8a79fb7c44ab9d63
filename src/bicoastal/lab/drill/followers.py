"""Whether the further standbys follow whoever is the writer in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bicoastal.lab.aws.status import MemberStatus
from bicoastal.lab.drill.report import Requirement
from bicoastal.lab.oracle import Row
from bicoastal.lab.waiting import wait_until
from bicoastal.settings import Settings

CATCH_UP_S = 10.0
"""So long a replica may take to apply the last writes, once nobody writes any more."""
REGIONS = ("eu-west-1", "ap-southeast-2", "sa-east-1", "ap-northeast-1", "eu-central-1")
"""Where a drill puts further standbys that the stack file does not name."""


@dataclass(frozen=True)
class Follower:
    """A further standby at the end of a drill.

    Attributes:
        region: Its region.
        role: `standby`, unless something went wrong.
        state: `available` when it has found its place.
        refusal: Its answer to an attempt to write; empty text: it took it.
        lacks: How many of the writer's rows it does not have.
        extra: How many rows it has that the writer has not.
    """

    region: str
    role: str
    state: str
    refusal: str
    lacks: int
    extra: int

    @property
    def follows(self) -> bool:
        """Whether it is a replica of the writer, with every row and no other, closed for writes."""
        in_place = (self.role, self.state) == ("standby", "available")
        return in_place and bool(self.refusal) and not self.lacks and not self.extra

    def __str__(self) -> str:
        """What was seen of it, in words."""
        writes = "refuses" if self.refusal else "takes"
        return (
            f"{self.region} is {self.role}, {self.state}, {writes} writes, lacks {self.lacks} rows "
            f"and has {self.extra} more"
        )


def look(
    member: MemberStatus,
    refusal: str,
    writers: Sequence[Row],
    read: Callable[[], Sequence[Row]],
    *,
    patience_s: float = CATCH_UP_S,
) -> Follower:
    """Compare a further standby with the writer, once it has had time to apply the last writes.

    Args:
        member: The further standby.
        refusal: Its answer to an attempt to write.
        writers: The writer's rows.
        read: Reads the member's rows.
        patience_s: How long it may take to have them all.

    Returns:
        What was seen. A member that is not available is not read, and lacks everything.
    """
    wanted, found = Counter(writers), Counter[Row]()

    def same() -> bool:
        found.clear()
        found.update(read())
        return found == wanted

    if member.state == "available":
        wait_until(same, patience_s)
    return Follower(
        member.region,
        member.role,
        member.state,
        refusal,
        lacks=(wanted - found).total(),
        extra=(found - wanted).total(),
    )


def requirements(followers: Sequence[Follower]) -> list[Requirement]:
    """What is promised of further standbys.

    Args:
        followers: All of them.

    Returns:
        One requirement, or none where there are none.
    """
    if not followers:
        return []
    lost = [str(one) for one in followers if not one.follows]
    regions = ", ".join(one.region for one in followers)
    return [
        Requirement(
            id="standbys-follow",
            promise="each further standby follows the writer, has its rows and refuses writes",
            outcome="fail" if lost else "pass",
            observed="; ".join(lost) or f"{regions}: every row, read-only",
        )
    ]


def with_members(settings: Settings, count: int) -> Settings:
    """A stack with a number of members.

    Args:
        settings: The stack file's, whose further standbys come first.
        count: Members in all, 2 or more.

    Returns:
        The settings with so many further standbys added or left out. Their ranges are the regions'
        own where the stack file does not give enough.
    """
    regions, network = settings.regions, settings.network
    spare = (region for region in REGIONS if region not in regions.all)
    further = (*regions.further_standbys, *spare)[: count - len(regions.pair)]
    cidrs = network.further_cidrs[: len(further)]
    return settings.model_copy(
        update={
            "regions": regions.model_copy(update={"further_standbys": further}),
            "network": network.model_copy(
                update={"further_cidrs": cidrs if len(cidrs) == len(further) else ()}
            ),
        }
    )
