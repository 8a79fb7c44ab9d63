"""One embedded AWS in this process for all stateful tests."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
from botocore.retries.standard import ExponentialBackoff

from bicoastal.failover import controller
from bicoastal.lab.aws import failovers
from bicoastal.lab.aws.config import ACCOUNT_ID
from bicoastal.lab.workspace import Workspace

from .in_process import InProcessAws
from .invocations import InlinePool
from .world import Everywhere, World


@pytest.fixture(scope="session")
def embedded() -> Iterator[tuple[InProcessAws, Everywhere]]:
    with pytest.MonkeyPatch.context() as patch, Workspace("bicoastal-test-") as workspace:
        patch.setenv("AWS_ACCESS_KEY_ID", ACCOUNT_ID)
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        aws, clients = InProcessAws(workspace), Everywhere()
        clients.hook = lambda request, *_: aws.send(request)
        aws.create(clients.get)
        yield aws, clients
        aws.close()


@pytest.fixture
def new_world(
    embedded: tuple[InProcessAws, Everywhere], monkeypatch: pytest.MonkeyPatch
) -> Callable[[], World]:
    """Makes a world that is as new; the one before it is over."""
    monkeypatch.setattr(controller, "ThreadPoolExecutor", InlinePool)
    monkeypatch.setattr(controller, "wait", lambda *_, **__: None)
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)
    monkeypatch.setattr(failovers, "_WATCH_S", 0.001)
    logging.getLogger("bicoastal.lab.aws").setLevel(logging.CRITICAL)
    return lambda: World(*embedded)
