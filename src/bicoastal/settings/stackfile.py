"""Reading a Pulumi stack file (`Pulumi.<stack>.yaml`), with the place of every key.

Only keys of this project's namespace are read (`bicoastal:domainName`). The file's structure:
https://www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bicoastal.settings.catalogue import Marks, Position
from bicoastal.settings.draft import Fault
from bicoastal.settings.keys import dotted, groups, known_keys, nearest

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
    """

    file: str
    raw: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    keys: dict[str, Position] = field(default_factory=dict)
    values: dict[str, Position] = field(default_factory=dict)

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
    result = StackFile(str(path))
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        cure = "Give the path of a stack file, such as Pulumi.dev.yaml."
        result.faults.append(Fault("unreadable", "", message, cure))
    except UnicodeDecodeError:
        message = f"{path} is not text in UTF-8."
        result.faults.append(Fault("unreadable", "", message, "Save it as UTF-8 text."))
    else:
        _read_text(text, result)
    return result


def _read_text(text: str, result: StackFile) -> None:
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if root is None:
            return  # an empty stack file asks for nothing
        # Before construction: that resolves merge keys (<<), whose overriding is no mistake.
        _find_duplicates(root, (), result)
        document = loader.construct_document(root)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        result.faults.append(_malformed(error, result.file))
        return
    config = root
    if isinstance(root, yaml.MappingNode):
        document = document.get("config")
        config = next((v for k, v in reversed(root.value) if k.value == "config"), root)
    if document is None:
        return
    if isinstance(config, yaml.MappingNode):
        _read_config(config, document, result)
        return
    line, column = _position(config)
    message = f"{result.file} does not hold a mapping named config."
    cure = f"Write config: and below it, indented, keys such as {NAMESPACE}:environmentSuffix: dev."
    result.faults.append(Fault("not-a-mapping", "", message, cure, "", line, column))


def _malformed(error: Exception, file: str) -> Fault:
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or "a value is malformed or nested too deeply"
    message = f"{file} is not well-formed YAML: {said}."
    if mark is None:
        return Fault("yaml", "", message, "Mend the file.")
    cure = "Mend the file at this place."
    return Fault("yaml", "", message, cure, "", mark.line + 1, mark.column + 1)


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
        written = str(key_node.value)
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
    try:
        return json.loads(text)
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
        yield from ((str(key.value), key, value) for key, value in node.value)
    elif isinstance(node, yaml.SequenceNode):
        yield from ((index, item, item) for index, item in enumerate(node.value))


def _suspect_namespace(written: str, node: yaml.Node, result: StackFile) -> None:
    namespace, colon, key = written.partition(":")
    bare = written in known_keys() or written in groups()
    misspelt = bool(colon) and nearest(namespace, [NAMESPACE]) is not None
    if not (bare or misspelt):
        return  # another provider's or project's key, such as aws:region
    meant = f"{NAMESPACE}:{written if bare else key}"
    line, column = _position(node)
    message = f"{written} is not in the namespace {NAMESPACE}, so it has no effect."
    fault = Fault("namespace", written, message, f"Did you mean {meant}?", "", line, column)
    result.faults.append(fault)


def _position(node: yaml.Node) -> Position:
    return node.start_mark.line + 1, node.start_mark.column + 1
