"""`bicoastal check`: everything that is wrong with a stack file, before anything is deployed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bicoastal.cli.operating import Endpoint, tell

if TYPE_CHECKING:
    from bicoastal.settings.loading import Look
    from bicoastal.settings.output.plain import Style
    from bicoastal.settings.output.results import Results

_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}
_PROJECT_FILES = {"Pulumi.yaml", "Pulumi.yml"}


class Format(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE",
            help="Stack files. Without any, every Pulumi.*.yaml of the current folder.",
        ),
    ] = None,
    form: Annotated[
        Format,
        typer.Option(
            "--format", help="sarif for code scanning, github for annotations in a pull request."
        ),
    ] = Format.TEXT,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail, too.")] = False,
    select: Annotated[
        list[str] | None,
        typer.Option("--select", metavar="ID", help="Only these rules, such as BC203 or BC2."),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="ID", help="Not these rules.")
    ] = None,
    explain: Annotated[
        str | None,
        typer.Option("--explain", metavar="ID", help="Explain one rule, with examples, and stop."),
    ] = None,
    list_rules: Annotated[
        bool, typer.Option("--list-rules", help="List the rules that are chosen, and stop.")
    ] = False,
    live: Annotated[
        bool,
        typer.Option("--live", help="Ask an AWS account, too. Nothing is written there."),
    ] = False,
    endpoint: Endpoint = None,
) -> None:
    """Name every mistake in stack files, with its place, reason, cure and source.

    Needs neither AWS nor Pulumi, unless --live. Exit code 0: no error (warnings are allowed unless
    --strict; what --live could not find out is a warning). 1: errors. 2: bad usage.

    '# bicoastal: ignore BC204 -- the reason' at the end of a finding's line, or alone on a line
    above it, silences that finding.
    """
    if as_json and form not in {Format.TEXT, Format.JSON}:
        raise typer.BadParameter("--json and --format name different forms; give one of them")
    if endpoint and not live:
        raise typer.BadParameter("--endpoint-url says whom --live asks; give --live, too")
    chosen = Format.JSON if as_json else form
    rules = _rules(select, ignore)
    if explain is not None or list_rules:
        _describe(explain, rules, chosen)
        return
    paths = files or _stack_files_here()
    for path in paths:
        _refuse_what_is_no_stack_file(path)
    from bicoastal.settings.loading import review_stack_file, without_looking
    from bicoastal.settings.output.results import Results

    look = _looker(endpoint) if live else without_looking
    reviews = [review_stack_file(path, deploying=True, look=look) for path in paths]
    results = Results.of([str(path) for path in paths], reviews, rules)
    _write(_renderer(chosen)(results))
    raise typer.Exit(0 if results.passes(strict=strict) else 1)


def _looker(endpoint: list[str] | None) -> Look:
    """What reads the account; it needs boto3, which a check without --live does not."""
    from bicoastal.live.looking import looker

    return looker(endpoint or (), tell)


def _rules(select: list[str] | None, ignore: list[str] | None) -> frozenset[str]:
    """The ids of the rules that count."""
    from bicoastal.settings.selection import rule_ids

    chosen = rule_ids(select) if select else rule_ids(["BC"])
    return chosen - rule_ids(ignore) if ignore else chosen


def _stack_files_here() -> list[Path]:
    found = sorted(path for path in Path().glob("Pulumi.*.yaml") if path.is_file())
    if not found:
        raise typer.BadParameter(
            "there is no stack file (Pulumi.<stack>.yaml) in this folder; name one"
        )
    return found


def _refuse_what_is_no_stack_file(path: Path) -> None:
    if path.name in _PROJECT_FILES:
        raise typer.BadParameter(
            f"{path} is the project's file; a stack file is called Pulumi.<stack>.yaml"
        )
    if path.is_dir():
        raise typer.BadParameter(f"{path} is a folder; name a stack file in it")
    if not path.exists():
        raise typer.BadParameter(f"{path} does not exist; name a stack file")


def _describe(explain: str | None, rules: frozenset[str], form: Format) -> None:
    """Explain one rule or list the rules."""
    if form not in {Format.TEXT, Format.JSON}:
        raise typer.BadParameter(f"rules are described as text or JSON, not as {form}")
    from bicoastal.settings.catalogue import RULES
    from bicoastal.settings.output import rules as view
    from bicoastal.settings.selection import one_rule

    if explain is not None:
        rule = one_rule(explain)
        text = view.render(view.explain(rule), _style())
        _write(view.as_json([rule]) if form is Format.JSON else text)
        return
    listed = [rule for rule_id, rule in RULES.items() if rule_id in rules]
    text = view.render_list(listed, _style())
    _write(view.as_json(listed) if form is Format.JSON else text)


def _renderer(form: Format) -> Callable[[Results], str]:
    if form is Format.JSON:
        from bicoastal.settings.output import machine

        return machine.render
    if form is Format.SARIF:
        from bicoastal.settings.output import sarif

        return sarif.render
    if form is Format.GITHUB:
        from bicoastal.settings.output import github

        return github.render
    from bicoastal.settings.output import plain

    return lambda results: plain.render(results, _style())


def _style() -> Style:
    """Colours on a terminal, none elsewhere."""
    if not sys.stdout.isatty():
        return lambda text, _role: text
    return _painted


def _painted(text: str, role: str) -> str:
    if role in _COLOURS:
        return typer.style(text, fg=_COLOURS[role], bold=True)
    return typer.style(text, bold=True) if role == "place" else typer.style(text, dim=True)


def _write(text: str) -> None:
    """Print text; what the output's encoding lacks is written as escapes."""
    encoding = sys.stdout.encoding or "utf-8"
    typer.echo(text.encode(encoding, "backslashreplace").decode(encoding), nl=False)
