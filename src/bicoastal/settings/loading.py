"""From mappings, stack files and Pulumi's configuration to settings and findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bicoastal.settings.account import Account
from bicoastal.settings.catalogue import ACCOUNT_FAMILY, Marks, examine
from bicoastal.settings.draft import Draft, Fault, read
from bicoastal.settings.findings import Finding, InvalidSettingsError
from bicoastal.settings.ignores import Ignore, Ignored, apply
from bicoastal.settings.keys import groups
from bicoastal.settings.models import Settings
from bicoastal.settings.stackfile import (
    NAMESPACE,
    StackFile,
    parse_json,
    read_stack_content,
    read_stack_file,
)


def check(settings: Settings, *, deploying: bool = True) -> list[Finding]:
    """Run the rules over settings that have the right shape.

    Args:
        settings: the settings.
        deploying: whether they are about to be deployed; some keys are needed only then.

    Returns:
        All findings, errors first.
    """
    return examine(Draft(settings, deploying=deploying))


def validate(raw: Mapping[str, Any], *, deploying: bool = False) -> list[Finding]:
    """Find everything that is wrong with a raw mapping.

    Args:
        raw: keys in camel case, nested as in a stack file, without the namespace.
        deploying: whether it is about to be deployed.

    Returns:
        All findings, errors first; an empty list means that nothing is wrong.
    """
    return examine(read(raw, deploying=deploying))


def load(raw: Mapping[str, Any], *, deploying: bool = False) -> Settings:
    """Turn a raw mapping into settings.

    Args:
        raw: keys in camel case, nested as in a stack file, without the namespace.
        deploying: whether it is about to be deployed.

    Returns:
        The settings.

    Raises:
        InvalidSettingsError: there is at least one error; all findings are in it.
    """
    return _accept(read(raw, deploying=deploying))


@dataclass(frozen=True)
class Review:
    """What is to be said of a stack file.

    Attributes:
        findings: the findings, errors first.
        ignored: those that a comment in the file silences.
    """

    findings: tuple[Finding, ...]
    ignored: tuple[Ignored, ...] = ()


Look = Callable[[Draft], Account | None]
"""Reads an AWS account for a draft; None if it does not ask."""


def without_looking(_: Draft) -> None:
    """Ask no account: the look of a check that needs no AWS."""


def review_stack_file(
    path: Path, *, deploying: bool = False, look: Look = without_looking
) -> Review:
    """Find everything that is wrong with a stack file, and heed its inline ignores.

    Args:
        path: the stack file, `Pulumi.<stack>.yaml`.
        deploying: whether it is about to be deployed.
        look: reads the account that the settings are judged against; by default none.

    Returns:
        The findings with file, line and column, and those that the file ignores.
    """
    return _review(read_stack_file(Path(path)), deploying=deploying, look=look)


def review_stack_content(
    content: bytes, file: str, *, deploying: bool = False, look: Look = without_looking
) -> Review:
    """Find everything that is wrong with what a stack file holds.

    Args:
        content: its bytes.
        file: its name, for the findings.
        deploying: whether it is about to be deployed.
        look: reads the account that the settings are judged against; by default none.

    Returns:
        The findings with file, line and column, and those that the file ignores.
    """
    return _review(read_stack_content(content, file), deploying=deploying, look=look)


def _review(stack: StackFile, *, deploying: bool, look: Look) -> Review:
    draft = read(stack.raw, faults=stack.faults, deploying=deploying)
    draft = replace(draft, account=look(draft))
    marks = stack.marks
    ignores = stack.ignores if draft.account else [_at_rest(ignore) for ignore in stack.ignores]
    kept, ignored, unused = apply(examine(draft, marks), ignores)
    if unused:
        # A comment that silences nothing is a finding itself, so it goes through its own rule.
        whole = replace(draft, faults=(*draft.faults, *unused))
        kept, ignored, _ = apply(examine(whole, marks), ignores)
    return Review(tuple(kept), tuple(ignored))


def _at_rest(ignore: Ignore) -> Ignore:
    """An ignore without the rules that only an account can break: they found nothing to silence."""
    return replace(ignore, ids=tuple(i for i in ignore.ids if not i.startswith(ACCOUNT_FAMILY)))


def validate_stack_file(path: Path, *, deploying: bool = False) -> list[Finding]:
    """Find everything that is wrong with a stack file; findings carry file, line and column.

    Args:
        path: the stack file, `Pulumi.<stack>.yaml`.
        deploying: whether it is about to be deployed.

    Returns:
        All findings but those that a comment in the file ignores, errors first.
    """
    return list(review_stack_file(path, deploying=deploying).findings)


def load_stack_file(path: Path, *, deploying: bool = False) -> Settings:
    """Read a stack file. Its inline ignores count for nothing here: an error stays an error.

    Args:
        path: the stack file, `Pulumi.<stack>.yaml`.
        deploying: whether it is about to be deployed.

    Returns:
        The settings.

    Raises:
        InvalidSettingsError: the file cannot be read, or there is at least one error in it.
    """
    stack = read_stack_file(Path(path))
    return _accept(read(stack.raw, faults=stack.faults, deploying=deploying), stack.marks)


def validate_pulumi_config(config: Mapping[str, str], *, deploying: bool = False) -> list[Finding]:
    """Find everything that is wrong with Pulumi's configuration.

    Args:
        config: `namespace:key` -> text, or JSON text for structured values.
        deploying: whether it is about to be deployed.

    Returns:
        All findings, errors first.
    """
    return examine(_read_config(config, deploying=deploying))


def from_pulumi_config(config: Mapping[str, str], *, deploying: bool = False) -> Settings:
    """Read the configuration that Pulumi gives to a program.

    Args:
        config: `namespace:key` -> text, or JSON text for structured values. Keys of other
            namespaces are left alone.
        deploying: whether it is about to be deployed.

    Returns:
        The settings.

    Raises:
        InvalidSettingsError: there is at least one error; all findings are in it.
    """
    return _accept(_read_config(config, deploying=deploying))


def _read_config(config: Mapping[str, str], *, deploying: bool) -> Draft:
    faults: list[Fault] = []
    raw: dict[str, Any] = {}
    for written, text in config.items():
        namespace, _, key = written.partition(":")
        if namespace == NAMESPACE:
            raw[key] = parse_json(key, text, faults) if key in groups() else text
    return read(raw, faults=faults, deploying=deploying)


def _accept(draft: Draft, marks: Marks | None = None) -> Settings:
    findings = examine(draft, marks)
    if any(finding.severity == "error" for finding in findings):
        raise InvalidSettingsError(findings)
    return draft.settings
