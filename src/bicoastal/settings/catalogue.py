"""The catalogue of rules and the run of all of them over a draft."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import ModuleType

from bicoastal.settings.draft import Draft
from bicoastal.settings.findings import Finding
from bicoastal.settings.rules import (
    absent,
    adopting,
    classes,
    clients,
    cost,
    database,
    dns,
    failover,
    names,
    network,
    production,
    readiness,
    security,
    shape,
    standbys,
    topology,
    versions,
    windows,
)
from bicoastal.settings.rules.account import access as account_access
from bicoastal.settings.rules.account import adopting as account_adopting
from bicoastal.settings.rules.account import database as account_database
from bicoastal.settings.rules.account import network as account_network
from bicoastal.settings.rules.account import quotas as account_quotas
from bicoastal.settings.rules.account import secret as account_secret
from bicoastal.settings.rules.account import zone as account_zone
from bicoastal.settings.rules.base import Problem, Rule
from bicoastal.settings.secrecy import printable, shown

Position = tuple[int, int]
"""Line and column, both counted from 1."""

ACCOUNT_FAMILY = "BC7"
"""The rules that are checked against an AWS account, and only when one is asked."""

_ORDER = {"error": 0, "warning": 1, "info": 2}
_LAST = 10**9


def collect(modules: Iterable[ModuleType]) -> dict[str, Rule]:
    """Every rule of some modules by its id.

    Args:
        modules: modules that hold rules, singly or in tuples.

    Returns:
        The rules, ordered by id.

    Raises:
        ValueError: two rules have the same id.
    """
    rules: dict[str, Rule] = {}
    for module in modules:
        for value in vars(module).values():
            for held in value if isinstance(value, tuple) else (value,):
                if isinstance(held, Rule):
                    if held.id in rules:
                        msg = f"two rules have the id {held.id}"
                        raise ValueError(msg)
                    rules[held.id] = held
    return dict(sorted(rules.items()))


RULES: dict[str, Rule] = collect(
    (
        shape,
        names,
        classes,
        versions,
        database,
        windows,
        absent,
        topology,
        adopting,
        standbys,
        production,
        dns,
        failover,
        readiness,
        network,
        clients,
        cost,
        security,
        account_database,
        account_secret,
        account_zone,
        account_quotas,
        account_access,
        account_network,
        account_adopting,
    )
)
"""Every rule by its id."""


class Marks:
    """Where each key and each value stands in a stack file.

    Args:
        file: the file's name.
        keys: key as in the stack file -> position of the key.
        values: key as in the stack file -> position of its value.
    """

    def __init__(
        self,
        file: str | None = None,
        keys: Mapping[str, Position] | None = None,
        values: Mapping[str, Position] | None = None,
    ) -> None:
        self.file = file
        self._keys = keys or {}
        self._values = values or {}

    def locate(self, key: str, *, at_key: bool) -> Position | None:
        """The position of a key, or of the nearest one that contains it."""
        first, second = (self._keys, self._values) if at_key else (self._values, self._keys)
        while key:
            position = first.get(key) or second.get(key)
            if position:
                return position
            key = key[: max(key.rfind("."), key.rfind("["), 0)]
        return None


def examine(draft: Draft, marks: Marks | None = None) -> list[Finding]:
    """Run every rule over a draft.

    Args:
        draft: the settings as far as they could be read.
        marks: where the keys stand, if the settings came from a file.

    Returns:
        All findings: errors first, then by place in the file, then by id.
    """
    where = marks or Marks()
    findings = [
        _finding(rule, problem, where)
        for rule in RULES.values()
        for problem in rule.check(draft)
        if _is_sound(rule, problem, draft)
    ]
    return sorted(
        findings, key=lambda f: (_ORDER[f.severity], f.line or _LAST, f.column or _LAST, f.rule_id)
    )


def _is_sound(rule: Rule, problem: Problem, draft: Draft) -> bool:
    """Whether everything that the judgement rests on could be read."""
    if rule.id.startswith("BC0"):
        return True
    return all(draft.trusts(key) for key in (problem.key, *problem.related))


def _finding(rule: Rule, problem: Problem, marks: Marks) -> Finding:
    line, column = problem.line, problem.column
    if line is None:
        line, column = marks.locate(problem.key, at_key=problem.at_key) or (None, None)
    return Finding(
        rule_id=rule.id,
        severity=rule.severity if problem.checked else "warning",
        key=problem.key,
        value=shown(problem.key, problem.value),
        message=printable(problem.message),
        cure=printable(problem.cure),
        source=rule.source,
        file=marks.file,
        line=line,
        column=column,
        checked=problem.checked,
    )
