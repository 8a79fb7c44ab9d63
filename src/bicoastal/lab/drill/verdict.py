"""The verdict: what was observed, held against what the configuration promises. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bicoastal.lab.drill import followers
from bicoastal.lab.drill.pages import PageSent
from bicoastal.lab.drill.replication import Replication
from bicoastal.lab.drill.report import (
    DnsAnswer,
    MemberState,
    Outcome,
    RecoveryTime,
    Requirement,
    Writes,
)
from bicoastal.lab.scenarios import Expectation

STEADY_SHARE = 0.99
"""Share of writes that must succeed before the fault, else the drill proves nothing."""


@dataclass(frozen=True)
class Observed:
    """What a drill saw. Times are seconds after the fault.

    Attributes:
        expect: What must be seen.
        dns_mode: `latch`, `health-check` or `global-endpoint`.
        home: Region of the member that was lost.
        standby: Region of the member that should take over.
        steady_share: Share of acknowledged writes before the fault, 0 to 1.
        refused_after_fault: Writes that failed or stayed unanswered after the fault.
        promotions: Regions that were promoted, in order.
        verified_at_s: When the controller had verified the new writer; None if it never did.
        recovery: The outage and its parts; None if no write reached a new writer.
        writes: The oracle's judgement.
        replication: When a write was acknowledged.
        rpo_budget_s: Largest age of a lost acknowledgement that the settings accept, in seconds.
        dns: Changes of the answer, in order.
        healed_at_s: When the old member was brought back; None if it was not.
        old_member: The old member at the end.
        audit_intact: Whether the audit trail's hash chain holds, and every change in it follows
            from its evidence.
        final_state: State of the decision record at the end.
        serving: Region of the last acknowledged write, if it is recent; None if nobody serves.
        pages: What humans were told since the fault.
        told: Every reason of the audit trail.
        leftovers: What the destruction left behind.
        further: The further standbys at the end.
    """

    expect: Expectation
    dns_mode: str
    home: str
    standby: str
    steady_share: float
    refused_after_fault: int
    promotions: tuple[str, ...]
    verified_at_s: float | None
    recovery: RecoveryTime | None
    writes: Writes
    rpo_budget_s: float
    replication: Replication
    dns: tuple[DnsAnswer, ...]
    healed_at_s: float | None
    old_member: MemberState
    audit_intact: bool
    final_state: str
    serving: str | None
    pages: tuple[PageSent, ...]
    told: str
    leftovers: tuple[str, ...]
    further: tuple[followers.Follower, ...] = ()


def judge(seen: Observed) -> list[Requirement]:
    """Hold every promise against what was seen.

    Args:
        seen: What the drill saw.

    Returns:
        One requirement a promise, those of the scenario's expectation among them. Only the latch
        can promise when DNS moves: with the classical pair (`dns.mode: health-check`) Route 53
        decides alone, with `global-endpoint` RDS does.
    """
    return [
        _steady(seen),
        *_fault_felt(seen),
        *(_failed_over(seen) if seen.expect.promotion else _stayed(seen)),
        _nothing_invented(seen),
        _record_tells(seen),
        *_others(seen),
        *followers.requirements(seen.further),
        _nothing_left(seen),
    ]


def passed(requirements: list[Requirement]) -> bool:
    """Tell whether no requirement failed."""
    return all(requirement.outcome != "fail" for requirement in requirements)


def _requirement(name: str, promise: str, kept: bool, observed: str) -> Requirement:
    outcome: Outcome = "pass" if kept else "fail"
    return Requirement(id=name, promise=promise, outcome=outcome, observed=observed)


def _failed_over(seen: Observed) -> list[Requirement]:
    return [
        _one_promotion(seen),
        _clients_write_again(seen),
        _loss_within_budget(seen),
        _dns_after_promotion(seen),
        _dns_never_back(seen),
        _old_member_harmless(seen),
    ]


def _stayed(seen: Observed) -> list[Requirement]:
    moved = [answer.region for answer in seen.dns if answer.region != seen.home]
    return [
        _requirement(
            "no-promotion",
            "nobody is promoted",
            not seen.promotions,
            "promoted: " + (", ".join(seen.promotions) or "none"),
        ),
        _requirement(
            "nothing-lost",
            "no acknowledged write is lost",
            not seen.writes.lost,
            f"{len(seen.writes.lost)} of {seen.writes.acknowledged} acknowledged lost",
        ),
        _promised_by_latch(
            seen,
            "dns-unmoved",
            f"DNS goes on pointing to {seen.home}",
            not any(region == seen.standby for region in moved),
            f"answers: {', '.join(dict.fromkeys(a.region for a in seen.dns))}",
        ),
    ]


def _others(seen: Observed) -> list[Requirement]:
    """What a scenario may ask for besides."""
    expect, found = seen.expect, []
    if expect.paged is not None:
        subjects = ", ".join(dict.fromkeys(page.subject for page in seen.pages))
        promise = "a human is told" if expect.paged else "nobody is woken"
        kept = bool(seen.pages) == expect.paged
        found.append(_requirement("paged", promise, kept, subjects or "no page"))
    if expect.page_says:
        kept = any(expect.page_says in page.subject for page in seen.pages)
        observed = "somebody was" if kept else "nobody was"
        promise = f"a human is told: {expect.page_says}"
        found.append(_requirement("page-says", promise, kept, observed))
    if expect.serving is not None:
        region = seen.home if expect.serving == "home" else seen.standby
        found.append(
            _requirement(
                "serving",
                f"clients write to {region} at the end",
                seen.serving == region,
                f"{seen.serving or 'nobody'} acknowledges writes",
            )
        )
    if expect.told:
        kept = expect.told in seen.told
        observed = "it does" if kept else "it does not"
        found.append(_requirement("told", f"the audit trail says: {expect.told}", kept, observed))
    if expect.divergent is not None:
        number = len(seen.writes.divergent)
        promise = "writes that only the old primary has are " + (
            "found and listed" if expect.divergent else "impossible"
        )
        kept = bool(number) == expect.divergent
        found.append(_requirement("divergence", promise, kept, f"{number} divergent writes"))
    return found


def _steady(seen: Observed) -> Requirement:
    return _requirement(
        "steady-state",
        "clients write without trouble before the fault",
        seen.steady_share >= STEADY_SHARE,
        f"{seen.steady_share:.1%} of the writes acknowledged",
    )


def _fault_felt(seen: Observed) -> list[Requirement]:
    felt = True if seen.expect.promotion else seen.expect.felt
    if felt is None:
        return []
    return [
        _requirement(
            "fault-felt",
            "the fault really stops the clients" if felt else "clients notice nothing",
            (seen.refused_after_fault > 0) == felt,
            f"{seen.refused_after_fault} writes refused or unanswered after it",
        )
    ]


def _one_promotion(seen: Observed) -> Requirement:
    return _requirement(
        "one-promotion",
        f"exactly one promotion, of {seen.standby}",
        seen.promotions == (seen.standby,),
        "promoted: " + (", ".join(seen.promotions) or "none"),
    )


def _clients_write_again(seen: Observed) -> Requirement:
    observed = (
        "no client wrote to a new writer"
        if seen.recovery is None
        else f"first acknowledged write {seen.recovery.total_s:.2f} s after the fault"
    )
    return _requirement(
        "clients-recover",
        "clients write again in the other region through the same name",
        seen.recovery is not None,
        observed,
    )


def _nothing_invented(seen: Observed) -> Requirement:
    phantom, duplicates = len(seen.writes.phantom), len(seen.writes.duplicates)
    return _requirement(
        "nothing-invented",
        "no refused write is present, none is present twice",
        phantom == 0 and duplicates == 0,
        f"{phantom} phantom, {duplicates} duplicate",
    )


def _loss_within_budget(seen: Observed) -> Requirement:
    if seen.replication is Replication.SEMI_SYNC:
        promise = "no acknowledged write is lost: the standby had received each"
        kept = not seen.writes.lost
    else:
        promise = f"acknowledged writes lost are at most {seen.rpo_budget_s:g} s old, and listed"
        kept = seen.writes.rpo_s <= seen.rpo_budget_s
    return _requirement(
        "loss-within-budget",
        promise,
        kept,
        f"{len(seen.writes.lost)} of {seen.writes.acknowledged} acknowledged lost, "
        f"the oldest {seen.writes.rpo_s:.3f} s before the fault",
    )


def _first_standby_answer(seen: Observed) -> DnsAnswer | None:
    return next((answer for answer in seen.dns if answer.region == seen.standby), None)


def _dns_after_promotion(seen: Observed) -> Requirement:
    name = "dns-after-promotion"
    promise = "DNS points to the standby only after its promotion was verified"
    first = _first_standby_answer(seen)
    if first is None:
        return _requirement(name, promise, False, "DNS never pointed to the standby")
    observed = f"DNS moved at {first.at_s:.2f} s, " + (
        "no promotion was verified"
        if seen.verified_at_s is None
        else f"promotion was verified at {seen.verified_at_s:.2f} s"
    )
    kept = seen.verified_at_s is not None and first.at_s >= seen.verified_at_s
    return _promised_by_latch(seen, name, promise, kept, observed)


def _dns_never_back(seen: Observed) -> Requirement:
    name = "dns-never-back"
    promise = "DNS does not go back by itself when the old member returns"
    first = _first_standby_answer(seen)
    back = [
        answer
        for answer in seen.dns
        if first is not None and answer.at_s > first.at_s and answer.region != seen.standby
    ]
    if seen.healed_at_s is None:
        return _requirement(name, promise, False, "the old member was not brought back")
    observed = (
        f"went back to {back[0].region} at {back[0].at_s:.2f} s"
        if back
        else f"no change after the return at {seen.healed_at_s:.2f} s"
    )
    return _promised_by_latch(seen, name, promise, not back, observed)


def _promised_by_latch(
    seen: Observed, name: str, promise: str, kept: bool, observed: str
) -> Requirement:
    if seen.dns_mode != "latch":
        return Requirement(id=name, promise=promise, outcome="not promised", observed=observed)
    return _requirement(name, promise, kept, observed)


def _old_member_harmless(seen: Observed) -> Requirement:
    old = seen.old_member
    divergent = len(seen.writes.divergent)
    return _requirement(
        "old-member-harmless",
        "the old primary comes back as a replica and refuses writes; its extra writes are listed",
        old.role == "standby" and old.state == "available" and not old.accepts_writes,
        f"{old.region} is {old.role}, {old.state}, "
        f"{'accepts' if old.accepts_writes else 'refuses'} writes; {divergent} divergent writes "
        f"listed, {seen.writes.divergent_acknowledged} of them had been acknowledged",
    )


def _record_tells(seen: Observed) -> Requirement:
    return _requirement(
        "record-intact",
        "the audit trail is intact, replays through the decision, and the automation rests",
        seen.audit_intact and seen.final_state in seen.expect.states,
        f"audit trail {'intact' if seen.audit_intact else 'BROKEN'}, state {seen.final_state}",
    )


def _nothing_left(seen: Observed) -> Requirement:
    return _requirement(
        "nothing-left",
        "destroying the stack leaves nothing behind",
        not seen.leftovers,
        f"{len(seen.leftovers)} left" + "".join(f"; {name}" for name in seen.leftovers[:5]),
    )
