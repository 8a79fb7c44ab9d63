"""How deep the witnesses of a drill probe."""

from __future__ import annotations

from enum import StrEnum


class Probe(StrEnum):
    """The deepest that a witness goes; the values of `health.probe`."""

    GREETING = "greeting"
    """The server's greeting, which needs no user."""
    ROLE = "role"
    """A login by an IAM token over TLS, and the question for the role."""
    CANARY = "canary"
    """And a write into the witness's row."""
