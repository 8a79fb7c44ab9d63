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

from bicoastal.settings.account import Account, Unread
from bicoastal.settings.draft import Draft
from bicoastal.settings.findings import Severity
from bicoastal.settings.secrecy import shown


@dataclass(frozen=True)
class Seen:
    """An example that needs an account: settings, and what was read of the account.

    Attributes:
        settings: settings in camel case.
        account: what was read.
        note: the same in words, for the reference.
    """

    settings: Mapping[str, Any]
    account: Account
    note: str


Example = Mapping[str, Any] | str | bytes | Seen
"""Settings in camel case, or the text (or the bytes) of a whole stack file, or one `Seen`."""


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
        checked: whether the rule could be checked; what could not is a warning.
    """

    key: str
    message: str
    cure: str
    value: object = ""
    related: tuple[str, ...] = ()
    at_key: bool = False
    line: int | None = None
    column: int | None = None
    checked: bool = True


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


def not_checked(key: str, what: str, unread: Unread, related: tuple[str, ...] = ()) -> Problem:
    """The problem that a rule could not be checked.

    Args:
        key: the key that it judges.
        what: what it would have found out, such as `whether the secret exists`.
        unread: why it could not.
        related: other keys that the question rests on.

    Returns:
        The problem; it is never an error, and never nothing.
    """
    message = f"NOT CHECKED: {key}: {what}, because {unread.reason}."
    return Problem(key, message, unread.cure, related=related, checked=False)
