"""Parsing YAML text that may be anything: bounded in size, and never with a traceback.

A stack file comes from a person, a generator or a bad merge. So the text has a greatest length, the
values have a greatest number (anchors can make ten lines stand for a billion values), and whatever
the parser raises becomes one error with a place.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.scanner import ScannerError

LONGEST = 64 * 1024
"""Bytes that a stack file may have."""

MOST_VALUES = 20_000
"""Values that a stack file may stand for, each alias counted as what it names."""

_DEEPEST = 50
_NAME_ONE = "Give the path of a stack file, such as Pulumi.dev.yaml."

# PyYAML's constructors leave a value that does not fit its tag to Python's own conversions, which
# raise whatever they please: !!bool x is a KeyError, !!timestamp x an AttributeError.
_MALFORMED = (
    yaml.YAMLError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


class TextError(Exception):
    """Some text cannot be used.

    Attributes:
        message: what is wrong, as half a sentence that follows the file's name.
        cure: what to do.
        line: the line, counted from 1, if there is one.
        column: the column likewise.
    """

    def __init__(
        self, message: str, cure: str, line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(message)
        self.message, self.cure = message, cure
        self.line, self.column = line, column


@dataclass(frozen=True)
class Parsed:
    """A document.

    Attributes:
        root: its first node, or `None` if the text is empty.
        loader: what made it, for `construct`.
        scalars: where each scalar begins and ends, as indexes into the text.
    """

    root: yaml.Node | None
    loader: _Loader
    scalars: tuple[tuple[int, int], ...]


class _Loader(yaml.SafeLoader):
    """A safe loader that notes where the scalars stand, so that comments can be told from them."""

    def __init__(self, text: str) -> None:
        self.scalars: list[tuple[int, int]] = []
        super().__init__(text)

    def fetch_flow_collection_start(self, token: Any) -> None:
        super().fetch_flow_collection_start(token)
        if self.flow_level > _DEEPEST:  # the scanner's time grows with the square of the depth
            raise ScannerError(problem="nested too deeply", problem_mark=self.get_mark())

    def compose_scalar_node(self, anchor: dict[Any, yaml.Node]) -> yaml.ScalarNode:
        node = super().compose_scalar_node(anchor)
        self.scalars.append((node.start_mark.index, node.end_mark.index))
        return node


def read_bytes(path: Path) -> bytes:
    """Read a file, as far as a stack file may be long, and one byte more.

    Args:
        path: the file.

    Returns:
        Its content.

    Raises:
        TextError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(LONGEST + 1)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise TextError(f"cannot be read: {said}.", _NAME_ONE) from error


def decode(content: bytes) -> str:
    """The text of some content.

    Args:
        content: the bytes of a file.

    Returns:
        Its text.

    Raises:
        TextError: it is longer than any stack file, or is not UTF-8.
    """
    if len(content) > LONGEST:
        message = f"is longer than {LONGEST // 1024} KiB, so it is hardly a stack file."
        raise TextError(message, _NAME_ONE)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TextError("is not text in UTF-8.", "Save it as UTF-8 text.") from error


def parse(text: str) -> Parsed:
    """Parse one document, without constructing its values.

    Args:
        text: the text.

    Returns:
        The document.

    Raises:
        TextError: it is not well-formed YAML, or stands for too many values.
    """
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
    except _MALFORMED as error:
        raise _error(error) from error
    if root is not None and _values(root, {}) > MOST_VALUES:
        message = f"stands for more than {MOST_VALUES} values, by its anchors or in itself."
        raise TextError(message, "Write each value where it is used.", *_place(root))
    return Parsed(root, loader, tuple(loader.scalars))


def construct(parsed: Parsed) -> Any:
    """Make a document's values.

    Args:
        parsed: a document that is not empty.

    Returns:
        Its values.

    Raises:
        TextError: a value is not one of the type that it says or seems to be.
    """
    try:
        return parsed.loader.construct_document(parsed.root)
    except _MALFORMED as error:
        raise _error(error) from error


def _error(error: Exception) -> TextError:
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or "a value is malformed or nested too deeply"
    message = f"is not well-formed YAML: {said}."
    if mark is None:
        return TextError(message, "Mend the file.")
    return TextError(message, "Mend the file at this place.", mark.line + 1, mark.column + 1)


def _values(node: yaml.Node, known: dict[int, int]) -> int:
    """How many values a node stands for; what contains itself counts once."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in known:
        known[id(node)] = 1
        pairs = node.value if isinstance(node, yaml.MappingNode) else ((n,) for n in node.value)
        known[id(node)] += sum(_values(part, known) for pair in pairs for part in pair)
    return known[id(node)]


def _place(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
