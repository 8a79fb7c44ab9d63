"""Walks a JSON object of any size member by member; holds no more than one value and one chunk.

Enough for the price list, whose values are small and lie at known depths, and several times as
fast as a parser that tells every bracket: the values themselves are decoded by the interpreter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, TextIO

from bicoastal.costs.errors import PriceListError

_CHUNK = 1 << 18
_LONGEST = 1 << 23
_SPACE = " \t\r\n"
_NAME = re.compile(r'[ \t\r\n]*"([^"\\]*)"[ \t\r\n]*:[ \t\r\n]*(?=[^ \t\r\n])')
_AFTER = re.compile(r"[ \t\r\n]*([,}])")


class JsonStream:
    """The object in a stream of text."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._decoder = json.JSONDecoder()
        self._text = ""
        self._at = 0

    def members(self) -> Iterator[str]:
        """Enter an object.

        Yields:
            The names of its members; after each, its value must be taken by `value` or entered by
            `members`.

        Raises:
            PriceListError: it is no object, or ends too early.
        """
        self._take("{")
        if self._next() == "}":
            self._take("}")
            return
        while True:
            # The usual case by one match each: hundreds of thousands of members pass here.
            usual = _NAME.match(self._text, self._at)
            if usual:
                self._at = usual.end()
                yield usual[1]
            else:
                name = self.value()
                self._take(":")
                yield name
            after = _AFTER.match(self._text, self._at)
            if after:
                self._at = after.end()
            if (after[1] if after else self._take(",", "}")) == "}":
                return

    def value(self) -> Any:
        """Take one value whole.

        Returns:
            The value.

        Raises:
            PriceListError: it is no JSON, too long, or ends too early.
        """
        self._next()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError:
                end = len(self._text)
            # Something always follows a member's value; a number that ends the chunk may go on.
            if end < len(self._text):
                self._at = end
                return value
            self._more()

    def _more(self) -> None:
        chunk = self._stream.read(_CHUNK)
        if not chunk:
            msg = "it ends too early, or is no JSON"
            raise PriceListError(msg)
        self._text = self._text[self._at :] + chunk
        self._at = 0
        if len(self._text) > _LONGEST:
            msg = f"it has a value of more than {_LONGEST:,} characters, or is no JSON"
            raise PriceListError(msg)

    def _next(self) -> str:
        """The next character that is no space; it is not taken."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _SPACE:
                    return self._text[self._at]
                self._at += 1
            self._more()

    def _take(self, *characters: str) -> str:
        found = self._next()
        if found not in characters:
            msg = f"{found!r} stands where {' or '.join(characters)} is expected"
            raise PriceListError(msg)
        self._at += 1
        return found
