"""`bicoastal reap`: what has outlived its purpose, and away with it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bicoastal.cli import operating

if TYPE_CHECKING:
    from bicoastal.failover.gateway import Clients
    from bicoastal.live.expiry import Environment
    from bicoastal.operate.expired import Expired
    from bicoastal.operate.reaping import Outcome
    from bicoastal.settings.account import Unread

_HEADS = ("Environment", "Regions", "Age>", "Expires after>", "Overdue>", "USD/h>", "USD/month>")


def reap(
    regions: Annotated[
        list[str] | None,
        typer.Option(
            "--region",
            metavar="REGION",
            help="Look in this region; may be repeated. Without it: in all that the account has.",
        ),
    ] = None,
    destroy: Annotated[
        bool, typer.Option("--destroy", help="Destroy what has expired, one after the other.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask for each environment's name.")
    ] = False,
    stacks: Annotated[
        Path,
        typer.Option(
            "--stacks",
            metavar="FOLDER",
            file_okay=False,
            exists=True,
            help="Where the stack files (Pulumi.*.yaml) of what is destroyed are.",
        ),
    ] = Path(),
    endpoint: operating.Endpoint = None,
    as_json: operating.AsJson = False,
) -> None:
    """List every environment that has outlived its expiresAfter, and what it costs.

    Exit code 0 means that nothing has (or, with --destroy, that nothing of it is left), 1 that
    something has, that it was not destroyed, or that a region could not be read, 2 bad usage.
    """
    if yes and not destroy:
        msg = "--yes answers the question that --destroy asks"
        raise typer.BadParameter(msg)
    from bicoastal.live.expiry import find
    from bicoastal.operate.access import clients_of, endpoints
    from bicoastal.operate.expired import Expired, price_of

    clients = clients_of(endpoints(endpoint or ()))
    where = _regions(clients, regions)
    operating.tell(f"looking for environments in {', '.join(where)}")
    found, unread = find(clients, where)
    now = _now()
    expired = []
    for environment in found:
        if environment.has_expired(now):
            operating.tell(f"asking what {environment.suffix} costs")
            expired.append(Expired(environment, price_of(clients, environment)))
    living = [each for each in found if not each.has_expired(now)]
    if not as_json:
        _print(expired, living, unread, now)
    outcomes = [_destroyed(each, stacks, endpoint, yes) for each in expired if destroy]
    if as_json:
        typer.echo(json.dumps(_values(expired, living, unread, outcomes, now), indent=2))
    done = all(outcome.is_gone for outcome in outcomes) if destroy else not expired
    raise typer.Exit(0 if done and not unread else 1)


def _now() -> datetime:
    return datetime.now(UTC)


def _regions(clients: Clients, given: list[str] | None) -> tuple[str, ...]:
    """Where to look: what was named, each once, or every region of the account."""
    import boto3

    from bicoastal.live.expiry import FIRST_REGION, regions_of
    from bicoastal.operate.errors import BadRequest
    from bicoastal.settings import region_code
    from bicoastal.settings.account import Unread

    if given:
        for region in given:
            try:
                region_code(region)
            except ValueError as error:
                msg = f"--region: {error}"
                raise BadRequest(msg) from None
        return tuple(dict.fromkeys(given))
    found = regions_of(clients, boto3.session.Session().region_name or FIRST_REGION)
    if isinstance(found, Unread):
        msg = f"the account's regions are not known ({found.reason}): name them with --region"
        raise BadRequest(msg)
    return found


def _destroyed(one: Expired, stacks: Path, endpoint: list[str] | None, yes: bool) -> Outcome:
    """Destroy one environment, and tell what became of it."""
    from bicoastal.operate.access import endpoints
    from bicoastal.operate.reaping import destroy_expired

    name = one.environment.suffix

    def agree() -> None:
        if not yes:
            operating.confirm(f"All data of {name} goes. Type {name} to destroy it", name)

    outcome = destroy_expired(
        one.environment,
        stacks,
        endpoints(endpoint or ()),
        agree,
        now=_now(),
        pace=operating.pace(),
        tell=operating.tell,
    )
    if outcome.refused is not None:
        operating.tell(f"{name}: not destroyed: {outcome.refused}")
    for line in outcome.left:
        operating.tell(f"{name}: left: {line}")
    if outcome.is_gone:
        operating.tell(f"{name}: nothing is left")
    return outcome


def _print(
    expired: list[Expired], living: list[Environment], unread: tuple[Unread, ...], now: datetime
) -> None:
    from bicoastal.cli.cost_view import Row, money, table
    from bicoastal.settings.durations import shortly

    rows = []
    for one in expired:
        found, price = one.environment, one.price
        rows.append(
            Row(
                found.suffix,
                ", ".join(found.regions),
                shortly(found.age_s(now)),
                found.life,
                shortly(found.overdue_s(now)),
                "?" if price is None else str(price.hourly),
                "?" if price is None else money(price.monthly),
            )
        )
    typer.echo(table(_HEADS, rows) if rows else "nothing has expired")
    for each in living:
        limit = f"of {each.life}" if each.life_s else f"and its tag says {each.life!r}"
        typer.echo(f"lives: {each.suffix}, {shortly(each.age_s(now))} {limit}")
    for fact in unread:
        typer.echo(f"not read: {fact.reason}. {fact.cure}", err=True)


def _values(
    expired: list[Expired],
    living: list[Environment],
    unread: tuple[Unread, ...],
    outcomes: list[Outcome],
    now: datetime,
) -> dict[str, Any]:
    from bicoastal.operate.expired import described

    return {
        "schema": 1,
        "at": now.isoformat(),
        "expired": [one.to_dict(now) for one in expired],
        "living": [described(each, now) for each in living],
        "notRead": [fact._asdict() for fact in unread],
        "outcomes": [
            {
                "environment": outcome.suffix,
                "destroyed": outcome.is_gone,
                "refused": outcome.refused,
                "left": list(outcome.left),
            }
            for outcome in outcomes
        ],
    }
