from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bicoastal.lab.engine import Deployment

from .toy import ToyProvider, World

Make = Callable[..., Deployment]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def deployment(world: World) -> Make:
    """Make deployments whose provider works in `world`."""

    def make(config: dict[str, str] | None = None, **options: Any) -> Deployment:
        options.setdefault("provider", ToyProvider(world))
        return Deployment("project", "stack", config or {}, **options)

    return make
