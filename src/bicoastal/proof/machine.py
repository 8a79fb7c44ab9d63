"""The small world's rules: what may happen next, in every state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

from bicoastal.failover import decision
from bicoastal.failover.state import Policy, Record, State
from bicoastal.proof import humans, rules, world
from bicoastal.proof.looking import Decided, look, topology
from bicoastal.proof.values import (
    CUT,
    HOME,
    MEMBERS,
    NOBODY,
    NOW,
    OK,
    TICK_S,
    Move,
    Slot,
    Spot,
    Use,
    canonical,
)

STEP_TICKS = 1
"""How long an invocation may stand still between two steps: less than the cooldown."""
_PROMOTED = (State.PROMOTING, State.LOCKED)
INVOCATIONS = 2


_Seen = tuple[str, Decided, Slot | None]


class Machine:
    """The rules, and the numbers that stand for records and outcomes.

    Args:
        policies: the two controllers' policies.
        use: how the controllers use the decision.
        invocations: how many of them may be under way at the same time.
        honest: no witness lies or is silent, RDS always answers.
        switches: humans also move the writer as planned.
    """

    def __init__(
        self,
        policies: tuple[Policy, Policy],
        use: Use,
        invocations: int = INVOCATIONS,
        *,
        honest: bool = False,
        switches: bool = True,
    ) -> None:
        self._honest = honest
        self._switches = switches
        self._policies = policies
        self._use = use
        self._invocations = invocations
        self.records: list[Record] = []
        self._numbers: dict[Record, int] = {}
        self._outcomes: list[tuple[int, Decided, int]] = []
        self._outcome_numbers: dict[tuple[object, ...], int] = {}
        self._later: dict[int, int] = {}
        self._later_outcome: dict[int, int] = {}
        self._looks: dict[tuple[object, ...], list[_Seen]] = {}
        self._verdicts: dict[tuple[int, int, int], tuple[str | None, str]] = {}
        self._quick: dict[tuple[object, ...], list[_Seen]] = {}
        self._asked: dict[tuple[int, int], list[tuple[str, int, bool]]] = {}

    def start(self) -> Spot:
        """Installed, disarmed, and everybody is well."""
        record = self._number(canonical(Record("global", HOME, since=NOW)))
        return Spot(record, (OK, OK), 0, NOBODY, 0, False, False, False, ())

    def moves(self, spot: Spot) -> Iterator[Move]:
        """Every transition out of a state.

        Args:
            spot: the state.

        Yields:
            The transitions.
        """
        yield self._tick(spot)
        yield from self._looks_of(spot)
        for position, slot in enumerate(spot.slots):
            rest = spot.slots[:position] + spot.slots[position + 1 :]
            yield Move("an invocation ends where it is", spot._replace(slots=rest))
            if slot.step == "write":
                yield from self._write(spot, slot, rest)
            elif slot.step == "latch":
                yield self._put(spot._replace(slots=rest), slot)
            elif slot.step == "check":
                yield self._check(spot, slot, rest)
            else:
                yield from self._call(spot, slot, rest)
        yield from world.moves_of(spot)
        yield from self._humans(spot)

    # --- numbers

    def _number(self, record: Record) -> int:
        number = self._numbers.setdefault(record, len(self.records))
        if number == len(self.records):
            self.records.append(record)
        return number

    def _outcome(self, decided: Decided, epochs: int) -> int:
        """The number of an outcome to be written; `epochs` is by how much the epoch rises."""
        new = cast("Record", decided.record)
        number = self._number(new)
        key = (number, decided.promote, decided.latch, decided.page, epochs)
        found = self._outcome_numbers.setdefault(key, len(self._outcomes))
        if found == len(self._outcomes):
            self._outcomes.append((number, decided, epochs))
        return found

    # --- time

    def _tick(self, spot: Spot) -> Move:
        slots = spot.slots
        if slots:
            slots = tuple(sorted(filter(None, map(self._older, slots))))
        later = spot._replace(record=self._later_number(spot.record), slots=slots)
        return Move("a tick passes", later, helps=True)

    def _later_number(self, number: int) -> int:
        if number not in self._later:
            self._later[number] = self._number(canonical(self.records[number], TICK_S))
        return self._later[number]

    def _older(self, slot: Slot) -> Slot | None:
        if slot.age >= STEP_TICKS:
            return None
        slot = slot._replace(age=slot.age + 1)
        if slot.step != "write":
            return slot
        if slot.what not in self._later_outcome:
            _, decided, epochs = self._outcomes[slot.what]
            record = canonical(cast("Record", decided.record), TICK_S)
            self._later_outcome[slot.what] = self._outcome(decided._replace(record=record), epochs)
        return slot._replace(what=self._later_outcome[slot.what])

    # --- the controllers

    def _looks_of(self, spot: Spot) -> Iterator[Move]:
        if len(spot.slots) >= self._invocations:
            return
        record = self.records[spot.record]
        for region, name in enumerate(MEMBERS):
            if spot.members[region] == CUT or not decision.participates(record, name):
                continue
            for words, decided, slot in self._look(spot, record, region):
                if slot is None:
                    yield from self._perform(spot, decided, region, words, decided.honest)
                    continue
                begun = spot._replace(slots=_with(spot.slots, slot))
                yield Move(words, begun, decided.honest, decided.problem)
                if not self._use.waits_for_write and decided.promote != NOBODY:
                    call = Slot("call", region, decided.promote)
                    yield Move(
                        f"{words}; acts at once", spot._replace(slots=_with(spot.slots, call))
                    )

    def _look(self, spot: Spot, record: Record, region: int) -> list[_Seen]:
        """The outcomes of a look, kept by what the evidence can depend on."""
        redirecting = record.state is State.REDIRECTING and spot.dns
        untold = spot.paged and not record.noticed
        quick = (*spot[:4], redirecting, spot.diverged, untold, region)
        seen = self._quick.get(quick)
        if seen is None:
            seen = self._quick[quick] = self._look_once(spot, record, region, redirecting, untold)
        return seen

    def _look_once(
        self, spot: Spot, record: Record, region: int, redirecting: int, untold: bool
    ) -> list[_Seen]:
        key = (
            spot.record,
            region,
            spot.members[MEMBERS.index(decision.subject(record))] == OK,
            spot.members[MEMBERS.index(record.writer)] == OK,
            spot.members[0] == CUT,
            spot.members[1] == CUT,
            topology(spot, record, region),
            redirecting,
            untold,
        )
        if key not in self._looks:
            self._looks[key] = [
                self._seen(decided, record, region)
                for decided in look(spot, record, region, self._policies[region])
                if decided.honest or not self._honest
            ]
        return self._looks[key]

    def _seen(self, decided: Decided, record: Record, region: int) -> _Seen:
        words = f"{MEMBERS[region]}'s controller looks: {decided.words}"
        if decided.record is None:
            return words, decided, None
        epochs = decided.record.epoch - record.epoch
        number = self._outcome(decided._replace(record=canonical(decided.record)), epochs)
        return words, decided, Slot("write", region, number)

    def _write(self, spot: Spot, slot: Slot, rest: tuple[Slot, ...]) -> Iterator[Move]:
        number, decided, epochs = self._outcomes[slot.what]
        problem, words = self._judged(spot.record, slot)
        written = self._written(spot, number, rest, epochs)
        yield Move(f"{words} and ends", written, problem=problem)
        yield from self._perform(written, decided, slot.region, words, True)

    def _judged(self, record: int, slot: Slot) -> tuple[str | None, str]:
        """The invariant that a write breaks, and the write in words."""
        key = (record, slot.region, slot.what)
        if key not in self._verdicts:
            number, _, epochs = self._outcomes[slot.what]
            old, new = self.records[record], self.records[number]
            problem = rules.write_breaks(old, replace(new, epoch=old.epoch + epochs))
            state = f"{old.state}" if old.state is new.state else f"{old.state} -> {new.state}"
            self._verdicts[key] = (problem, f"{MEMBERS[slot.region]}'s controller writes {state}")
        return self._verdicts[key]

    def _written(self, spot: Spot, number: int, others: tuple[Slot, ...], epochs: int) -> Spot:
        """The record is replaced; whoever else is under way becomes stale."""
        old, new = self.records[spot.record], self.records[number]
        slots = []
        for other in others:
            if other.step == "write" and self._use.conditional:
                continue  # it will find another version and lose
            slots.append(other._replace(stale=max(other.stale, 2 if epochs else 1)))
        kept = old.state is new.state and (
            new.state in (State.HELD, State.LOCKED) or new.noticed or new.bad_rounds > 0
        )
        return spot._replace(
            record=number,
            slots=tuple(sorted(slots)),
            paged=spot.paged and kept,
            promoted=spot.promoted and not epochs and new.state in _PROMOTED,
        )

    def _perform(
        self, spot: Spot, decided: Decided, region: int, words: str, helps: bool
    ) -> Iterator[Move]:
        """The actions: all of them, or up to where the invocation ends, or without the latch."""
        if decided.promote != NOBODY:
            # The record is read again just before; whoever waits with that does no more than a
            # later invocation that asks again, so only what follows it takes time here.
            slot = Slot("call" if self._use.rereads else "check", region, decided.promote)
            asking = spot._replace(slots=_with(spot.slots, slot))
            yield Move(f"{words}, asks RDS to promote", asking, helps)
            return
        paged = spot._replace(paged=spot.paged or decided.page)
        if decided.page:
            yield Move(f"{words}, pages and ends", paged)
        if not self._use.stamped:
            slot = Slot("latch", region, decided.latch)
            yield Move(
                f"{words}, is to put the latch",
                paged._replace(slots=_with(spot.slots, slot)),
            )
        problem = rules.put_breaks(self.records[spot.record], decided.latch)
        yield Move(f"{words}, acts", paged._replace(dns=decided.latch), helps, problem)

    def _put(self, spot: Spot, slot: Slot) -> Move:
        return Move(
            f"{MEMBERS[slot.region]}'s controller puts the latch late",
            spot._replace(dns=slot.what),
            problem=rules.put_breaks(self.records[spot.record], slot.what),
        )

    def _check(self, spot: Spot, slot: Slot, rest: tuple[Slot, ...]) -> Move:
        words = f"{MEMBERS[slot.region]}'s controller asks RDS, without a look at the record"
        call = slot._replace(step="call", age=0)
        return Move(words, spot._replace(slots=_with(rest, call)), helps=True)

    def _call(self, spot: Spot, slot: Slot, rest: tuple[Slot, ...]) -> Iterator[Move]:
        """RDS accepts or refuses; the answer arrives and is noted, or it does not."""
        target = slot.what if self._use.fixed_target else 1 - spot.writer
        words = f"RDS is asked to promote {MEMBERS[target]}"
        asked = spot._replace(slots=rest)
        noted = self._written(asked, spot.record, rest, 0)._replace(paged=spot.paged)
        if spot.target == NOBODY and target != spot.writer and spot.members[target] == OK:
            problem = rules.call_breaks(spot, self.records[spot.record], slot, target)
            yield Move(
                f"{words}, accepts, no answer", asked._replace(target=target), False, problem
            )
            yield Move(f"{words}, accepts", noted._replace(target=target), True, problem)
        if not slot.stale:
            yield Move(f"{words}, refuses", noted)

    # --- the world and its humans

    def _humans(self, spot: Spot) -> Iterator[Move]:
        sure = spot.target == NOBODY and all(slot.step != "call" for slot in spot.slots)
        for words, number, names_writer in self._requests(spot.record, spot.writer):
            if names_writer and not sure:
                continue
            epochs = names_writer and self.records[spot.record].writer != MEMBERS[spot.writer]
            written = self._written(spot, number, spot.slots, int(epochs))
            yield Move(words, written)
        if (
            self._switches
            and sure
            and spot.members == (OK, OK)
            and rules.held(self.records[spot.record])
        ):
            moved = spot._replace(writer=1 - spot.writer)
            yield Move("RDS switches over, as a human asked", moved)

    def _requests(self, number: int, writer: int) -> list[tuple[str, int, bool]]:
        key = (number, writer)
        if key not in self._asked:
            self._asked[key] = [
                (asked.words, self._number(canonical(asked.record)), asked.names_writer)
                for asked in humans.requests_of(
                    self.records[number], MEMBERS[writer], switches=self._switches
                )
            ]
        return self._asked[key]


def _with(slots: tuple[Slot, ...], slot: Slot) -> tuple[Slot, ...]:
    return tuple(sorted((*slots, slot))) if slots else (slot,)
