"""The comparison as a table, and as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.peers.judging import Measured
from bicoastal.lab.scenarios import find

LIMITS = """\
every cell is one run on one machine: it shows kinds of behaviour, not distributions
route53, naive and bicoastal probe faster than real time by the pace; galera's and patroni's timers
  are their defaults and are not divided ("believes a loss after" says what each waited)
promotion: naive and bicoastal add the same modelled second for Aurora's own, galera and patroni
  promote really
patroni: another database, PostgreSQL, and its own asynchronous replication
galera: every member takes writes by design, so that two writers are no fault there; a commit
  costs a round trip between the regions, so that the clients write less
galera and patroni bring no DNS: a checker in the third region moves the clients' name, with the
  same interval (and, for galera, the same threshold)
distances are the same for everybody, 30 ms one way between regions; lost packets are repaired
stall: longest time that this machine itself stood still; figures below it say nothing
silent: longest time without any acknowledged write, to the end of the run if none came any more
"""


@dataclass(frozen=True)
class Cell:
    """One contestant under one scenario.

    Attributes:
        contestant: Its name.
        scenario: The scenario's name.
        measured: The figures; None if the run failed.
        problem: Why there are none.
    """

    contestant: str
    scenario: str
    measured: Measured | None
    problem: str = ""

    @property
    def false_failover(self) -> bool | None:
        """Whether clients were moved although the scenario asks for none; None for a failover."""
        if self.measured is None or find(self.scenario).expect.promotion:
            return None
        return self.measured.moved


def to_values(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """Give every cell as plain values."""
    return [asdict(cell) | {"false_failover": cell.false_failover} for cell in cells]


def print_cells(console: Console, cells: Sequence[Cell]) -> None:
    """Print one row a cell, grouped by scenario.

    Args:
        console: Where to.
        cells: The cells, in order.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("fault")
    table.add_column("contestant")
    for heading in (
        "RTO s",
        "silent s",
        "acked",
        "lost",
        "only on old",
        "two writers s",
        "stall s",
    ):
        table.add_column(heading, justify="right")
    table.add_column("failover", overflow="fold")
    before = ""
    for cell in sorted(cells, key=lambda each: _order(cells, each.scenario)):
        table.add_row("" if cell.scenario == before else cell.scenario, *_row(cell))
        before = cell.scenario
    console.print(table)


def print_totals(console: Console, cells: Sequence[Cell]) -> None:
    """Print one row a contestant: what it comes to over all scenarios.

    Args:
        console: Where to.
        cells: The cells.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("contestant")
    for heading in (
        "failovers done", "worst RTO s", "acked lost", "false failovers", "two writers s"
    ):  # fmt: skip
        table.add_column(heading, justify="right")
    for name in dict.fromkeys(cell.contestant for cell in cells):
        mine = [c for c in cells if c.contestant == name]
        known = [(c, c.measured) for c in mine if c.measured is not None]
        needed = [m for c, m in known if c.false_failover is None]
        spared = [c for c, _ in known if c.false_failover is not None]
        times = [m.rto_s for m in needed if m.rto_s is not None]
        doubles = [m.double_writer_s for _, m in known]
        table.add_row(
            name,
            f"{len(times)} of {len(needed)}",
            f"{max(times):.1f}" if times else "-",
            str(sum(m.lost for _, m in known)),
            f"{sum(bool(c.false_failover) for c in spared)} of {len(spared)}",
            "n/a" if None in doubles else f"{sum(d or 0.0 for d in doubles):.1f}",
        )
    console.print(table)


def _order(cells: Sequence[Cell], scenario: str) -> int:
    return [cell.scenario for cell in cells].index(scenario)


def _row(cell: Cell) -> tuple[str, ...]:
    seen = cell.measured
    if seen is None:
        return (
            cell.contestant,
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            escape(cell.problem.partition("\n")[0][:80]),
        )
    if cell.false_failover is None:
        outcome = (
            "yes"
            if seen.rto_s is not None
            else "NO: "
            + ("clients sent to a member that refused them" if seen.moved else "nothing moved")
        )
    else:
        outcome = "FALSE" if cell.false_failover else "none, rightly"
    return (
        cell.contestant,
        "-" if seen.rto_s is None or cell.false_failover is not None else f"{seen.rto_s:.1f}",
        f"{seen.silence_s:.1f}",
        str(seen.acknowledged),
        str(seen.lost),
        "?" if seen.divergent is None else str(seen.divergent),
        "n/a" if seen.double_writer_s is None else f"{seen.double_writer_s:.1f}",
        f"{seen.stall_s:.1f}",
        outcome,
    )
