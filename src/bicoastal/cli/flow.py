"""What the commands share that change the database: plan, show, ask, carry out, be interrupted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import typer

from bicoastal.cli import operating

if TYPE_CHECKING:
    from bicoastal.failover.state import Record
    from bicoastal.failover.store import RecordStore
    from bicoastal.operate.access import Access
    from bicoastal.operate.conduct import Conduct


class Plan(Protocol):
    """What a plan of any of them says of itself."""

    @property
    def cluster(self) -> str:
        """The name that a person types to go on."""

    @property
    def refusals(self) -> tuple[str, ...]:
        """Why it is not done; empty when it can be."""

    @property
    def done(self) -> bool:
        """Whether there is nothing to do."""


PlanT = TypeVar("PlanT", bound=Plan)


@dataclass(frozen=True)
class Asked:
    """The options that all of them take.

    Attributes:
        requester: who asks; None finds out.
        reason: why.
        yes: do not ask for the name.
        dry: only plan.
        as_json: print JSON.
        hold_s: see `operate.conduct`.
    """

    requester: str | None
    reason: str
    yes: bool
    dry: bool
    as_json: bool
    hold_s: float = 0.0


@dataclass(frozen=True)
class Flow(Generic[PlanT]):
    """One command's own part.

    Attributes:
        plan: looks at everything, and writes nothing.
        show: prints a plan, as text or JSON, on standard error if so asked.
        warning: what a person should know before going on.
        carry_out: does it.
        interrupted: what Ctrl-C leaves behind.
        shows_refused: whether a refused plan is shown, or its refusals only.
    """

    plan: Callable[[RecordStore, float], PlanT]
    show: Callable[[PlanT, bool, bool], None]
    warning: Callable[[PlanT], str]
    carry_out: Callable[[RecordStore, PlanT, Conduct], Record]
    interrupted: str
    shows_refused: bool = True


def follow(access: Access, flow: Flow[PlanT], asked: Asked) -> tuple[PlanT, Record]:
    """Plan it, and carry it out if it can be done and a person agrees.

    Args:
        access: the way to the stack.
        flow: the command's part.
        asked: its options.

    Returns:
        The plan, and the record at the end.

    Raises:
        typer.Exit: 0 only planned, or done already; 1 refused, failed, or another name typed; 130
            interrupted.
    """
    from bicoastal.operate.conduct import Conduct

    pace = operating.pace()
    with operating.answers():
        store, region = access.open(operating.tell)
        plan = flow.plan(store, pace)
        if asked.dry or plan.done:
            flow.show(plan, asked.as_json, False)
            raise typer.Exit(1 if plan.refusals and not plan.done else 0)
        asks = not plan.refusals and not asked.yes
        if asks or (plan.refusals and flow.shows_refused):
            flow.show(plan, False, True)
        if asks:
            warning = flow.warning(plan)
            operating.confirm(f"{warning}. Type {plan.cluster} to go on", plan.cluster)
        requester = asked.requester or access.requester(region)
        conduct = Conduct(requester, asked.reason, asked.hold_s, pace, operating.tell)
        try:
            return plan, flow.carry_out(store, plan, conduct)
        except KeyboardInterrupt:
            operating.tell(flow.interrupted)
            raise typer.Exit(130) from None
