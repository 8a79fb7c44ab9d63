"""The dated tables of classes and versions, brought up to what RDS offers.

What RDS does not say stays as it is: since which version a family is there, until when a version is
supported, why a family is not offered, and whatever else a table holds. A class that the regions
that were asked do not name stays, too: another region may offer it.
"""

from __future__ import annotations

import copy
import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bicoastal.live.errors import RefreshError, ShortAnswerError
from bicoastal.live.offers import Orderable
from bicoastal.settings.tables import Version, parse_version

Table = dict[str, Any]

_BURSTABLE = re.compile(r"db\.t\d")
_SIZES = ("micro", "small", "medium", "large", "xlarge")
_SHORT = 0.5
"""An answer that confirms less than this share of the table is taken for cut off."""


class Change(NamedTuple):
    """One value that a refresh changes.

    Attributes:
        path: where it is in the table.
        old: what it was; None if it was not there.
        new: what it becomes.
    """

    path: str
    old: Any
    new: Any

    def __str__(self) -> str:
        old = "(nothing)" if self.old is None else json.dumps(self.old)
        return f"{self.path}: {old} -> {json.dumps(self.new)}"


def read(path: Path) -> Table:
    """Read a table.

    Args:
        path: its file.

    Returns:
        The table.

    Raises:
        RefreshError: there is no such table.
    """
    try:
        table: Table = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RefreshError(f"{path} is no table that can be read: {error}") from None
    return table


def write(path: Path, table: Mapping[str, Any]) -> None:
    """Replace a table as a whole: whoever reads it sees the old one or the new one.

    Args:
        path: its file.
        table: the table.

    Raises:
        RefreshError: the file cannot be written; the old one is whole.
    """
    draft: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}-", delete=False
        ) as file:
            draft = Path(file.name)
            file.write(json.dumps(table, indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(path.stat().st_mode if path.exists() else 0o644)
        draft.replace(path)
    except OSError as error:
        raise RefreshError(f"{path} cannot be written: {error}") from None
    finally:
        if draft is not None:
            draft.unlink(missing_ok=True)


def with_classes(old: Table, found: Mapping[str, Orderable], today: str) -> Table:
    """The table of classes as RDS offers them.

    Args:
        old: the table.
        found: region -> what it offers.
        today: the day of the answer, `YYYY-MM-DD`.

    Returns:
        The new table: the same form, and `by_region` with the ids of each class's zones.

    Raises:
        ShortAnswerError: RDS names too few of the table's classes.
    """
    offers: dict[str, set[Version]] = {}
    for offered in found.values():
        for name, versions in offered.items():
            known = (parse_version(version) for version in versions)
            offers.setdefault(name, set()).update(v for v in known if v is not None)
    memory, burst = old["memory_optimized"], old["burstable"]
    held = {f"{f}.{s}" for f, entry in memory.items() for s in entry["sizes"]}
    held |= {f"{family}.{size}" for family, sizes in burst.items() for size in sizes}
    _refuse_what_is_short("classes", held, offers)
    families: dict[str, list[str]] = {}
    for name in offers:
        family, _, size = name.rpartition(".")
        if family != "db":  # db.serverless is no family
            families.setdefault(family, []).append(size)
    new = copy.deepcopy(old)
    new["as_of"] = today
    for family in sorted(families):
        if _BURSTABLE.match(family):
            sizes = new["burstable"].setdefault(family, [])
        else:
            entry = {"sizes": [], "since": _since(family, offers)}
            sizes = new["memory_optimized"].setdefault(family, entry)["sizes"]
        sizes[:] = _ordered([*sizes, *families[family]])
    new["not_offered"] = {f: why for f, why in old["not_offered"].items() if f not in families}
    new["by_region"] = dict(old.get("by_region", {})) | {
        region: {name: sorted({z for zs in offered[name].values() for z in zs}) for name in offered}
        for region, offered in found.items()
    }
    return new


def with_versions(old: Table, found: Mapping[str, Sequence[str]], today: str) -> Table:
    """The calendar of versions with the patches that RDS creates clusters with.

    Args:
        old: the table.
        found: region -> full engine versions.
        today: the day of the answer, `YYYY-MM-DD`.

    Returns:
        The new table: `patches` of each line, `patches_as_of`, and `undated`: the lines that the
        calendar does not list, whose end of support RDS does not tell.

    Raises:
        ShortAnswerError: RDS names too few of the table's patches.
    """
    parsed = {parse_version(text) for versions in found.values() for text in versions}
    known = sorted((v for v in parsed if v is not None), key=lambda v: v.number)
    held = {patch for entry in old["minor"].values() for patch in entry["patches"] or ()}
    _refuse_what_is_short("versions", held, {version.text for version in known})
    new = copy.deepcopy(old)
    for minor, entry in new["minor"].items():
        patches = [version.text for version in known if version.minor == minor]
        entry["patches"] = patches or entry["patches"]
    new["patches_as_of"] = today
    new["undated"] = [v.text for v in known if v.minor not in new["minor"]]
    return new


def _refuse_what_is_short(what: str, held: Iterable[str], named: Iterable[str]) -> None:
    held, confirmed = set(held), set(held) & set(named)
    if len(confirmed) < _SHORT * len(held):
        raise ShortAnswerError(
            f"RDS named {len(confirmed)} of the {len(held)} {what} that the table holds; such an "
            "answer was cut off, or comes from a region that offers little. The table stays as it "
            "was. Name a region that offers more with --region."
        )


def _ordered(sizes: Iterable[str]) -> list[str]:
    def rank(size: str) -> tuple[int, int]:
        if size in _SIZES:
            return _SIZES.index(size), 0
        return len(_SIZES), int(re.sub(r"\D", "", size) or 0)

    return sorted(set(sizes), key=rank)


def _since(family: str, offers: Mapping[str, set[Version]]) -> str:
    """The first version that a new family is there with; the table knows better of an old one."""
    versions = {v for name, found in offers.items() if name.startswith(f"{family}.") for v in found}
    return min(versions, key=lambda version: version.number).text


def differences(old: object, new: object, path: str = "") -> list[Change]:
    """What a refresh changes. It takes nothing away.

    Args:
        old: a table, or a part of one.
        new: what it becomes.
        path: where the part is.

    Returns:
        A change for each value that is not a mapping in both.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            change
            for key in (*old, *(k for k in new if k not in old))
            if old.get(key) != new.get(key)
            for change in differences(old.get(key), new.get(key), f"{path}{'.' * bool(path)}{key}")
        ]
    return [Change(path, old, new)]
