"""Inline ignores: comments in a stack file that silence a finding, with a reason.

    instanceClass: db.r9g.large  # bicoastal: ignore BC204 -- offered to us since October

The comment stands on the finding's line, or alone on a line above it. It silences the report of
`bicoastal check`; it does not make `pulumi up` accept what is an error.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from bicoastal.settings.draft import Fault
from bicoastal.settings.findings import Finding
from bicoastal.settings.keys import nearest
from bicoastal.settings.secrecy import printable

FORM = "# bicoastal: ignore BC204 -- the reason"

_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")  # the line breaks that PyYAML's marks count
_COMMENT = re.compile(r"#[ \t]*bicoastal:[ \t]*ignore\b(?P<rest>.*)")
_WORDS = re.compile(r"[^\s,]+")
_LIKE_AN_ID = re.compile(r"[A-Za-z]+[0-9]+")
_LONGEST_WORD = 20
_MOST_GUESSES = 50  # a guess takes a millisecond


@dataclass(frozen=True)
class Ignore:
    """One comment that can silence findings.

    Attributes:
        ids: the rules.
        reason: why.
        applies_to: the line whose findings it silences.
        line: the line on which it stands.
        column: the column of its `#`.
    """

    ids: tuple[str, ...]
    reason: str
    applies_to: int
    line: int
    column: int


@dataclass(frozen=True)
class Ignored:
    """A finding that a comment has silenced.

    Attributes:
        finding: the finding.
        reason: the comment's reason.
    """

    finding: Finding
    reason: str


def find(
    text: str, scalars: Iterable[tuple[int, int]], known: Collection[str]
) -> tuple[list[Ignore], list[Fault]]:
    """Find the comments of a stack file.

    Args:
        text: the file's text.
        scalars: where its scalars begin and end; a `#` in one of them begins no comment.
        known: the ids of the rules that exist.

    Returns:
        The ignores that have an effect, and what is wrong with them and with the others.
    """
    ignores: list[Ignore] = []
    faults: list[Fault] = []
    if "bicoastal:" not in text or "#" not in text:
        return ignores, faults
    spans = sorted(scalars)
    begins = [begin for begin, _ in spans]
    lines, start = [], 0
    for match in _BREAK.finditer(text):
        lines.append((start, text[start : match.start()]))
        start = match.end()
    lines.append((start, text[start:]))
    for number, (start, line) in enumerate(lines, start=1):
        for match in _COMMENT.finditer(line):
            at = start + match.start()
            before = bisect_right(begins, at) - 1
            in_scalar = before >= 0 and at < spans[before][1]
            if in_scalar or (match.start() and line[match.start() - 1] not in " \t"):
                continue
            alone = not line[: match.start()].strip()
            target = _next_content(lines, number) if alone else number
            ignore = _read(match["rest"], target, (number, match.start() + 1), known, faults)
            ignores += [ignore] if ignore else []
    return ignores, faults


def _next_content(lines: Sequence[tuple[int, str]], number: int) -> int:
    """The first line behind a comment that is not a comment itself."""
    for offset, (_, line) in enumerate(lines[number:], start=number + 1):
        if line.strip() and not line.lstrip().startswith("#"):
            return offset
    return number


def _read(
    rest: str, target: int, place: tuple[int, int], known: Collection[str], faults: list[Fault]
) -> Ignore | None:
    named, _, reason = rest.partition("--")
    words = _WORDS.findall(named)
    if not reason.strip():
        message = "A comment that ignores a finding gives no reason, so it has no effect."
        cure = f"Write {FORM}."
        faults.append(Fault("ignore-reason", "", message, cure, "", *place))
        words = [word for word in words if _LIKE_AN_ID.fullmatch(word)]
    elif not words:
        message = "A comment that ignores a finding names no rule."
        faults.append(Fault("ignore-rule", "", message, f"Write {FORM}.", "", *place))
    ids = tuple(word for word in words if word in known)
    for word in words:
        if word not in known:
            guess = len(faults) < _MOST_GUESSES
            meant = nearest(word[:_LONGEST_WORD].upper(), known) if guess else None
            message = f"{printable(word[:_LONGEST_WORD])}, in a comment, is not the id of a rule."
            cure = f"Did you mean {meant}?" if meant else "See bicoastal check --list-rules."
            faults.append(Fault("ignore-rule", "", message, cure, "", *place))
    return (
        Ignore(ids, printable(reason.strip()), target, *place) if ids and reason.strip() else None
    )


def apply(
    findings: Iterable[Finding], ignores: Sequence[Ignore]
) -> tuple[list[Finding], list[Ignored], list[Fault]]:
    """Take away the findings that are ignored.

    Args:
        findings: the findings of one file.
        ignores: that file's ignores.

    Returns:
        The findings that are left, those that were ignored, and a fault for each id in a comment
        that silenced nothing.
    """
    wanted = {(ignore.applies_to, rule_id): ignore for ignore in ignores for rule_id in ignore.ids}
    kept: list[Finding] = []
    ignored: list[Ignored] = []
    used: set[tuple[int, str]] = set()
    for finding in findings:
        place = (finding.line or 0, finding.rule_id)
        if place in wanted:
            used.add(place)
            ignored.append(Ignored(finding, wanted[place].reason))
        else:
            kept.append(finding)
    faults = [
        Fault(
            "ignore-unused",
            "",
            f"A comment ignores {rule_id}, but that rule finds nothing in line "
            f"{ignore.applies_to}.",
            "Remove it, or put it on the finding's line or alone on the line above.",
            "",
            ignore.line,
            ignore.column,
        )
        for ignore in ignores
        for rule_id in ignore.ids
        if (ignore.applies_to, rule_id) not in used
    ]
    return kept, ignored, faults
