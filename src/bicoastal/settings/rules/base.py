"""What a rule is.

A rule is a pure function over a draft, with an id, a severity, one line that says what it wants,
the page that states it, and examples of settings that pass and that fail. The tests run every
example of every rule; a rule without both is a defect.

To add one: write the function in the module of its family, decorate it, give it examples. Nothing
else needs to know of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bicoastal.settings.draft import Draft
from bicoastal.settings.findings import Severity
from bicoastal.settings.secrecy import shown

Example = Mapping[str, Any] | str | bytes
"""Settings in camel case, or the text (or the bytes) of a whole stack file."""


@dataclass(frozen=True)
class Problem:
    """What a rule found.

    Attributes:
        key: the key, as in the stack file.
        message: what is wrong and why, naming key and value.
        cure: what to do.
        value: the value; it is shown without secrets.
        related: other keys that the judgement rests on; if one of them could not be read, the
            problem is not reported.
        at_key: whether the place to show is the key itself rather than its value.
        line: the line, where only the reader of the file knows it.
        column: the column likewise.
    """

    key: str
    message: str
    cure: str
    value: object = ""
    related: tuple[str, ...] = ()
    at_key: bool = False
    line: int | None = None
    column: int | None = None


Check = Callable[[Draft], Iterable[Problem]]


@dataclass(frozen=True)
class Rule:
    """One rule of the catalogue.

    Attributes:
        id: such as `BC201`; the hundreds say the family.
        severity: `error` refuses the settings, `warning` and `info` do not.
        summary: one line: what the rule wants.
        source: the address of the page that states it.
        check: the rule itself.
        passes: settings in which the rule finds nothing.
        fails: settings in which it finds something.
    """

    id: str
    severity: Severity
    summary: str
    source: str
    check: Check
    passes: tuple[Example, ...]
    fails: tuple[Example, ...]


def rule(
    rule_id: str,
    severity: Severity,
    *,
    source: str,
    passes: Iterable[Example],
    fails: Iterable[Example],
) -> Callable[[Check], Rule]:
    """Make a rule of a check, whose docstring is one line that says what the rule wants.

    Args:
        rule_id: the rule's id.
        severity: how bad a finding is.
        source: the address of the page that states it.
        passes: examples that pass.
        fails: examples that fail.

    Returns:
        A decorator that turns the check into a `Rule`.
    """

    def decorate(check: Check) -> Rule:
        summary = check.__doc__ or ""
        return Rule(rule_id, severity, summary, source, check, tuple(passes), tuple(fails))

    return decorate


def out_of_range(
    key: str,
    value: float,
    low: float,
    high: float,
    unit: str = "",
    *,
    related: tuple[str, ...] = (),
) -> Iterable[Problem]:
    """A problem if a number lies outside a range, both ends included.

    Args:
        key: the key that holds it.
        value: the number.
        low: the least allowed.
        high: the greatest allowed.
        unit: what is counted, such as `seconds`.
        related: other keys that the range rests on.

    Yields:
        One problem, or none.
    """
    if not low <= value <= high:
        of = f" {unit}" if unit else ""
        yield Problem(
            key,
            f"{key} is {shown(key, value)}, but must be {low:g} to {high:g}{of}.",
            f"Choose a value from {low:g} to {high:g}.",
            value,
            related,
        )
