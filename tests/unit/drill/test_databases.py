"""An intrusion that a member takes is told as such."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import MagicMock

import pymysql
import pytest

from bicoastal.lab.drill.databases import Databases


class Taking(Databases):
    """A member that takes every statement; no server is behind it."""

    @contextmanager
    def connect(self, where: str | Path) -> Iterator[MagicMock]:
        yield MagicMock()


def test_a_member_that_takes_the_write_gives_no_refusal() -> None:
    assert Taking("u", "p", "d", 3306).try_to_write("127.0.0.1") == ""


def test_a_member_that_cannot_be_reached_refuses_in_words() -> None:
    databases = Databases("u", "p", "d", 1)
    assert "Can't connect" in databases.try_to_write("127.0.0.1")
    with pytest.raises(pymysql.MySQLError), databases.connect("127.0.0.1"):
        pass
