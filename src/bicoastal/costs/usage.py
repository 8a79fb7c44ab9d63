"""How a stack is used: what its settings cannot say, with a stated default for each key."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal, InvalidOperation
from math import ceil
from pathlib import Path
from typing import Any, Literal

from bicoastal.costs.errors import UsageError

Billing = Literal["billed", "included"]
_MOST = Decimal(10) ** 12


@dataclass(frozen=True)
class Usage:
    """The usage of a stack over a month of 730 hours. Keys in files are in camel case.

    What sources dispute is a key too: `billed` or `included`.

    Attributes:
        average_acu: average capacity of each serverless instance; the minimum if absent.
        storage_gib: volume of each member; Aurora's smallest is 10.
        writes_per_second: rows written.
        row_kib: size of a row.
        log_factor: redo log written for each byte of a row.
        reads_per_second: pages read from storage in the home region.
        standby_reads_per_second: the same in the region of each standby.
        snapshot_gib: manual snapshots kept in each member's region.
        database_log_gib: error and slow-query logs of each member, and its audit log if it has one.
        flow_log_gib: flow log of each VPC, if there are any.
        monitoring_kib: one report of Enhanced Monitoring.
        dns_queries: queries that reach Route 53.
        notifications: messages to each topic.
        kms_requests: requests to each key.
        key_rotations: rotations of each key so far, one a year; AWS bills two.
        record_writes: writes of the decision record.
        record_kib: size of the decision record with its audit trail, whose entries have 1.7 KiB: a
            rehearsed failover leaves 16 to 18 of them, and 64 are kept.
        round_s: seconds that a controller's last round takes.
        probe_s: seconds that a probe takes.
        call_kib: a call between regions, each way.
        probe_kib: a probe between regions, each way.
        round_log_bytes: log line of a controller's round.
        run_log_bytes: Lambda's own log lines of an invocation.
        free_tier: deduct what AWS gives every account free each month.
        global_transfer: bytes that the global database replicates.
        replicated_io: replicated writes under aurora-iopt1.
        derived_checks: CALCULATED and CLOUDWATCH_METRIC health checks.
    """

    average_acu: Decimal | None = None
    storage_gib: Decimal = Decimal("10")
    writes_per_second: Decimal = Decimal("1")
    row_kib: Decimal = Decimal("1")
    log_factor: Decimal = Decimal("2")
    reads_per_second: Decimal = Decimal("1")
    standby_reads_per_second: Decimal = Decimal("0")
    snapshot_gib: Decimal = Decimal("0")
    database_log_gib: Decimal = Decimal("0.1")
    flow_log_gib: Decimal = Decimal("0.5")
    monitoring_kib: Decimal = Decimal("8")
    dns_queries: Decimal = Decimal("1000000")
    notifications: Decimal = Decimal("100")
    kms_requests: Decimal = Decimal("10000")
    key_rotations: Decimal = Decimal("0")
    record_writes: Decimal = Decimal("500")
    record_kib: Decimal = Decimal("32")
    round_s: Decimal = Decimal("0.5")
    probe_s: Decimal = Decimal("0.2")
    call_kib: Decimal = Decimal("3")
    probe_kib: Decimal = Decimal("1")
    round_log_bytes: Decimal = Decimal("700")
    run_log_bytes: Decimal = Decimal("350")
    free_tier: bool = True
    global_transfer: Billing = "billed"
    replicated_io: Billing = "billed"
    derived_checks: Billing = "billed"

    @property
    def io_per_write(self) -> Decimal:
        """Billed I/Os of one write: redo log in units of 4 KiB, at least one.

        Source: https://aws.amazon.com/rds/aurora/faqs/
        """
        return Decimal(max(1, ceil(self.row_kib * self.log_factor / 4)))


def camel(name: str) -> str:
    """A field's name as it is written in a usage file."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def parse_usage(raw: object, where: str = "the usage") -> Usage:
    """Read usage from a mapping.

    Args:
        raw: camel-case keys and their values.
        where: what is being read, for the messages.

    Returns:
        The usage; absent keys have their defaults.

    Raises:
        UsageError: keys or values that cannot be used, all of them in one message.
    """
    if not isinstance(raw, Mapping):
        msg = f"{where} must be a mapping of keys, such as storageGib: 20."
        raise UsageError(msg)
    known = {camel(entry.name): entry for entry in fields(Usage)}
    problems: list[str] = []
    values: dict[str, Any] = {}
    for key, value in raw.items():
        entry = known.get(str(key))
        if entry is None:
            near = difflib.get_close_matches(str(key), known, n=1)
            cure = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            problems.append(f"{key} is not known; {cure}")
            continue
        try:
            values[entry.name] = _read(entry.default, value)
        except ValueError as error:
            problems.append(f"{key} is {value!r}, but must be {error}")
    if problems:
        msg = f"{where} cannot be used: " + "; ".join(problems) + "."
        raise UsageError(msg)
    return replace(Usage(), **values)


def _read(default: object, value: object) -> object:
    if isinstance(default, bool):
        if str(value).lower() not in {"true", "false"}:
            raise ValueError("true or false")
        return str(value).lower() == "true"
    if isinstance(default, str):
        if value not in {"billed", "included"}:
            raise ValueError("billed or included")
        return value
    try:
        number = Decimal("nan") if isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or not 0 <= number <= _MOST:
        raise ValueError("a number of at least 0")
    return number


def load_usage(path: Path | None, settings: Iterable[str] = ()) -> Usage:
    """Read usage from a file and from `key=value` texts, which come last.

    Args:
        path: a YAML file with a mapping, or `None`.
        settings: texts such as `storageGib=20`.

    Returns:
        The usage.

    Raises:
        UsageError: something cannot be read or used.
    """
    raw: object = {}
    where = "--set"
    if path is not None:
        where = str(path)
        raw = _read_yaml(path)
    if not isinstance(raw, Mapping):
        return parse_usage(raw, where)
    merged: dict[Any, Any] = dict(raw)
    for text in settings:
        key, sign, value = text.partition("=")
        if not sign:
            msg = f"--set takes key=value, such as storageGib=20, not {text!r}."
            raise UsageError(msg)
        merged[key.strip()] = value.strip()
    return parse_usage(merged, where)


def _read_yaml(path: Path) -> object:
    import yaml  # noqa: PLC0415  (only who has a usage file needs it)

    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = getattr(error, "strerror", None) or "it is not YAML in UTF-8"
        msg = f"{path} cannot be read: {reason}."
        raise UsageError(msg) from None
    return {} if raw is None else raw
