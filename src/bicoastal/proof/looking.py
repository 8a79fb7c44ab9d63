"""One look of a controller: every evidence that it may find, and what the decision makes of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from bicoastal.failover import decision
from bicoastal.failover.state import Page, Policy, Promote, Record, SetLatch, State
from bicoastal.failover.votes import Depth, Evidence, Topology, Verdict, Vote
from bicoastal.proof.values import ARNS, CUT, MEMBERS, NOBODY, NOW, OK, TICK_S, WITNESSES, Spot

# U is UP, D is DOWN, ? is UNKNOWN; A is UP from a member that is alive but of no use (overloaded,
# read-only, or its canary failed), B is UNKNOWN from a witness that is not let in.
_VOTES = {
    "U": Vote("", "", Verdict.UP, Depth.GREETING, ""),
    "A": Vote("", "", Verdict.UP, Depth.CANARY, "", read_only=True, written=False),
    "D": Vote("", "", Verdict.DOWN, Depth.GREETING, ""),
    "?": Vote("", "", Verdict.UNKNOWN, Depth.NONE, ""),
    "B": Vote("", "", Verdict.UNKNOWN, Depth.LOGIN, "", needs_repair=True),
}
_LAGS: tuple[tuple[str, float | None, float | None], ...] = (
    ("", None, None),
    (", lag too old", 1.0, 10_000.0),
    (", lag too large", 99.0, 1.0),
)
_BEFORE_INTENT = (State.SUSPECT, State.HELD, State.FENCING)


class Found(NamedTuple):
    """One evidence, and how it came about.

    Attributes:
        words: for the trace.
        evidence: what `step` gets.
        honest: nobody lied, was silent or came late.
    """

    words: str
    evidence: Evidence
    honest: bool


class Decided(NamedTuple):
    """What a look led to.

    Attributes:
        words: for the trace.
        record: the record to write, or None when it stays as it is.
        promote: index of the member to promote, or NOBODY.
        latch: index of the member that the latch names.
        page: somebody is to be paged.
        honest: it can come of an honest look.
        problem: the invariant that the decision breaks, or None.
    """

    words: str
    record: Record | None
    promote: int
    latch: int
    page: bool
    honest: bool
    problem: str | None


def look(spot: Spot, record: Record, region: int, policy: Policy) -> list[Decided]:
    """Everything that one look of a controller may lead to.

    Args:
        spot: the state of the world.
        record: its record.
        region: index of the controller's member.
        policy: the controller's policy.

    Returns:
        The different outcomes, honest ones first.
    """
    outcomes: dict[tuple[object, ...], Decided] = {}
    for found in sorted(_finds(spot, record, region), key=lambda found: not found.honest):
        decided = _decide(spot, record, found, policy)
        outcomes.setdefault(decided[1:5] + decided[6:], decided)
    return list(outcomes.values())


def _decide(spot: Spot, record: Record, found: Found, policy: Policy) -> Decided:
    step = decision.step(record, found.evidence, NOW, policy)
    promote, latch, page = NOBODY, spot.dns, False
    for action in step.actions:
        if isinstance(action, Promote):
            promote = [*ARNS.values()].index(action.target_arn)
        elif isinstance(action, SetLatch):
            latch = 1 - action.value
        elif isinstance(action, Page):
            page = True
    changed = None if step.record == record else step.record
    problem = _grounds(spot, record, changed, found.evidence, policy) if changed else None
    if promote != NOBODY and step.record.target_region != MEMBERS[promote]:
        problem = "I11: the call names another target than the record"
    return Decided(found.words, changed, promote, latch, page, found.honest, problem)


def _finds(spot: Spot, record: Record, region: int) -> Iterator[Found]:
    about = MEMBERS.index(decision.subject(record))
    truth = "U" if spot.members[about] == OK else "D"
    named = about if record.state is State.PROMOTING else NOBODY
    blind = (spot.members[0] == CUT, spot.members[1] == CUT)
    described = topology(spot, record, region)
    topologies = {", RDS silent": None, ", RDS answers" if described else "": described}
    latches: list[tuple[int | None, int]] = [(None, 0)]
    if record.state is State.REDIRECTING and spot.dns == MEMBERS.index(record.writer):
        latches = [(record.latch, 2), (None, 0)]
    pages = (True, False) if spot.paged and not record.noticed else (False,)
    for (letters, age_s, honest), (said, known), (
        lagged,
        lag,
        lag_age,
    ), put, paged in itertools.product(
        _votings(truth, named, blind), topologies.items(), _LAGS, latches, pages
    ):
        if lagged and (
            record.state not in _BEFORE_INTENT or letters.count("D") < 2 or known is None
        ):
            continue  # the lag is a gate, and gates are asked after a bad round only
        yield Found(
            f"{letters}{' stale' if age_s else ''} about {MEMBERS[about]}{said}{lagged}",
            Evidence(
                taken_at=NOW,
                votes=_votes(letters, MEMBERS[about], age_s),
                topology=known,
                lag_s=lag,
                lag_age_s=lag_age,
                latch_value=put[0],
                latch_regions=put[1],
                paged=paged,
            ),
            honest and known is described and not lagged and put is latches[0],
        )


@cache
def _votings(
    truth: str, named: int, blind: tuple[bool, bool]
) -> tuple[tuple[str, float, bool], ...]:
    """Letters of the three witnesses, their age, and whether all said what is true.

    Each says the truth or nothing, except that one at most may lie; whoever's region is cut off
    cannot be heard. A member that is well may still ail, for all witnesses. Stale votes may say
    anything. The guards count witnesses, and only the
    verification asks for a particular one (`named`): the others are exchangeable, so of the
    orders of their letters one is kept.
    """
    cut = (*blind, False)
    honest = "".join("?" if cut[index] else truth for index in range(3))
    found = {_exchanged(honest, named): honest}
    for said, liar in itertools.product({"U": "UA", "D": "D"}[truth], (NOBODY, 0, 1, 2)):
        says = (
            ("?",) if cut[index] else tuple(_VOTES) if index == liar else (said, "?")
            for index in range(3)
        )
        for letters in itertools.product(*says):
            found.setdefault(_exchanged(letters, named), "".join(letters))
    fresh = [(letters, 0.0, letters == honest) for letters in found.values()]
    return (*fresh, ("DDD", TICK_S, False), ("UUU", TICK_S, False))


def _exchanged(letters: Sequence[str], named: int) -> tuple[str, ...]:
    """What the letters have in common with every exchange of the witnesses that is not named."""
    others = sorted(letter for index, letter in enumerate(letters) if index != named)
    return (letters[named] if named != NOBODY else "", *others)


@cache
def _votes(letters: str, about: str, age_s: float) -> tuple[Vote, ...]:
    return tuple(
        replace(_VOTES[letter], witness=witness, member=about, age_s=age_s)
        for witness, letter in zip(WITNESSES, letters, strict=True)
    )


def topology(spot: Spot, record: Record, region: int) -> Topology | None:
    """What RDS says to the controller of a region, when it answers.

    Args:
        spot: the state of the world.
        record: its record.
        region: index of the controller's member.

    Returns:
        The topology, which is never a lie; None in states that do not ask for it.
    """
    if record.state in (State.COOLDOWN, State.LOCKED):
        return None
    return Topology(
        writer=MEMBERS[spot.writer],
        settled=spot.target == NOBODY,
        failover_target=None if spot.target == NOBODY else ARNS[MEMBERS[spot.target]],
        standby_ready=region != spot.writer and spot.members[region] == OK and not spot.diverged,
        connected=record.state is State.REJOINING
        and spot.members == (OK, OK)
        and not spot.diverged,
    )


def _grounds(
    spot: Spot, old: Record, new: Record, evidence: Evidence, policy: Policy
) -> str | None:
    """The invariant about a decision's grounds that it breaks, judged by what is true."""
    if new.state is State.REDIRECTING and old.state is not State.REDIRECTING:
        moved = spot.target == NOBODY and MEMBERS[spot.writer] == new.writer
        return None if moved else "I5: DNS would move before the promotion is verified"
    if new.state is State.REJOINING and old.state is State.COOLDOWN and not old.acknowledged:
        return "I2: the lock opens without a human's acknowledgement"
    claim = new.state is State.FENCING and old.state is not State.FENCING
    intent = new.state is State.PROMOTING and old.state is not State.PROMOTING
    if not claim and not intent:
        return None
    fresh = [vote for vote in evidence.votes if vote.age_s <= policy.vote_max_age_s]
    topology, lag, lag_age = evidence.topology, evidence.lag_s, evidence.lag_age_s
    approved = old.approved_until is not None and old.approved_until > NOW
    budget = lag is None or (
        lag <= policy.rpo_budget_s and lag_age is not None and lag_age <= policy.lag_max_age_s
    )
    broken = {
        "I3: somebody says UP": any(vote.verdict is Verdict.UP for vote in fresh),
        "I13: no quorum says DOWN": sum(v.verdict is Verdict.DOWN for v in fresh) < policy.quorum,
        "I4: the writer was well": spot.members[MEMBERS.index(old.writer)] == OK,
        "I7: disarmed": not old.armed,
        "I7: in maintenance": old.maintenance_until is not None,
        "I7: in the cooldown": old.last_failover_at is not None,
        "I2: the last failover is not acknowledged": not old.acknowledged,
        "I9: the loss is not within the budget": not budget and not approved,
        "nobody has approved": policy.mode == "approve" and not approved,
        "the standby is not ready": topology is None or not topology.standby_ready,
        "I11: the target is not the controller's own member": new.target_arn != policy.arn,
        "I4: the window is not served": claim
        and (
            old.state not in (State.SUSPECT, State.HELD)
            or (old.state is State.SUSPECT and NOW - old.since < policy.window_s)
        ),
        "I3: an intent without a claim": intent and old.state is not State.FENCING,
    }
    return next((name for name, is_broken in broken.items() if is_broken), None)
