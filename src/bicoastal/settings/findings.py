"""Findings: what is wrong with some settings, where, why, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bicoastal.errors import BicoastalError

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Finding:
    """One mistake or remark.

    Attributes:
        rule_id: the rule that found it, such as `BC201`.
        severity: `error` refuses the settings; `warning` and `info` do not.
        key: the key as it is written in the stack file, such as `database.instanceClass`.
        value: the value as text, without secrets; empty if there is none to show.
        message: what is wrong and why, naming key and value.
        cure: what to do.
        source: the address of the page that states the rule.
        line: the line in the stack file, counted from 1.
        column: the column in that line, counted from 1.
        file: the stack file, if the settings came from one.
        checked: whether the rule could be checked; if not, the finding says why it could not.
    """

    rule_id: str
    severity: Severity
    key: str
    value: str
    message: str
    cure: str
    source: str
    line: int | None = None
    column: int | None = None
    file: str | None = None
    checked: bool = True

    @property
    def location(self) -> str:
        """`file:line:column`, as far as it is known; empty for settings without a file."""
        parts = (self.file, self.line, self.column)
        return ":".join(str(part) for part in parts if part is not None)

    def __str__(self) -> str:
        where = f"{self.location}: " if self.location else ""
        return f"{where}{self.rule_id} {self.severity}: {self.message} {self.cure}"


class InvalidSettingsError(BicoastalError, ValueError):
    """Some settings cannot be used; the message lists every finding.

    Attributes:
        findings: all findings, warnings included, errors first.
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings: tuple[Finding, ...] = tuple(findings)
        errors = [finding for finding in findings if finding.severity == "error"]
        count = f"{len(errors)} error{'' if len(errors) == 1 else 's'}"
        lines = [f"The settings cannot be used: {count}."]
        lines += [f"  {finding}" for finding in findings]
        super().__init__("\n".join(lines))
