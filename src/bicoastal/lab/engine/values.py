"""Property values between Pulumi's wire form and plain Python.

Pulumi's `PropertyValue` marks secrets and unknowns; most code wants plain dictionaries. The
functions here go from one to the other without losing the marks, and hide secrets for anything
that is written down.

The wire form is described in https://github.com/pulumi/pulumi/blob/master/docs/architecture/
deployment-execution/resource-registration.md and `pulumi.runtime.rpc`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pulumi
from pulumi.provider.experimental.property_value import Computed, PropertyValue, ResourceReference
from pulumi.runtime import rpc

__all__ = [
    "REDACTED",
    "UNKNOWN",
    "PropertyValue",
    "Secret",
    "Unknown",
    "from_plain",
    "has_unknowns",
    "redact",
    "reveal",
    "scrub",
    "secret_strings",
    "to_plain",
]

REDACTED: Final = "[secret]"
"""What stands for a secret wherever something is written down."""


class Unknown:
    """A value that is not known before the resource behind it exists."""

    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN: Final = Unknown()
"""The one unknown value."""


class Secret:
    """A secret value; its text form never shows it."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def reveal(self) -> Any:
        """Return the value itself."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(repr(self._value))

    def __repr__(self) -> str:
        return REDACTED


Plain = Any
"""A plain value: None, bool, int, float, str, list, dict, asset, archive, Secret or Unknown."""


def _is_unknown(value: PropertyValue) -> bool:
    return isinstance(value.value, Computed) or value.value == rpc.UNKNOWN


def to_plain(value: PropertyValue | Mapping[str, PropertyValue]) -> Plain:
    """Turn property values into plain Python.

    Args:
        value: one value, or a map of them.

    Returns:
        The plain value: whole numbers as int, secrets as `Secret`, unknowns as `UNKNOWN`, a
        reference to a resource as the resource's id (or its URN where it has none).
    """
    if not isinstance(value, PropertyValue):
        return {key: to_plain(item) for key, item in value.items()}
    plain = UNKNOWN if _is_unknown(value) else _plain_content(value.value)
    return Secret(plain) if value.is_secret else plain


def _plain_content(content: Any) -> Plain:
    if isinstance(content, float) and content.is_integer():
        return int(content)
    if isinstance(content, ResourceReference):
        return content.urn if content.resource_id is None else to_plain(content.resource_id)
    if isinstance(content, Mapping):
        return {key: to_plain(item) for key, item in content.items()}
    if isinstance(content, Sequence) and not isinstance(content, str):
        return [to_plain(item) for item in content]
    return content


def from_plain(value: Plain) -> PropertyValue:
    """Turn a plain value into a property value; the reverse of `to_plain`.

    Raises:
        TypeError: the value is of a type that Pulumi cannot carry.
    """
    if isinstance(value, Secret):
        return from_plain(value.reveal()).with_secret(True)
    if isinstance(value, Unknown):
        return PropertyValue(rpc.UNKNOWN)
    if isinstance(value, int) and not isinstance(value, bool):
        return PropertyValue(float(value))
    if isinstance(value, Mapping):
        return PropertyValue({str(key): from_plain(item) for key, item in value.items()})
    if isinstance(value, Sequence) and not isinstance(value, str):
        return PropertyValue([from_plain(item) for item in value])
    return PropertyValue(value)


def _map(value: Plain, leaf: Any) -> Plain:
    """Apply `leaf` to secrets and to everything that is not a list or a dictionary."""
    if isinstance(value, Mapping):
        return {key: _map(item, leaf) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_map(item, leaf) for item in value]
    return leaf(value)


def reveal(value: Plain) -> Plain:
    """Return the value with every secret unwrapped: what a provider is given."""
    return _map(value, lambda leaf: reveal(leaf.reveal()) if isinstance(leaf, Secret) else leaf)


def redact(value: Plain) -> Plain:
    """Return the value as it may be written down: JSON types only, no secret in it."""

    def leaf(item: Plain) -> Plain:
        if isinstance(item, Secret):
            return REDACTED
        if isinstance(item, pulumi.Asset | pulumi.Archive):
            return f"<{type(item).__name__}>"
        if item is None or isinstance(item, bool | int | float | str):
            return item
        return repr(item)

    return _map(value, leaf)


def _leaves(value: Plain) -> Iterator[Plain]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def has_unknowns(value: Plain) -> bool:
    """Say whether an unknown is anywhere in the value, secrets included."""
    return any(isinstance(leaf, Unknown) for leaf in _leaves(reveal(value)))


def secret_strings(value: Plain) -> set[str]:
    """Return every text that is secret in the value, for `scrub`."""
    secrets = (leaf for leaf in _leaves(value) if isinstance(leaf, Secret))
    texts = (text for secret in secrets for text in _leaves(reveal(secret)))
    return {text for text in texts if isinstance(text, str) and text}


def scrub(text: str, secrets: set[str]) -> str:
    """Return the text with every secret in it replaced by `REDACTED`.

    An error message of AWS may quote a parameter; a secret of fewer than 4 characters is left
    alone, because replacing it would only garble the message and so give it away.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= 4:
            text = text.replace(secret, REDACTED)
    return text
