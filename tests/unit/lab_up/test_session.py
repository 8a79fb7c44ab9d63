"""A kept lab whose end is asked for while it starts; `tests/lab/up` lives a whole life."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bicoastal.lab.drill.options import DrillOptions
from bicoastal.lab.drill.recording import Silent
from bicoastal.lab.up import session
from bicoastal.lab.up.place import STARTING, find
from bicoastal.settings import load


def test_an_end_that_was_lost_during_the_deployment_is_seen_after_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = threading.Event()

    def deploy() -> None:
        running = find()
        assert running is not None
        assert running.info == {"state": STARTING}
        ended.set()

    @contextmanager
    def opened(*_: Any) -> Iterator[Any]:
        yield SimpleNamespace(deploy=deploy)  # nothing of it is started

    monkeypatch.setattr(session, "opened", opened)
    ready: list[Any] = []
    session.keep_up(
        load({}), DrillOptions(), port=0, observer=Silent(), ready=ready.append, ended=ended
    )
    assert ready == []
    assert find() is None
    assert list(tmp_path.iterdir()) == []
