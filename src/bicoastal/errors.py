"""The errors that bicoastal raises; every one says what is wrong, where, and what to do."""

from __future__ import annotations


class BicoastalError(Exception):
    """Base of every error that bicoastal raises on purpose.

    The message is for the user: it names the thing, the reason and the cure.
    """


class LabError(BicoastalError):
    """The lab could not be built, started or used."""


class DeploymentError(BicoastalError):
    """A deployment or a destruction did not finish."""
