"""`bicoastal report`: drills' records as a page, pictures and JUnit XML."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bicoastal.cli.destination import writable_file, write_text


def report(
    records: Annotated[
        list[Path],
        typer.Argument(
            metavar="JSON...",
            help="Records that 'bicoastal drill --json' wrote, one or several a file: one drill is "
            "shown in full, two are compared, more are shown as a distribution.",
        ),
    ],
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            callback=writable_file,
            help="Where the page goes; beside the first record if left out.",
        ),
    ] = None,
    png: Annotated[
        Path | None,
        typer.Option("--png", metavar="FOLDER", help="Also the charts as PNG; needs Chromium."),
    ] = None,
    junit: Annotated[
        Path | None,
        typer.Option(
            "--junit",
            metavar="FILE",
            callback=writable_file,
            help="Also JUnit XML, one test case a requirement ('-' for standard output).",
        ),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json",
            metavar="FILE",
            callback=writable_file,
            help="Also the summary of the recovery times as JSON ('-' for standard output).",
        ),
    ] = None,
) -> None:
    """Write one HTML page about one or several drills; it needs no network and no other file.

    Exit code 0 means that everything was written, whatever the drills' verdicts are; 2 means bad
    usage or a file that is no record.
    """
    from bicoastal.lab.report import junit as junit_xml
    from bicoastal.lab.report.experiment import mutants
    from bicoastal.lab.report.pages import figures, page
    from bicoastal.lab.report.reading import read_drills
    from bicoastal.lab.report.runs import groups, told

    drills = read_drills(records)
    if html is None:
        html = _beside(records)
        writable_file(html)
    write_text(page(drills), html)
    summary = groups(drills)
    if junit is not None:
        write_text(junit_xml.render(drills), junit)
    if json_file is not None:
        write_text(json.dumps([asdict(group) for group in summary], indent=2) + "\n", json_file)
    if "-" not in {str(html), str(junit), str(json_file)}:
        for line in told(summary):
            typer.echo(line)
        if broken := mutants(drills):
            noticed = sum(each.noticed for each in broken)
            typer.echo(f"mutants: {noticed} of {len(broken)} noticed")
        typer.echo(f"page: {html}")
    if png is not None:
        from bicoastal.lab.report.pictures import write_pictures

        for picture in write_pictures(figures(drills), png):
            typer.echo(f"picture: {picture}", err=True)


def _beside(records: list[Path]) -> Path:
    first = records[0]
    if len(records) == 1:
        return first.with_suffix(".html")
    if len(records) == 2:
        return first.with_name(f"{first.stem}-and-{records[1].stem}.html")
    return first.with_name("drills.html")
