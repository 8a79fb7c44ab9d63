"""Mutants: the decision, or the controller's use of it, broken in one place at a time.

Each has to be noticed by the exploration: by an invariant, or because no good end can be reached
any more. A mutant that survives means that the exploration is blind there. The decision's parts
are replaced in place, while the exploration runs, and put back afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

from bicoastal.failover import decision, guards
from bicoastal.failover.guards import View
from bicoastal.failover.state import Policy, Promote, Record, State, Step
from bicoastal.failover.votes import Evidence, Topology, Verdict, Vote
from bicoastal.proof.values import ARNS, HOME, SHIPPED, Use

AUTOMATIC, APPROVE = "automatic", "approve"


@dataclass(frozen=True)
class Mutant:
    """One way to break it.

    Attributes:
        name: what is broken, in words.
        use: how the controller uses the decision.
        parts: what is replaced: module, name, replacement.
        mode: the policy's mode in which it matters.
        invocations: how many controllers it takes to notice.
        honest: whether it is noticed without a lie; the search is smaller then.
        switches: it takes a planned switchover to notice.
    """

    name: str
    parts: tuple[tuple[Any, str, Any], ...] = ()
    use: Use = SHIPPED
    mode: str = AUTOMATIC
    invocations: int = 1
    honest: bool = False
    switches: bool = False

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Broken inside, whole again outside."""
        patches = [mock.patch.object(where, name, part) for where, name, part in self.parts]
        for patch in patches:
            patch.start()
        try:
            yield
        finally:
            for patch in patches:
                patch.stop()


def _guard(name: str, words: str, part: Callable[..., Any], **how: Any) -> Mutant:
    return Mutant(words, ((guards, name, part),), **how)


def _no_gate(name: str, words: str, **how: Any) -> Mutant:
    rest = tuple(gate for gate in guards.GATES if gate.__name__ != name)
    return Mutant(words, ((guards, "GATES", rest),), **how)


def _state(state: State, words: str, part: Callable[[View], Step]) -> Mutant:
    return Mutant(
        words,
        ((decision, "_STATES", {**decision._STATES, state: part}),),
        honest=True,
    )


_stopped = guards.stopped
_participates = decision.participates
_bad_round = decision._bad_round


def _yes(*_: Any) -> bool:
    return True


def _none(*_: Any) -> None:
    return None


def _up_and_well(vote: Vote) -> bool:
    return vote.verdict is Verdict.UP and not vote.read_only


def _stopped_by_maintenance(record: Record, now: float) -> str | None:
    return _stopped(replace(record, armed=True), now)


def _stopped_by_disarming(record: Record, _now: float) -> str | None:
    return None if record.armed else "disarmed"


def _lag_of_any_age(view: View) -> str | None:
    lag = view.evidence.lag_s
    return "too large" if lag is not None and lag > view.policy.rpo_budget_s else None


def _lag_of_any_size(view: View) -> str | None:
    age = view.evidence.lag_age_s
    return "too old" if age is not None and age > view.policy.lag_max_age_s else None


def _verified_by_votes(
    record: Record, _evidence: Evidence, votes: guards.Tally, _policy: Policy
) -> bool:
    return record.target_region in votes.up


def _fail_back(view: View) -> Step:
    """Serve from the home member again as soon as it is back."""
    topology: Topology | None = view.evidence.topology
    if view.record.writer != HOME and topology is not None and topology.connected:
        back = replace(view.record, writer=HOME, latch=1, state=State.OBSERVE)
        return Step(back, (), "home is back")
    return decision._rejoining(view)


def _latched_by_votes(view: View) -> Step:
    """Move DNS as soon as the target answers."""
    if view.record.target_region in view.votes.up:
        return Step(replace(view.record, latch=1 - view.record.latch), (), "the target answers")
    return decision._promoting(view)


def _claimed_at_once(view: View) -> Step:
    """Take the claim for the intent: promote without a second look."""
    claim = _bad_round(view)
    if claim.record.state is not State.FENCING:
        return claim
    return decision._intend(replace(view, record=claim.record))


def _promoting_for_ever(view: View) -> Step:
    """Never give a promotion up."""
    return decision._promoting(replace(view, record=replace(view.record, since=view.now)))


