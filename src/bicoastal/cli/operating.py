"""What the operator's commands share: options, the way to the stack, and how changes are shown."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bicoastal.errors import BicoastalError

if TYPE_CHECKING:
    from bicoastal.failover.state import Record
    from bicoastal.failover.store import RecordStore
    from bicoastal.operate.access import Access

Stack = Annotated[
    Path | None,
    typer.Option("--stack", metavar="FILE", help="Stack file; without it, the default settings."),
]
Region = Annotated[
    str | None,
    typer.Option(
        "--region",
        metavar="REGION",
        help="Ask only this member's region. Without it: the standby, then the home region.",
    ),
]
Endpoint = Annotated[
    list[str] | None,
    typer.Option(
        "--endpoint-url",
        metavar="URL",
        help="AWS's address, for a lab; REGION=URL for one region. AWS_ENDPOINT_URL does as well.",
    ),
]
Resolver = Annotated[
    str | None,
    typer.Option(
        "--resolver",
        metavar="HOST:PORT",
        help="Ask this DNS server; without it, this machine's resolver. Needs bicoastal[lab].",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", "-n", help="Say what would be done, and do nothing.")
]
Requester = Annotated[
    str | None,
    typer.Option(
        "--requester",
        metavar="WHO",
        help="Who asks, for the audit trail. Without it: the ARN of your AWS identity.",
    ),
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the audit trail.")]

_UNTOLD = ("version", "since", "first_bad_at", "last_bad_at", "bad_rounds", "clean_rounds")


@dataclass(frozen=True)
class Where:
    """The options that say which stack is meant and how it is reached."""

    stack: Path | None
    region: str | None
    endpoint: list[str] | None


def open_access(where: Where, *, dry: bool = False, any_topology: bool = False) -> Access:
    """Find the stack.

    Args:
        where: which one, and how.
        dry: never write.
        any_topology: also one in which nothing fails over.

    Returns:
        The way to it.

    Raises:
        BicoastalError: the stack file, a region or an address is wrong.
    """
    from bicoastal.operate.access import Access, endpoints
    from bicoastal.operate.target import Target
    from bicoastal.settings import load, load_stack_file

    settings = load({}) if where.stack is None else load_stack_file(where.stack)
    target = Target(settings, where.region, any_topology)
    return Access(target, endpoints(where.endpoint or ()), dry=dry)


@contextmanager
def answers() -> Iterator[None]:
    """Turn what was refused, and what did not answer, into a message and exit code 1."""
    from bicoastal.failover.errors import ConfigError, FailoverError
    from bicoastal.operate.errors import Refused

    try:
        yield
    except ConfigError:
        raise  # bad input: exit code 2
    except (FailoverError, Refused) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None


def tell(line: str) -> None:
    """Print a line of progress, on standard error.

    Args:
        line: what goes on.
    """
    typer.echo(line, err=True)


def confirm(question: str, name: str) -> None:
    """Ask for a name, so that nobody changes the wrong stack.

    Args:
        question: what is asked, on standard error.
        name: the right answer.

    Raises:
        typer.Exit: another answer; nothing was done.
    """
    if typer.prompt(question, err=True) != name:
        tell("that is not its name: nothing was done")
        raise typer.Exit(1)


def pace() -> float:
    """By how much durations are divided: `BICOASTAL_PACE`, for a lab."""
    from bicoastal.failover import config

    return config.pace(os.environ.get(config.PACE_VARIABLE))


def change(
    where: Where,
    asked: Callable[[RecordStore, str, float], Record],
    *,
    requester: str | None,
    reason: str,
    dry: bool,
    as_json: bool,
) -> None:
    """Ask for a change of the record, and show what changed.

    Args:
        where: the stack.
        asked: makes the change, given the store, who asks, and the time.
        requester: who asks; None finds out.
        reason: why.
        dry: only say what would change.
        as_json: print JSON.

    Raises:
        typer.Exit: refused, or nobody answered.
    """
    access = open_access(where, dry=dry, any_topology=True)
    with answers():
        store, region = access.open(tell)
        who = requester or access.requester(region)
        before = store.read()
        after = asked(store, who, time.time())
        show(before, after, who=who, reason=reason, region=region, dry=dry, as_json=as_json)


def show(
    before: Record,
    after: Record,
    *,
    who: str,
    reason: str,
    region: str,
    dry: bool,
    as_json: bool,
) -> None:
    """Show what a change did.

    Args:
        before: the record as found.
        after: the record as written.
        who: who asked.
        reason: why.
        region: whose API was asked.
        dry: it was not written.
        as_json: print JSON.
    """
    old, new = before.to_dict(), after.to_dict()
    if as_json:
        values = {
            "changed": after.version != before.version, "dry_run": dry, "asked": region,
            "requester": who, "reason": reason, "before": old, "after": new,
        }  # fmt: skip
        typer.echo(json.dumps(values, indent=2))
        return
    changes = {
        name: f"{word(old[name])} -> {word(new[name])}"
        for name in new
        if name not in _UNTOLD and new[name] != old[name]
    }
    for name, value in changes.items():
        typer.echo(f"{name.replace('_', ' '):<18} {value}")
    if after.version == before.version:
        typer.echo("nothing to change: it is so already")
    else:
        done = "would be written" if dry else "written"
        typer.echo(f"{done}: {after.cluster}, {after.state}, by {who} (asked {region})")


def word(value: Any) -> str:
    """A value of the record as one word.

    Args:
        value: the value.
    """
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return moment(value) if isinstance(value, float) else str(value)


def moment(at: float) -> str:
    """A time as people write it, in UTC.

    Args:
        at: seconds since the epoch.
    """
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(at))


def seconds(text: str) -> float:
    """Read a duration such as `2h`, `90m` or `1h30m`.

    Args:
        text: days, hours, minutes and seconds, each with its letter.

    Returns:
        Seconds.

    Raises:
        BicoastalError: not a duration, or none at all.
    """
    from bicoastal.settings import durations

    total = durations.seconds(text)
    if total is None:
        raise BicoastalError(f"{text!r} is not a duration; write 2h, 90m or 1h30m")
    return float(total)
