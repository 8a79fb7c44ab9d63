"""The guards and gates of the decision, each a small pure function that can be broken on its own.

A guard answers a question about the votes or the record; a gate says what is red, in words, or
None. The tests replace them one by one and expect to notice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bicoastal.failover.state import Policy, Record, State
from bicoastal.failover.votes import Evidence, Verdict, Vote


@dataclass(frozen=True)
class Tally:
    """The witnesses that count, by what they say; a witness that says UP and DOWN says UP.

    Attributes:
        up: they say UP.
        down: they say DOWN.
        unknown: all others.
        ailing: of those that say UP, the ones that clients could not write for.
        barred: the member does not let them in; someone has to repair that.
        words: every vote, in words.
    """

    up: tuple[str, ...]
    down: tuple[str, ...]
    unknown: tuple[str, ...]
    ailing: tuple[str, ...]
    barred: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class View:
    """What one step looks at."""

    record: Record
    evidence: Evidence
    now: float
    policy: Policy
    votes: Tally

    @property
    def elapsed(self) -> float:
        """Seconds in this state; never negative, whatever the clocks of other invocations say."""
        return max(0.0, self.now - self.record.since)


def subject(record: Record) -> str:
    """Which member the witnesses are to probe.

    Args:
        record: the record as it was read.

    Returns:
        The member's region: the writer, or during a promotion the target.
    """
    if record.state is State.PROMOTING and record.target_region is not None:
        return record.target_region
    return record.writer


def is_fresh(vote: Vote, evidence: Evidence, now: float, policy: Policy) -> bool:
    """A vote counts only while it is young, also when the step itself comes late."""
    return vote.age_s + max(0.0, now - evidence.taken_at) <= policy.vote_max_age_s


def counts_down(vote: Vote) -> bool:
    """Only DOWN counts as DOWN; UNKNOWN never does."""
    return vote.verdict is Verdict.DOWN


def vetoes(vote: Vote) -> bool:
    """Any UP vetoes, also from an overloaded or read-only member: it is alive."""
    return vote.verdict is Verdict.UP


def ails(vote: Vote) -> bool:
    """Alive, but of no use to clients: overloaded, closed for writes, or the canary failed."""
    return vetoes(vote) and (vote.overloaded or vote.read_only is True or vote.written is False)


def tally(record: Record, evidence: Evidence, now: float, policy: Policy) -> Tally:
    """Count the fresh votes about the member in question, one per witness."""
    about = subject(record)
    votes = [v for v in evidence.votes if v.member == about and is_fresh(v, evidence, now, policy)]
    up = {v.witness for v in votes if vetoes(v)}
    down = {v.witness for v in votes if counts_down(v)} - up
    unknown = {v.witness for v in evidence.votes} - up - down
    ailing = {v.witness for v in votes if ails(v)}
    barred = {v.witness for v in votes if v.needs_repair}
    words = ", ".join(f"{v.witness} {v.verdict} ({v.reason})" for v in evidence.votes)
    up_, down_, unknown_, ailing_, barred_ = (
        tuple(sorted(group)) for group in (up, down, unknown, ailing, barred)
    )
    return Tally(up_, down_, unknown_, ailing_, barred_, words or "no vote")


def confirmed(votes: Tally, policy: Policy) -> bool:
    """A bad round: a quorum says DOWN and nobody says UP."""
    return len(votes.down) >= policy.quorum and not votes.up


def unseen(votes: Tally) -> bool:
    """Nobody says UP.

    That is no ground to abandon a writer, but it is one to page when there is no standby left: the
    lost member is what a witness would prove its own connection with, so none can say DOWN.
    """
    return not votes.up


def contested(votes: Tally, policy: Policy) -> bool:
    """A quorum says DOWN, but somebody says UP."""
    return len(votes.down) >= policy.quorum and bool(votes.up)


def troubled(votes: Tally, policy: Policy) -> bool:
    """A person's case: a quorum finds the writer alive but useless, or a witness is not let in.

    A writer that answers is never abandoned without a person: a hand on `read_only`, a full disk
    and storage that stalls are repaired sooner than lost writes are, and load follows the clients.
    """
    return len(votes.ailing) >= policy.quorum or bool(votes.barred)


def continues(record: Record, now: float, policy: Policy) -> bool:
    """The run of bad rounds has no hole in which nobody looked."""
    return record.last_bad_at is not None and now - record.last_bad_at <= policy.max_gap_s


def window_served(record: Record, now: float, policy: Policy) -> bool:
    """At least m consecutive bad rounds that span at least (m - 1) T + g."""
    return (
        record.first_bad_at is not None
        and record.bad_rounds >= policy.threshold
        and now - record.first_bad_at >= policy.window_s
    )


def reconfirmed(record: Record, evidence: Evidence, now: float, policy: Policy) -> bool:
    """The evidence after the claim: only DOWN votes that were asked for since then count."""
    newer = tuple(
        v
        for v in evidence.votes
        if v.verdict is not Verdict.DOWN or evidence.taken_at - v.age_s >= record.since
    )
    return confirmed(tally(record, replace(evidence, votes=newer), now, policy), policy)


def stopped(record: Record, now: float) -> str | None:
    """Why the failover may not even be considered, or None."""
    if not record.armed:
        return "disarmed"
    if record.maintenance_until is not None and held_still(record, now):
        return f"in maintenance for another {record.maintenance_until - now:.0f} s"
    return None


def held_still(record: Record, now: float) -> bool:
    """In maintenance: what changes meanwhile is somebody's work."""
    return record.maintenance_until is not None and now < record.maintenance_until


