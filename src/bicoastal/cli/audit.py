"""`bicoastal audit`: what was decided, by whom, and whether the trail is whole."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Annotated

import typer

from bicoastal.cli import operating

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bicoastal.failover.audit import Entry

Replayed = Annotated[
    bool,
    typer.Option(
        "--replay",
        help="Run every entry through the decision again, with the controllers' configuration as"
        " deployed now; entries made under an earlier configuration may not follow.",
    ),
]


def audit(
    stack: operating.Stack = None,
    region: operating.Region = None,
    endpoint: operating.Endpoint = None,
    replayed: Replayed = False,
    as_json: operating.AsJson = False,
) -> None:
    """Print the audit trail, verify its chain of hashes and, with --replay, every decision.

    Exit code 0 means that the trail is whole, ends in the record as it is and (with --replay)
    follows from its evidence; 1 that it does not or nobody answered, 2 bad usage.
    """
    access = operating.open_access(operating.Where(stack, region, endpoint), any_topology=True)
    from bicoastal.operate.judgement import trail_problems

    with operating.answers():
        store, asked = access.open(operating.tell)
        entries = store.audit()
        problems = trail_problems(store.read(), entries)
        unfollowed: list[str] = []
        if replayed:
            from bicoastal.operate.replaying import replay_problems

            found = replay_problems(access, entries, operating.pace())
            unfollowed = [problem for problem in found if problem not in problems]
    if as_json:
        values = {
            "cluster": access.target.names.global_cluster,
            "asked": asked,
            "intact": not problems,
            "problems": problems,
            "does_not_follow": unfollowed if replayed else None,
            "entries": [dataclasses.asdict(entry) for entry in entries],
        }
        typer.echo(json.dumps(values, indent=2))
    else:
        _print(entries)
        for problem in problems:
            typer.echo(f"TAMPERED: {problem}")
        for problem in unfollowed:
            typer.echo(f"DOES NOT FOLLOW: {problem}")
        if not problems:
            typer.echo(f"{len(entries)} entries, the chain is intact (asked {asked})")
        if replayed and not unfollowed:
            typer.echo("every decision follows from its evidence")
    raise typer.Exit(1 if problems or unfollowed else 0)


def _print(entries: Sequence[Entry]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    head = ("#", "At", "State", "Epoch", "Who", "Why")
    table = Table(*head, box=None, header_style="bold", pad_edge=False)
    for entry in entries:
        same = entry.from_state == entry.to_state
        states = entry.to_state if same else f"{entry.from_state} -> {entry.to_state}"
        ids = "".join(f" [request {request}]" for request in entry.request_ids)
        table.add_row(
            str(entry.seq),
            operating.moment(entry.at),
            states,
            str(entry.epoch),
            escape(entry.requester),
            escape(entry.reason + ids),
        )
    Console(width=None if typer.get_text_stream("stdout").isatty() else 200).print(table)
