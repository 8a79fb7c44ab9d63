"""Settings as far as they can be read, with the faults that were found on the way.

A wrong shape in one key must not hide a mistake in another. So whatever cannot be read is noted as
a fault and left out, and the rules look at the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pydantic import ValidationError

from bicoastal.settings.absent import absence_of
from bicoastal.settings.account import Account
from bicoastal.settings.keys import dotted, groups, known_keys, suggestion
from bicoastal.settings.models import Settings
from bicoastal.settings.secrecy import printable, quoted, shown

FaultKind = Literal[
    "unknown-key",
    "absent-key",
    "type",
    "choice",
    "unreadable",
    "yaml",
    "not-a-mapping",
    "duplicate",
    "json",
    "encrypted",
    "namespace",
    "ignore-reason",
    "ignore-unused",
    "ignore-rule",
]

_EMPTY_MEANS_ABSENT = (
    "environmentSuffix", "expiresAfter", "secretArn", "hostedZoneId", "domainName",
)  # fmt: skip
_UNKNOWN = "extra_forbidden"  # what pydantic calls a key that no model has
_MOST_GUESSES = 100  # a guess takes a millisecond, and a file may have thousands of unknown keys
_NO_FAULT = ("default_factory_not_called",)  # pydantic's echo of a fault elsewhere
_WANTED = {
    "bool": "true or false",
    "dict": "a mapping",
    "finite": "a whole number",
    "float": "a number",
    "greater": "a number of at most 12 digits",
    "int": "a whole number",
    "less": "a number of at most 12 digits",
    "model": "a mapping of keys",
    "string": "text",
    "tuple": "a list",
    "value": "a number",
}


@dataclass(frozen=True)
class Fault:
    """A place that could not be read.

    Attributes:
        kind: what sort of fault it is; one rule answers for each kind.
        key: the key, as in the stack file; empty for the whole file.
        message: what is wrong.
        cure: what to do.
        value: the value as text, without secrets.
        line: the line, where only the reader of the file knows it.
        column: the column likewise.
        rule_id: the rule that answers for it, where its kind has several.
    """

    kind: FaultKind
    key: str
    message: str
    cure: str
    value: str = ""
    line: int | None = None
    column: int | None = None
    rule_id: str = ""


@dataclass(frozen=True)
class Draft:
    """What the rules look at.

    Attributes:
        settings: the settings, with defaults where a value could not be read.
        faults: what could not be read.
        given: the keys that were given.
        deploying: whether this is about to be deployed, rather than written or rehearsed.
        account: what was read of the AWS account; None if none was asked.
    """

    settings: Settings
    faults: tuple[Fault, ...] = ()
    given: frozenset[str] = frozenset()
    deploying: bool = False
    account: Account | None = None

    def trusts(self, key: str) -> bool:
        """Whether the value of `key` is what was asked for, not a default in its place."""
        if key in self._unread:
            return False
        ends = (at for at, character in enumerate(key) if character in ".[")
        return not any(key[:end] in self._unread for end in ends)

    @cached_property
    def _unread(self) -> frozenset[str]:
        kinds = {"type", "choice", "encrypted"}
        return frozenset(fault.key for fault in self.faults if fault.kind in kinds)


def read(raw: object, *, faults: Iterable[Fault] = (), deploying: bool = False) -> Draft:
    """Read a raw mapping in camel case as far as possible.

    Args:
        raw: what was asked for, as nested mappings.
        faults: faults that were found before, while reading a file.
        deploying: whether this is about to be deployed.

    Returns:
        The draft; it has at least one fault if `raw` is not wholly of the right shape.
    """
    found = list(faults)
    if not isinstance(raw, Mapping):
        message = f"The settings are {_article(raw)}, but must be a mapping of keys."
        cure = "Write one key on each line, such as environmentSuffix: dev."
        found.append(Fault("not-a-mapping", "", message, cure))
        raw = {}
    current = _without_blanks(raw)
    given = frozenset(_paths(current))
    settings: Settings | None = None
    unknown = 0
    while settings is None:
        try:
            settings = Settings.model_validate(current, by_alias=True, by_name=False)
        except ValidationError as error:
            # Each round takes at least one value away, so this ends.
            for entry in error.errors(include_url=False):
                if entry["type"] not in _NO_FAULT:
                    kind, path = entry["type"], entry["loc"]
                    if kind == _UNKNOWN:
                        unknown += 1
                        found.append(_unknown(path, guess=unknown <= _MOST_GUESSES))
                    else:
                        found.append(_fault(kind, path, entry["input"], entry["msg"]))
                    _remove(current, path)
    return Draft(settings, tuple(found), given, deploying)


def _without_blanks(raw: Mapping[Any, Any]) -> dict[str, Any]:
    """A copy with text keys, without keys that have no value, at the two known levels.

    Deeper levels are shared, not copied: nothing known lies there, and they may nest without end.
    """
    copied: dict[str, Any] = {}
    for key, value in raw.items():
        name = printable(str(key))
        if value is None or (value == "" and name in _EMPTY_MEANS_ABSENT):
            continue
        if isinstance(value, Mapping):
            is_group = name != "tags"
            copied[name] = {
                printable(str(k)): list(v) if isinstance(v, list | tuple) else v
                for k, v in value.items()
                if not (is_group and v is None)
            }
        else:
            copied[name] = value
    return copied


def _paths(raw: Mapping[str, Any]) -> Iterable[str]:
    for key, value in raw.items():
        yield dotted([key])
        if isinstance(value, Mapping):
            yield from (dotted([key, inner]) for inner in value)


def _remove(raw: dict[str, Any], path: tuple[int | str, ...]) -> None:
    container: Any = raw
    for part in path[:-1]:
        container = container[part]
    last = path[-1]
    if isinstance(last, int):
        container[last] = ""  # keeps the places of the items behind it
    else:
        del container[last]


def _fault(kind: str, path: tuple[int | str, ...], value: object, said: str) -> Fault:
    key = dotted(path)
    text = shown(key, value)
    default = known_keys().get(key.partition("[")[0])
    if kind == "literal_error":
        choices = said.removeprefix("Input should be ")
        message = f"{key} is {text}, but must be {choices}."
        return Fault("choice", key, message, f"Write one of these, such as {default}.", text)
    wanted = _WANTED[kind.partition("_")[0]]
    message = f"{key} is {_described(key, value)}, but must be {wanted}."
    cure = f"Write {wanted}"
    if key in groups():
        cure += ", with its keys indented below it."
    elif wanted == "text":
        cure += "; put quotes around it."
    elif isinstance(default, tuple):
        cure += ", one item on each line after a dash."
    elif default is None:
        cure += ", or leave it out."
    else:
        cure += f", such as {shown(key, default)}."
    return Fault("type", key, message, cure, text)


def _unknown(path: tuple[int | str, ...], *, guess: bool) -> Fault:
    key = dotted(path)
    absence = absence_of(path)
    if absence:
        message = f"{key} is not a key: {absence.reason}."
        return Fault("absent-key", key, message, absence.cure, rule_id=absence.rule_id)
    meant = suggestion(path) if guess else None
    message = f"{key} is not a key that bicoastal knows."
    cure = f"Did you mean {meant}?" if meant else "Remove it; the manual lists the known keys."
    if meant == "secretArn":
        cure += " A password stays in Secrets Manager; the settings name only its secret."
    return Fault("unknown-key", key, message, cure)


def _described(key: str, value: object) -> str:
    kind = _article(value)
    return kind if isinstance(value, list | dict) else f"{quoted(key, value)} ({kind})"


def _article(value: object) -> str:
    names: dict[type, str] = {
        bool: "a yes-or-no value",
        int: "a number",
        float: "a number",
        str: "text",
        list: "a list",
        dict: "a mapping",
    }
    return names.get(type(value), f"of the type {type(value).__name__}")
