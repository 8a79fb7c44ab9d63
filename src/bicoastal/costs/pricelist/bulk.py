"""The price list's files, at AWS's public address, a mirror's, or in a directory.

Index of offers -> an offer's index of regions -> a region's file. No credentials are needed.
Source: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/
using-the-aws-price-list-bulk-api-fetching-price-list-files-manually.html
"""

from __future__ import annotations

import http.client
import io
import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import IO, Any, Literal

from bicoastal.costs.errors import NoPriceListError, PriceListError
from bicoastal.costs.pricelist.collector import Collector
from bicoastal.costs.pricelist.files import Edition, read_csv, read_json
from bicoastal.costs.prices import GLOBAL

PUBLIC = "https://pricing.us-east-1.amazonaws.com"
INDEX = "/offers/v1.0/aws/index.json"

Form = Literal["csv", "json"]
Progress = Callable[[str, int, int | None], None]
"""Told of each part that arrives: what is read, bytes so far, bytes in all if known."""

_BROKEN = (PriceListError, OSError, http.client.HTTPException)
_TIMEOUT_S = 60
_LONGEST_INDEX = 1 << 24
_PATH = re.compile(r"(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)+")


class _Counted(io.RawIOBase):
    """A stream that tells how far it has been read, and notices when it ends too early."""

    def __init__(self, stream: IO[bytes], total: int | None, tell: Callable[[int], None]) -> None:
        self._stream, self._total, self._tell = stream, total, tell
        self._done = 0

    def close(self) -> None:
        self._stream.close()
        super().close()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._stream.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self._done += len(chunk)
        if not chunk and self._total is not None and self._done < self._total:
            msg = f"it ends after {self._done} of {self._total} bytes"
            raise PriceListError(msg)
        self._tell(self._done)
        return len(chunk)


class BulkFiles:
    """Files of the price list.

    Args:
        base: `http(s)://...` or a directory, below which `offers/v1.0/aws/index.json` is.
        form: which of the two forms of a region's file is read.
        progress: told of each part that arrives.
    """

    def __init__(self, base: str, form: Form, progress: Progress) -> None:
        self._base = base.rstrip("/")
        self._form = form
        self._progress = progress
        self._indexes: dict[str, dict[str, Any]] = {}

    def collect(self, offer: str, region: str, into: Collector) -> Edition | None:
        """Read a region's file of an offer.

        Args:
            offer: such as `AmazonRDS`.
            region: such as `us-east-1`, or `global` for the offer's own file.
            into: what is wanted.

        Returns:
            The file's edition, or `None` if the offer is not sold there.

        Raises:
            PriceListError: a file cannot be read, or is no price list.
            NoPriceListError: the index of offers cannot be read.
        """
        path = self._path_of(offer, region)
        if path is None:
            return None
        path = f"{path.removesuffix('.json')}.{self._form}"
        read = read_csv if self._form == "csv" else read_json
        try:
            with closing(self._open(path, f"{offer} {region}")) as stream:
                return read(io.TextIOWrapper(stream, "utf-8", newline=""), into)
        except (*_BROKEN, UnicodeDecodeError) as error:
            raise self._error(path, error) from None

    def _path_of(self, offer: str, region: str) -> str | None:
        entry = self._index(INDEX, "offers").get(offer)
        if entry is None:
            return None
        if region == GLOBAL:
            return self._path(INDEX, entry, "currentVersionUrl")
        regions = self._path(INDEX, entry, "currentRegionIndexUrl")
        place = self._index(regions, "regions").get(region)
        return None if place is None else self._path(regions, place, "currentVersionUrl")

    def _path(self, index: str, entry: Any, name: str) -> str:
        """A path out of an index; it must stay below the base."""
        path = entry.get(name) if isinstance(entry, dict) else None
        if not isinstance(path, str) or not _PATH.fullmatch(path):
            raise self._error(index, PriceListError(f"{name} is {path!r}, not a path"))
        return path

    def _index(self, path: str, name: str) -> dict[str, Any]:
        """An index, each of which is read once: they are small."""
        if path not in self._indexes:
            try:
                with closing(self._open(path, "index")) as stream:
                    entries = json.loads(stream.read(_LONGEST_INDEX))[name]
                self._indexes[path] = dict(entries)
            except (*_BROKEN, ValueError, KeyError, TypeError) as error:
                told = self._error(path, error)
                # Without the first index nothing at all can be read: say so once.
                raise NoPriceListError(str(told)) if path == INDEX else told from None
        return self._indexes[path]

    def _open(self, path: str, name: str) -> io.BufferedReader:
        raw: IO[bytes]
        if self._base.startswith(("http://", "https://")):
            raw = urllib.request.urlopen(self._base + path, timeout=_TIMEOUT_S)  # noqa: S310
            length = raw.headers.get("Content-Length")  # type: ignore[attr-defined]
            total = int(length) if length else None
        else:
            file = Path(self._base + path)
            raw, total = file.open("rb"), file.stat().st_size
        tell = lambda done: self._progress(name, done, total)  # noqa: E731
        return io.BufferedReader(_Counted(raw, total, tell), 1 << 20)

    def _error(self, path: str, error: Exception) -> PriceListError:
        """An error that names the file and what can be done."""
        reason = str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error)
        if isinstance(error, urllib.error.HTTPError):
            reason = f"HTTP {error.code} {error.reason}"
        elif isinstance(error, (KeyError, TypeError, UnicodeDecodeError, ValueError)):
            reason = "it is no index or file of AWS's price list"
        return PriceListError(f"{self._base}{path} cannot be used: {reason}.")
