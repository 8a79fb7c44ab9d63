"""What happens when a run is interrupted."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from .conftest import Make
from .toy import Thing, World


def test_an_interrupt_begins_nothing_more_and_everything_made_is_known(
    world: World, deployment: Make
) -> None:
    """Ctrl-C arrives while the first resource is being made."""
    interrupted = threading.Event()

    def on_call(verb: str, name: str) -> None:
        if (verb, name) == ("create", "first"):
            os.kill(os.getpid(), signal.SIGINT)
            assert interrupted.wait(10)

    world.on_cancel = interrupted.set
    world.on_call = on_call
    made = deployment()

    with pytest.raises(KeyboardInterrupt):
        made.up(lambda: Thing("second", source=Thing("first").arn))

    assert world.calls == ["create first"]
    assert world.cancelled == 1
    assert [r.name for r in made.resources] == ["first"]
    world.on_call = None
    made.destroy()
    assert world.things == {}
