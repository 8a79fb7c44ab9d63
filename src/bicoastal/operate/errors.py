"""The errors of operating a stack."""

from __future__ import annotations

from bicoastal.errors import BicoastalError


class BadRequest(BicoastalError):  # noqa: N818 - what the user did, not what broke
    """The command line asks for something that does not exist; the message names the cure."""


class Refused(BicoastalError):  # noqa: N818 - a negative answer, not a defect
    """What was asked for is not done now; the message says why and what to do instead."""
