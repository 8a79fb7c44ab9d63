"""The findings of one or several stack files, as far as they were asked for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bicoastal.settings.findings import Finding, Severity
from bicoastal.settings.ignores import Ignored
from bicoastal.settings.loading import Review


@dataclass(frozen=True)
class Results:
    """What a check has found.

    Attributes:
        files: the files that were checked.
        findings: the findings, file by file.
        ignored: the findings that comments silence.
    """

    files: tuple[str, ...]
    findings: tuple[Finding, ...]
    ignored: tuple[Ignored, ...]

    @classmethod
    def of(cls, files: Sequence[str], reviews: Sequence[Review], rules: Collection[str]) -> Results:
        """Gather reviews, keeping only what some rules found.

        Args:
            files: the files' names.
            reviews: a review of each file.
            rules: the ids of the rules that count.

        Returns:
            The results.
        """
        return cls(
            tuple(files),
            tuple(f for review in reviews for f in review.findings if f.rule_id in rules),
            tuple(i for review in reviews for i in review.ignored if i.finding.rule_id in rules),
        )

    def count(self, severity: Severity) -> int:
        """How many findings have a severity."""
        return sum(finding.severity == severity for finding in self.findings)

    def passes(self, *, strict: bool = False) -> bool:
        """Whether nothing stands in the way of a deployment.

        Args:
            strict: whether warnings count as errors do.

        Returns:
            True if there is no error and, if strict, no warning.
        """
        return not self.count("error") and not (strict and self.count("warning"))
