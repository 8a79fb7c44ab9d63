"""What happens when a run is interrupted."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from bicoastal.errors import DeploymentError
from bicoastal.lab.engine.calls import CallLoop, ProviderPool
from bicoastal.lab.engine.preview import PreviewRun
from bicoastal.lab.engine.progress import Progress
from bicoastal.lab.engine.state import ResourceState, State
from bicoastal.lab.engine.up import UpRun

from .conftest import Make
from .toy import Thing, ToyProvider, World


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


def test_an_interrupted_run_takes_no_more_registrations(world: World) -> None:
    """One that was already waiting for a thread when the interrupt came."""
    state = State()
    progress = Progress(state, None)
    with CallLoop() as calls:
        run = UpRun(
            "project", "stack", "us-east-1", None, state=state,
            pool=ProviderPool(ToyProvider(world), "us-east-1"), calls=calls, progress=progress,
        )  # fmt: skip
        run.cancel()
        wanted = ResourceState(urn="urn", type="toy:index:Thing", name="late", custom=True)
        assert not run.resource(wanted, ()).ok

    assert world.calls == []
    assert progress.skipped == ["urn"]
    assert state.journal[0].reason == "the deployment was interrupted"


def test_a_preview_has_nothing_to_cancel() -> None:
    PreviewRun("project", "stack", "us-east-1").cancel()


def test_a_provider_that_nobody_configured_is_an_error(world: World) -> None:
    pool = ProviderPool(ToyProvider(world), "us-east-1")
    with CallLoop() as calls, pytest.raises(DeploymentError, match="unknown provider 'urn::x'"):
        calls.run(pool.get("urn::x"))