def attended(record: Record, now: float) -> bool:
    """Somebody is at work on the database this very moment, and sees what becomes of it."""
    return record.held_until is not None and now < record.held_until


def redeployed(record: Record, policy: Policy) -> bool:
    """Other code or another configuration looks than that under which all was seen to be well.

    When every witness says DOWN right after a change, the change is the likelier cause.
    """
    return bool(record.deployment) and record.deployment != policy.deployment


def moved(record: Record, evidence: Evidence) -> str | None:
    """The region that is the writer without the record knowing it, or None."""
    topology = evidence.topology
    if topology is None or not topology.settled or topology.writer in (None, record.writer):
        return None
    return topology.writer


def clean(votes: Tally, record: Record, evidence: Evidence, policy: Policy) -> bool:
    """A quorum says UP, nobody says DOWN or ails or is barred, and the API agrees."""
    topology = evidence.topology
    return (
        len(votes.up) >= policy.quorum
        and not votes.down
        and not votes.ailing
        and not votes.barred
        and topology is not None
        and topology.settled
        and topology.writer == record.writer
        and topology.standby_ready
    )


def reached(record: Record, votes: Tally, policy: Policy) -> bool:
    """The target's own witness reaches it; a quorum does, where the target has none."""
    if record.target_region in policy.further:
        return len(votes.up) >= policy.quorum
    return record.target_region in votes.up


def verified(record: Record, evidence: Evidence, votes: Tally, policy: Policy) -> bool:
    """The API calls the target the writer, it is reached, and nobody's write fails."""
    topology = evidence.topology
    return (
        topology is not None
        and topology.settled
        and topology.writer == record.target_region
        and reached(record, votes, policy)
        and not any(
            v.read_only or v.written is False
            for v in evidence.votes
            if v.member == record.target_region
        )
    )


def promotion_missing(record: Record, evidence: Evidence, policy: Policy) -> bool:
    """The API is sure that no failover is under way and that the target is not the writer."""
    topology = evidence.topology
    return (
        policy.region == record.target_region
        and topology is not None
        and topology.settled
        and topology.writer != record.target_region
    )


def redirected(record: Record, evidence: Evidence, policy: Policy) -> bool:
    """Enough regions have accepted the latch's new value."""
    return evidence.latch_value == record.latch and evidence.latch_regions >= policy.latch_quorum


