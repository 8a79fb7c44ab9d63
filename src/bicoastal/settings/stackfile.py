"""Reading a Pulumi stack file (`Pulumi.<stack>.yaml`), with the place of every key.

Only keys of this project's namespace are read (`bicoastal:domainName`). The file's structure:
https://www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bicoastal.settings.catalogue import RULES, Marks, Position
from bicoastal.settings.draft import Fault, FaultKind
from bicoastal.settings.ignores import Ignore, find
from bicoastal.settings.keys import dotted, groups, known_keys, nearest
from bicoastal.settings.secrecy import printable
from bicoastal.settings.yamltext import TextError, construct, decode, parse, read_bytes

NAMESPACE = "bicoastal"
_DEPTH = 3  # group, field, item: nothing that is known lies deeper


@dataclass
class StackFile:
    """What a stack file says.

    Attributes:
        file: its name, as it was given.
        raw: the project's own keys, without the namespace.
        faults: what could not be read.
        keys: where each key stands.
        values: where each value stands.
        ignores: its comments that silence findings.
    """

    file: str
    raw: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    keys: dict[str, Position] = field(default_factory=dict)
    values: dict[str, Position] = field(default_factory=dict)
    ignores: list[Ignore] = field(default_factory=list)

    @property
    def marks(self) -> Marks:
        """Where the keys stand."""
        return Marks(self.file, self.keys, self.values)


def read_stack_file(path: Path) -> StackFile:
    """Read a stack file.

    Args:
        path: the file.

    Returns:
        What it says. Nothing is raised: what cannot be read is a fault.
    """
    try:
        content = read_bytes(path)
    except TextError as error:
        result = StackFile(printable(str(path)))
        result.faults.append(_fault("unreadable", error, result))
        return result
    return read_stack_content(content, str(path))


def read_stack_content(content: bytes, file: str) -> StackFile:
    """Read what a stack file holds.

    Args:
        content: its bytes.
        file: its name.

    Returns:
        What it says. Nothing is raised: what cannot be read is a fault.
    """
    result = StackFile(printable(file))
    kind: FaultKind = "unreadable"
    try:
        text = decode(content)
        kind = "yaml"
        _read_text(text, result)
    except TextError as error:
        result.faults.append(_fault(kind, error, result))
    return result


def _fault(kind: FaultKind, error: TextError, result: StackFile) -> Fault:
    message = printable(f"{result.file} {error.message}")
    return Fault(kind, "", message, error.cure, "", error.line, error.column)


def _read_text(text: str, result: StackFile) -> None:
    parsed = parse(text)
    result.ignores, faults = find(text, parsed.scalars, RULES)
    result.faults += faults
    root = parsed.root
    if root is None:
        return  # an empty stack file asks for nothing
    # Before construction: that resolves merge keys (<<), whose overriding is no mistake.
    _find_duplicates(root, (), result)
    document = construct(parsed)
    config = root
    if isinstance(root, yaml.MappingNode):
        document = document.get("config")
        config = next((v for k, v in reversed(root.value) if _text(k) == "config"), root)
    if document is None:
        return
    if isinstance(config, yaml.MappingNode):
        _read_config(config, document, result)
        return
    line, column = _position(config)
    message = f"{result.file} does not hold a mapping named config."
    cure = f"Write config: and below it, indented, keys such as {NAMESPACE}:environmentSuffix: dev."
    result.faults.append(Fault("not-a-mapping", "", message, cure, "", line, column))


def _find_duplicates(node: yaml.Node, path: tuple[str | int, ...], result: StackFile) -> None:
    seen: set[str | int] = set()
    for part, key_node, value_node in _children(node):
        inner = (*path, part)
        if part in seen:
            line, column = _position(key_node)
            key = dotted(inner[1:] or inner).removeprefix(f"{NAMESPACE}:")
            message = f"{key} is written twice; only one of the two would count."
            fault = Fault("duplicate", key, message, "Remove one of them.", "", line, column)
            result.faults.append(fault)
        seen.add(part)
        if len(inner) <= _DEPTH:
            _find_duplicates(value_node, inner, result)


def _read_config(config: yaml.MappingNode, document: dict[Any, Any], result: StackFile) -> None:
    for key_node, value_node in config.value:
        written = _text(key_node)
        namespace, _, key = written.partition(":")
        if namespace != NAMESPACE or not key:
            _suspect_namespace(written, key_node, result)
            continue
        result.keys[dotted([key])] = _position(key_node)
        result.values[dotted([key])] = _position(value_node)
        _mark(value_node, (key,), result)
        value = _readable(document.get(written), (key,), result)
        if value is not None and isinstance(value_node, yaml.ScalarNode):
            value = _scalar(key, value_node.value, value, result)
        result.raw[key] = value


def _scalar(key: str, text: str, value: Any, result: StackFile) -> Any:
    """A top-level scalar as the program gets it from Pulumi: as text, 0123 stays 0123."""
    if key in groups():
        return parse_json(key, text, result.faults)
    return text if key in known_keys() else value


def parse_json(key: str, text: str, faults: list[Fault]) -> Any:
    """Read a structured value that Pulumi holds as JSON text.

    Args:
        key: the top-level key.
        text: the JSON text.
        faults: where a fault is added if the text is not JSON.

    Returns:
        The value, or `None` if there is a fault.
    """

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        for name in sorted(
            {name for name, count in Counter(n for n, _ in found).items() if count > 1}
        ):
            inner = dotted([key, name])
            message = f"{inner} is written twice; only one of the two would count."
            faults.append(Fault("duplicate", inner, message, "Remove one of them."))
        return dict(found)

    try:
        return json.loads(text, object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        message = f"{key} must be a mapping, but it is text that is not JSON either."
        cure = f"Set its keys one by one: pulumi config set --path '{NAMESPACE}:{key}.KEY' VALUE."
        faults.append(Fault("json", key, message, cure))
        return None


def _readable(value: Any, path: tuple[str | int, ...], result: StackFile) -> Any:
    """The value without the parts that Pulumi has encrypted; nothing here can decrypt them."""
    if not isinstance(value, dict) or len(path) > _DEPTH:
        return value
    if set(value) == {"secure"}:
        key = dotted(path)
        message = f"{key} is encrypted by Pulumi, so it cannot be checked here."
        cure = "It is checked when the program runs: pulumi preview is enough."
        result.faults.append(Fault("encrypted", key, message, cure))
        return None
    kept = {k: _readable(v, (*path, str(k)), result) for k, v in value.items()}
    return {k: v for k, v in kept.items() if v is not None or value[k] is None}


def _mark(node: yaml.Node, path: tuple[str | int, ...], result: StackFile) -> None:
    for part, key_node, value_node in _children(node):
        inner = (*path, part)
        result.keys[dotted(inner)] = _position(key_node)
        result.values[dotted(inner)] = _position(value_node)
        if len(inner) < _DEPTH:
            _mark(value_node, inner, result)


def _children(node: yaml.Node) -> Iterator[tuple[str | int, yaml.Node, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        yield from ((_text(key), key, value) for key, value in node.value)
    elif isinstance(node, yaml.SequenceNode):
        yield from ((index, item, item) for index, item in enumerate(node.value))


def _text(key: yaml.Node) -> str:
    """A key as it is written; one that is no scalar has no text (and is refused elsewhere)."""
    return str(key.value) if isinstance(key, yaml.ScalarNode) else ""


def _suspect_namespace(written: str, node: yaml.Node, result: StackFile) -> None:
    namespace, colon, key = written.partition(":")
    bare = written in known_keys() or written in groups()
    misspelt = bool(colon) and nearest(namespace, [NAMESPACE]) is not None
    if not (bare or misspelt):
        return  # another provider's or project's key, such as aws:region
    meant = f"{NAMESPACE}:{written if bare else key}"
    line, column = _position(node)
    shown_key = dotted([written])
    message = f"{shown_key} is not in the namespace {NAMESPACE}, so it has no effect."
    cure = f"Did you mean {dotted([meant])}?"
    fault = Fault("namespace", shown_key, message, cure, "", line, column)
    result.faults.append(fault)


def _position(node: yaml.Node) -> Position:
    return node.start_mark.line + 1, node.start_mark.column + 1
