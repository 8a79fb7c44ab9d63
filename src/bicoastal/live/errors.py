"""What can go wrong when the tables are refreshed."""

from __future__ import annotations

from collections.abc import Iterable

from bicoastal.errors import BicoastalError
from bicoastal.settings.account import Unread


class RefreshError(BicoastalError):
    """A table cannot be refreshed; it stays as it was."""


class UnreadError(RefreshError):
    """Somebody did not answer.

    Args:
        unread: what was asked in vain.
    """

    def __init__(self, unread: Iterable[Unread]) -> None:
        lines = [f"{fact.reason}. {fact.cure}" for fact in unread]
        super().__init__("the table stays as it was:\n  " + "\n  ".join(lines))


class ShortAnswerError(RefreshError):
    """AWS named far less than the table holds, so that the answer was cut off somewhere."""
