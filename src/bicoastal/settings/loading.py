"""From mappings, stack files and Pulumi's configuration to settings and findings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bicoastal.settings.catalogue import Marks, examine
from bicoastal.settings.draft import Draft, Fault, read
from bicoastal.settings.findings import Finding, InvalidSettingsError
from bicoastal.settings.keys import groups
from bicoastal.settings.models import Settings
from bicoastal.settings.stackfile import NAMESPACE, parse_json, read_stack_file


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


def validate_stack_file(path: Path, *, deploying: bool = False) -> list[Finding]:
    """Find everything that is wrong with a stack file; findings carry file, line and column.

    Args:
        path: the stack file, `Pulumi.<stack>.yaml`.
        deploying: whether it is about to be deployed.

    Returns:
        All findings, errors first.
    """
    return examine(*_read_file(path, deploying=deploying))


def load_stack_file(path: Path, *, deploying: bool = False) -> Settings:
    """Read a stack file.

    Args:
        path: the stack file, `Pulumi.<stack>.yaml`.
        deploying: whether it is about to be deployed.

    Returns:
        The settings.

    Raises:
        InvalidSettingsError: the file cannot be read, or there is at least one error in it.
    """
    return _accept(*_read_file(path, deploying=deploying))


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


def _read_file(path: Path, *, deploying: bool) -> tuple[Draft, Marks]:
    stack = read_stack_file(Path(path))
    return read(stack.raw, faults=stack.faults, deploying=deploying), stack.marks


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
