"""What an examination finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple


class Planned(NamedTuple):
    """A resource that the program asks for.

    Attributes:
        region: its region.
        type: Pulumi's type token.
        name: its name in AWS.
    """

    region: str
    type: str
    name: str


@dataclass(frozen=True)
class Finding:
    """Something that is not as the settings want it.

    Attributes:
        id: what kind of finding it is; it stays the same from version to version.
        subject: what it is about, with its region.
        live: what is.
        wanted: what should be.
        why: why it matters.
        cure: what to do, as a command where there is one.
    """

    id: str
    subject: str
    live: str
    wanted: str
    why: str
    cure: str

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON values."""
        return {
            "id": self.id,
            "subject": self.subject,
            "is": self.live,
            "should_be": self.wanted,
            "why": self.why,
            "cure": self.cure,
        }
