"""The errors of the failover package."""

from __future__ import annotations

from bicoastal.errors import BicoastalError


class FailoverError(BicoastalError):
    """Something that the failover functions need is wrong or did not answer."""


class ConfigError(FailoverError):
    """A function's configuration cannot be used; the message names the key and the cure."""


class Conflict(FailoverError):  # noqa: N818 - the contract's word for a lost conditional write
    """The record changed since it was read: somebody else acted, so nothing was written."""


class StoreError(FailoverError):
    """The record could not be read or written; whether a write happened is unknown."""


class RecordError(FailoverError):
    """The stored record cannot be understood, or an operator's request does not fit its state."""


class BundleError(FailoverError):
    """The functions' zip could not be built."""
