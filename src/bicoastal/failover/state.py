"""The values that the decision works on: record, policy, actions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from bicoastal.failover.config import ControllerConfig


class State(StrEnum):
    """Where the decision stands."""

    OBSERVE = "OBSERVE"  # disarmed: votes are gathered, nothing is done
    STEADY = "STEADY"  # armed, the writer is healthy
    SUSPECT = "SUSPECT"  # the writer looks bad, the window is being served
    HELD = "HELD"  # confirmed, but a gate is red: a human has been paged
    FENCING = "FENCING"  # claimed; the evidence is read once more
    PROMOTING = "PROMOTING"  # past the point of no return
    REDIRECTING = "REDIRECTING"  # the new writer is verified, DNS is being moved
    COOLDOWN = "COOLDOWN"  # serving from the new writer, automation is locked
    REJOINING = "REJOINING"  # acknowledged; the old member is on its way back
    LOCKED = "LOCKED"  # a step failed: only a human goes on from here


@dataclass(frozen=True)
class Record:
    """The one item that holds the decision's state.

    Attributes:
        cluster: global cluster identifier.
        writer: region of the writer, as the decision believes.
        epoch: counts promotions; it never falls.
        version: counts writes; every write is conditional on it.
        state: where the decision stands.
        since: when that state was entered, seconds since the epoch.
        armed: whether a human has armed the failover.
        target_region: region that is being, or was last, promoted.
        target_arn: ARN that the promotion names; fixed by the claim.
        first_bad_at: start of the current run of bad rounds.
        last_bad_at: its latest round.
        bad_rounds: its length, counted up to the threshold.
        clean_rounds: length of the current run of clean rounds before re-arming.
        noticed: somebody has been paged about the current run or state.
        latch: 1 while the home region is the writer, otherwise 0.
        last_failover_at: when the last failover was verified.
        acknowledged: a human has acknowledged the last failover.
        approved_until: a human approves a failover until then.
        maintenance_until: maintenance lasts until then.
        deployment: fingerprint of the code and configuration under which it became STEADY.
        held_by: who keeps the failover still while they work on the database, and for what.
        held_until: until then they are taken to be at work; they say so again and again.
    """

    cluster: str
    writer: str
    epoch: int = 1
    version: int = 0
    state: State = State.OBSERVE
    since: float = 0.0
    armed: bool = False
    target_region: str | None = None
    target_arn: str | None = None
    first_bad_at: float | None = None
    last_bad_at: float | None = None
    bad_rounds: int = 0
    clean_rounds: int = 0
    noticed: bool = False
    latch: int = 1
    last_failover_at: float | None = None
    acknowledged: bool = True
    approved_until: float | None = None
    maintenance_until: float | None = None
    deployment: str = ""
    held_by: str | None = None
    held_until: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON values."""
        return dataclasses.asdict(self)

    def settled(self) -> Self:
        """The record without what is written between two entries of the audit trail.

        That is the version, the latest of a run of bad rounds, and a worker's latest word.
        """
        return dataclasses.replace(self, version=0, last_bad_at=None, held_until=None)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Self:
        """Read what `to_dict` gave; unknown keys are ignored, missing ones get their default.

        Args:
            raw: JSON values.

        Returns:
            The record.

        Raises:
            ValueError: the state is not known, or cluster or writer are missing.
        """
        known = {f.name: raw[f.name] for f in dataclasses.fields(cls) if f.name in raw}
        try:
            return cls(**{**known, "state": State(raw["state"])})
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not a record ({type(error).__name__}: {error})") from None


@dataclass(frozen=True)
class Policy:
    """The configuration in the decision's terms; durations in real seconds.

    Attributes:
        region: the controller's own region, the only one that it may promote.
        arn: ARN of the member in that region.
        home_region: where the writer is meant to be.
        mode: observe, approve or automatic.
        interval_s: T.
        threshold: m.
        grace_s: g.
        quorum: q.
        cooldown_s: seconds after a failover without another one.
        rpo_budget_s: most lag, seconds of data, to fail over without a human; never scaled.
        promotion_timeout_s: until a promotion or redirection counts as failed.
        clean_rounds: clean rounds before STEADY.
        latch_quorum: regions that must accept the latch.
        vote_max_age_s: older votes are UNKNOWN.
        lag_max_age_s: an older lag is unknown; never scaled.
        lag_required: whether an unknown lag holds.
        further: members that no controller fails over from or to.
        deployment: fingerprint of the functions' code and configuration.
    """

    region: str
    arn: str
    home_region: str
    mode: str = "automatic"
    interval_s: float = 10.0
    threshold: int = 7
    grace_s: float = 30.0
    quorum: int = 2
    cooldown_s: float = 3600.0
    rpo_budget_s: float = 30.0
    promotion_timeout_s: float = 900.0
    clean_rounds: int = 3
    latch_quorum: int = 2
    vote_max_age_s: float = 20.0
    lag_max_age_s: float = 600.0
    lag_required: bool = False
    further: tuple[str, ...] = ()
    deployment: str = ""

    @property
    def window_s(self) -> float:
        """(m - 1) T + g: how long the writer must have been bad, seconds."""
        return (self.threshold - 1) * self.interval_s + self.grace_s

    @property
    def max_gap_s(self) -> float:
        """Bad rounds further apart than this are not consecutive, seconds."""
        return 3 * max(self.interval_s, self.vote_max_age_s / 2)

    @property
    def claim_timeout_s(self) -> float:
        """How long a claim may wait for its second look, seconds.

        Long enough for the next invocation to continue after a crash, short enough that the
        window which the claim rests on is still the present.
        """
        return max(self.window_s, 3 * self.vote_max_age_s)

    @classmethod
    def of(cls, config: ControllerConfig, pace: float = 1.0) -> Self:
        """The policy that a configuration asks for.

        Args:
            config: the controller's configuration.
            pace: by how much durations are divided.

        Returns:
            The policy.
        """
        return cls(
            region=config.region,
            arn=config.members[config.region].arn,
            home_region=config.home_region,
            mode=config.mode,
            interval_s=config.probe_interval_s / pace,
            threshold=config.threshold,
            grace_s=config.grace_s / pace,
            quorum=config.quorum,
            cooldown_s=config.cooldown_s / pace,
            rpo_budget_s=config.rpo_budget_s,
            promotion_timeout_s=config.promotion_timeout_s / pace,
            clean_rounds=config.clean_rounds,
            latch_quorum=config.latch.quorum,
            # A vote is gathered within its timeout; twice that leaves room for a slow round.
            vote_max_age_s=2 * max(config.probe_interval_s / pace, config.vote_timeout(pace)),
            # Seconds of data, and the minutes in which CloudWatch keeps them, have no pace.
            lag_max_age_s=config.lag_max_age_s,
            lag_required=config.lag_required,
            further=config.further,
            deployment=config.deployment,
        )


@dataclass(frozen=True)
class Gather:
    """Look again at once, without waiting for the next round."""


@dataclass(frozen=True)
class Promote:
    """Ask RDS to promote the member with this ARN, accepting data loss."""

    target_arn: str


@dataclass(frozen=True)
class SetLatch:
    """Put this value into the latch's metric, in every region that can be reached."""

    value: int


@dataclass(frozen=True)
class Page:
    """Wake a human."""

    subject: str
    message: str


Action = Gather | Promote | SetLatch | Page


@dataclass(frozen=True)
class Step:
    """What the decision says.

    Attributes:
        record: the record to write; the same object when nothing changes.
        actions: what to do once it is written.
        reason: why, in words.
    """

    record: Record
    actions: tuple[Action, ...]
    reason: str
