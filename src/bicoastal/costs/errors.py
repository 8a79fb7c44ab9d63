"""What goes wrong with an estimate."""

from __future__ import annotations

from bicoastal.errors import BicoastalError


class UsageError(BicoastalError):
    """A usage file or a `--set` cannot be read; the message names the key and the cure."""


class BudgetError(BicoastalError):
    """The estimate exceeds the budget."""


class PriceListError(BicoastalError):
    """AWS's price list cannot be read, or does not say what the snapshot needs; nothing changed."""


class NoPriceListError(BicoastalError):
    """There is no price list where it was looked for, or no leave to ask; nothing changed."""