def rejoined(record: Record, evidence: Evidence) -> bool:
    """This controller's own member is a healthy standby of the writer that the record names."""
    topology = evidence.topology
    return (
        topology is not None
        and topology.settled
        and topology.writer == record.writer
        and topology.standby_ready
        and topology.connected
    )


def home_is_writer(writer: str, policy: Policy) -> int:
    """The latch's value."""
    return int(writer == policy.home_region)


# --- gates: each gives what is red, or None ---------------------------------------------------


def approved(record: Record, now: float) -> bool:
    """A human's approval, while it lasts."""
    return record.approved_until is not None and now < record.approved_until


def gate_armed(view: View) -> str | None:
    """Armed, and not in maintenance."""
    return stopped(view.record, view.now)


def gate_standby(view: View) -> str | None:
    """There is something to promote, the API answers, and nothing else is under way."""
    topology = view.evidence.topology
    if topology is None:
        return "the RDS API of this region does not answer, so the standby is unknown"
    if not topology.settled:
        return f"the global database is changing (towards {topology.failover_target})"
    if topology.writer != view.record.writer or view.policy.region == view.record.writer:
        return f"the API calls {topology.writer} the writer, the record {view.record.writer}"
    return None if topology.standby_ready else "the standby is not available or has no instance"


def gate_version(view: View) -> str | None:
    """The standby runs the very version of the global database: Aurora MySQL refuses any other.

    Source:
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-upgrade.html
    """
    topology = view.evidence.topology
    if topology is None or topology.versions is None:
        return None  # a silent API is the standby's gate
    own, whole = topology.versions
    if own == whole:
        return None
    return f"the standby runs {own}, the global database {whole}: RDS would refuse the failover"


def gate_pair(view: View) -> str | None:
    """The writer is one of the pair between which the controllers fail over."""
    writer = view.record.writer
    if writer not in view.policy.further:
        return None
    return (
        f"the writer is in {writer}, a further standby's region: the automation only observes, and "
        "a person decides (failover --to, or failback)"
    )


def gate_cooldown(view: View) -> str | None:
    """Time has passed since the last failover."""
    last = view.record.last_failover_at
    if last is None or view.now - last >= view.policy.cooldown_s:
        return None
    return f"cooldown for another {last + view.policy.cooldown_s - view.now:.0f} s"


def gate_acknowledged(view: View) -> str | None:
    """One automatic failover until a human has acknowledged it."""
    return None if view.record.acknowledged else "the last failover has not been acknowledged"


def gate_mode(view: View) -> str | None:
    """The mode lets the controller act, or a human approves."""
    if view.policy.mode == "automatic":
        return None
    if view.policy.mode == "approve":
        return None if approved(view.record, view.now) else "waiting for a human's approval"
    return f"mode is {view.policy.mode}: nothing is done"


def gate_lag(view: View) -> str | None:
    """The last good lag is young enough and within the budget, or a human accepts the loss."""
    lag, age, policy = view.evidence.lag_s, view.evidence.lag_age_s, view.policy
    if approved(view.record, view.now):
        return None
    if lag is None or age is None:
        return "the replication lag is unknown" if policy.lag_required else None
    if age > policy.lag_max_age_s:
        return f"the last good replication lag ({lag:.1f} s) is {age:.0f} s old"
    if lag > policy.rpo_budget_s:
        return f"replication lag {lag:.1f} s exceeds the budget of {policy.rpo_budget_s:g} s"
    return None


def gate_observed(view: View) -> str | None:
    """Every further gate was seen green."""
    red = [o for o in view.evidence.observations if o.green is not True]
    return "; ".join(f"{o.gate}: {o.detail}" for o in red) or None


GATES: tuple[Callable[[View], str | None], ...] = (
    gate_armed,
    gate_standby,
    gate_cooldown,
    gate_acknowledged,
    gate_mode,
    gate_lag,
    gate_observed,
    gate_version,
    gate_pair,
)


def red_gates(view: View) -> str:
    """What is red, in words; empty when all gates are green."""
    return "; ".join(red for gate in GATES if (red := gate(view)) is not None)