def _paged_once(_view: View, record: Record, page: Any) -> Step:
    """Note the page with the write that precedes it."""
    actions = () if record.noticed else (page,)
    return Step(decision._changed(record, noticed=True), actions, page.message)


def _rejoining_blind(view: View) -> Step:
    """Only wait for the standby, whatever happens to the writer."""
    waiting = Step(view.record, (), "waiting")
    back = guards.rejoined(view.record, view.evidence)
    return decision._rejoining(view) if back else waiting


def _standby_only(record: Record, region: str) -> bool:
    """Leave what a human says about the writer to the other region's controller."""
    if record.state is State.OBSERVE:
        return region != record.writer
    return _participates(record, region)


MUTANTS: tuple[Mutant, ...] = (
    _guard("counts_down", "UNKNOWN counted as DOWN", lambda vote: vote.verdict is not Verdict.UP),
    _guard("confirmed", "UP does not veto", lambda votes, policy: len(votes.down) >= policy.quorum),
    _guard("confirmed", "quorum of one", lambda votes, _: bool(votes.down) and not votes.up),
    _guard("vetoes", "an ailing member does not veto", _up_and_well),
    _guard(
        "counts_down",
        "a witness that is not let in counts as DOWN",
        lambda vote: vote.verdict is Verdict.DOWN or vote.needs_repair,
    ),
    _guard("is_fresh", "stale votes count", _yes),
    _guard("window_served", "window not served", _yes),
    _guard(
        "window_served",
        "window without its span",
        lambda record, _now, policy: record.bad_rounds >= policy.threshold,
    ),
    _guard("reconfirmed", "no re-check after the claim", _yes),
    Mutant("claim taken for the intent", ((decision, "_bad_round", _claimed_at_once),)),
    _guard("stopped", "disarm ignored", _stopped_by_maintenance),
    _guard("stopped", "maintenance ignored", _stopped_by_disarming),
    Mutant(
        "cooldown ignored",
        (
            (guards, "gate_cooldown", _none),
            (guards, "GATES", tuple(g for g in guards.GATES if g is not guards.gate_cooldown)),
        ),
    ),
    _guard("gate_acknowledged", "acknowledgement ignored", _none),
    _no_gate("gate_standby", "standby not looked at"),
    _no_gate("gate_lag", "lag ignored"),
    Mutant("lag age ignored", ((guards, "GATES", (*guards.GATES[:5], _lag_of_any_age)),)),
    Mutant("lag size ignored", ((guards, "GATES", (*guards.GATES[:5], _lag_of_any_size)),)),
    _guard("approved", "approval ignored", _yes, mode=APPROVE),
    _no_gate("gate_mode", "mode ignored", mode=APPROVE),
    _guard("verified", "promotion not verified", _yes),
    _guard("verified", "promotion verified by votes only", _verified_by_votes),
    _guard("redirected", "redirection not awaited", _yes),
    _guard("home_is_writer", "latch never moves", lambda _writer, _policy: 1),
    _state(State.PROMOTING, "latch set before verification", _latched_by_votes),
    _state(State.PROMOTING, "promotion never given up", _promoting_for_ever),
    _state(State.REJOINING, "fail-back when the old primary returns", _fail_back),
    _state(State.REJOINING, "second outage unseen while rejoining", _rejoining_blind),
    Mutant("target recomputed", ((decision, "Promote", lambda _arn: Promote(ARNS[HOME])),)),
    Mutant(
        "page noted before it is sent",
        ((decision, "_tell", _paged_once),),
        honest=True,
    ),
    Mutant(
        "unlock leaves DNS to a lost region",
        ((decision, "participates", _standby_only),),
        honest=True,
    ),
    Mutant(
        "a switchover left half-way pages nobody",
        ((decision, "_moved", lambda _view: None),),
        honest=True,
        switches=True,
    ),
    Mutant("no conditional write", use=Use(conditional=False), invocations=2),
    Mutant("no reading before the call", use=Use(rereads=False), invocations=2),
    Mutant("acts before it has written", use=Use(waits_for_write=False)),
    Mutant("latch speaks for when it arrives", use=Use(stamped=False), invocations=2),
    Mutant("call names whoever is the standby", use=Use(fixed_target=False), invocations=2),
)
