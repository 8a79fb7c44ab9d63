"""`bicoastal audit`: what was decided, by whom, and whether the trail is whole."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import typer

from bicoastal.cli import operating

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bicoastal.failover.audit import Entry


def audit(
    stack: operating.Stack = None,
    region: operating.Region = None,
    endpoint: operating.Endpoint = None,
    as_json: operating.AsJson = False,
) -> None:
    """Print the audit trail and verify its chain of hashes.

    Exit code 0 means that the trail is whole and ends in the record as it is, 1 that somebody
    changed it or nobody answered, 2 bad usage.
    """
    access = operating.open_access(operating.Where(stack, region, endpoint), replicas=True)
    from bicoastal.operate.judgement import trail_problems

    with operating.answers():
        store, asked = access.open(operating.tell)
        entries = store.audit()
        problems = trail_problems(store.read(), entries)
    if as_json:
        values = {
            "cluster": access.target.names.global_cluster,
            "asked": asked,
            "intact": not problems,
            "problems": problems,
            "entries": [dataclasses.asdict(entry) for entry in entries],
        }
        typer.echo(json.dumps(values, indent=2))
    else:
        _print(entries)
        for problem in problems:
            typer.echo(f"TAMPERED: {problem}")
        if not problems:
            typer.echo(f"{len(entries)} entries, the chain is intact (asked {asked})")
    raise typer.Exit(1 if problems else 0)


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
