"""BC221 to BC223: when Aurora backs up and maintains the members."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bicoastal.settings.draft import Draft
from bicoastal.settings.rules.base import Problem, rule
from bicoastal.settings.secrecy import quoted
from bicoastal.settings.windows import SHORTEST, Window, daily, weekly

CREATE_CLUSTER = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html"
)

_BACKUP, _MAINTENANCE = "database.backupWindow", "database.maintenanceWindow"


def _database(**keys: str) -> dict[str, dict[str, str]]:
    return {"database": keys}


def _malformed(
    key: str, text: str | None, read: Callable[[str], Window | None], example: str
) -> Iterable[Problem]:
    if text is None:
        return
    window = read(text)
    if window is None:
        wrong = f"{key} is {quoted(key, text)}, which is not a window."
        yield Problem(key, wrong, f"Write one in UTC, such as {example}.", text)
    elif window.length < SHORTEST:
        short = f"{key} is {text}, {window.length} minutes, but a window has at least {SHORTEST}."
        yield Problem(key, short, f"Write a longer one, such as {example}.", text)


@rule(
    "BC221",
    "error",
    source=CREATE_CLUSTER,
    passes=[_database(backupWindow=w) for w in ("03:00-03:30", "23:45-00:15")],
    fails=[_database(backupWindow=w) for w in ("3:00-4:00", "03:00", "03:00-03:20", "24:00-01:00")],
)
def backup_window(draft: Draft) -> Iterable[Problem]:
    """`backupWindow` is hh:mm-hh:mm, at least half an hour."""
    yield from _malformed(_BACKUP, draft.settings.database.backup_window, daily, "03:00-04:00")


@rule(
    "BC222",
    "error",
    source=CREATE_CLUSTER,
    passes=[_database(maintenanceWindow=w) for w in ("sun:05:00-sun:06:00", "sun:23:30-mon:00:30")],
    fails=[
        _database(maintenanceWindow=w)
        for w in ("05:00-06:00", "sunday:05:00-sunday:06:00", "sun:05:00-sun:05:10")
    ],
)
def maintenance_window(draft: Draft) -> Iterable[Problem]:
    """`maintenanceWindow` is ddd:hh:mm-ddd:hh:mm, at least half an hour."""
    text = draft.settings.database.maintenance_window
    yield from _malformed(_MAINTENANCE, text, weekly, "sun:05:00-sun:06:00")


@rule(
    "BC223",
    "error",
    source=CREATE_CLUSTER,
    passes=[
        _database(backupWindow="03:00-04:00", maintenanceWindow="sun:04:00-sun:05:00"),
        _database(backupWindow="03:00-04:00"),
    ],
    fails=[
        _database(backupWindow="03:00-04:00", maintenanceWindow="sun:03:30-sun:04:30"),
        _database(backupWindow="23:45-00:15", maintenanceWindow="mon:00:00-mon:01:00"),
    ],
)
def windows_apart(draft: Draft) -> Iterable[Problem]:
    """Backup and maintenance have no minute in common."""
    database = draft.settings.database
    backup = daily(database.backup_window or "")
    maintenance = weekly(database.maintenance_window or "")
    if backup and maintenance and backup.overlaps(maintenance):
        yield Problem(
            _MAINTENANCE,
            f"{_MAINTENANCE} is {database.maintenance_window}, which overlaps {_BACKUP}, "
            f"{database.backup_window}, of some day; AWS refuses that.",
            f"Choose {maintenance.after(backup)}.",
            database.maintenance_window,
            related=(_BACKUP,),
        )
