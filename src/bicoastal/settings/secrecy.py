"""How a value is shown in a message: shortened, and never when it might be a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping

HIDDEN = "(hidden)"
_LONGEST = 80
_LOOKED_AT = 512  # the search for secrets takes time that grows with the square of the length
_SECRET_KEY = re.compile(
    r"pass(word|wd|phrase)|secret|token|credential|private.?key|api.?key|access.?key", re.IGNORECASE
)
_SECRET_VALUE = re.compile(
    r"(AKIA|ASIA)[A-Z0-9]{12,}"  # AWS access key ids
    r"|-----BEGIN"  # PEM
    r"|(?=\S*[a-z])(?=\S*[A-Z])(?=\S*[0-9])[A-Za-z0-9+/=_~!@#$%^&*-]{24,}"  # random-looking text
)


def is_secret_key(key: str) -> bool:
    """Whether a key's name says that its value is a secret.

    Args:
        key: the key, or any name, such as a tag's.

    Returns:
        True for names such as `masterPassword` or `api_key`.
    """
    return _SECRET_KEY.search(key) is not None


def shown(key: str, value: object) -> str:
    """A value as it may appear in a message.

    Args:
        key: the key that holds it.
        value: the value; containers are named, not printed.

    Returns:
        Text of at most 80 characters; `(hidden)` where the value might be a secret.
    """
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple | set):
        return "a list"
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    if isinstance(value, int) and value.bit_length() > _LONGEST:
        return "a very large number"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    text = printable(text[:_LOOKED_AT]) + ("..." if len(text) > _LOOKED_AT else "")
    is_arn = re.match(r"arn:aws[a-z-]*:", text)
    if (is_secret_key(key) or _SECRET_VALUE.search(text)) and not is_arn:
        return HIDDEN
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def printable(text: str) -> str:
    """Text that is safe to print: control characters and the like are written as escapes.

    Args:
        text: any text, such as a value or a key that somebody wrote.

    Returns:
        The text; a newline, for one, has become a backslash and an n.
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def quoted(key: str, value: object) -> str:
    """A value as it may appear in a sentence: as `shown`, in quotes.

    Args:
        key: the key that holds it.
        value: the value.

    Returns:
        Quoted text, or `(hidden)` where the value might be a secret.
    """
    text = shown(key, value)
    return f"'{text}'" if isinstance(value, str) and text != HIDDEN else text
