"""What goes wrong with an estimate."""

from __future__ import annotations

from bicoastal.errors import BicoastalError


class UsageError(BicoastalError):
    """A usage file or a `--set` cannot be read; the message names the key and the cure."""


class BudgetError(BicoastalError):
    """The estimate exceeds the budget."""
