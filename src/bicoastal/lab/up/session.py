"""The life of a lab that keeps running, from an empty machine back to an empty machine."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from contextlib import ExitStack

from bicoastal.lab.drill.options import DrillOptions
from bicoastal.lab.drill.recording import Observer, Recording
from bicoastal.lab.drill.running import SETTLE_S, RunningLab, opened
from bicoastal.lab.up import page
from bicoastal.lab.up.addresses import Addresses, addresses_of
from bicoastal.lab.up.buttons import Presses
from bicoastal.lab.up.place import Place
from bicoastal.lab.up.server import LiveServer
from bicoastal.lab.up.watching import WINDOW_S, Watching
from bicoastal.settings import Settings

KEEP_S = 2 * WINDOW_S
"""Seconds that attempts and rounds are remembered."""


def keep_up(
    settings: Settings,
    chosen: DrillOptions,
    *,
    port: int,
    observer: Observer,
    ready: Callable[[Addresses], None],
    ended: threading.Event,
) -> None:
    """Start everything, and keep it until it is ended; nothing of it remains.

    Call it from the main thread. Ctrl-C, or any other exception, ends it as well.

    Args:
        settings: What is deployed.
        chosen: How it runs.
        port: The live page's port; 0 for any free one.
        observer: Sees progress and events.
        ready: Called when it is up.
        ended: Set it to end.

    Raises:
        LabError: A lab runs here already, or it could not be built.
        DeploymentError: The stack could not be deployed.
    """
    recording = Recording(observer)
    with ExitStack() as held:
        place = held.enter_context(Place())
        server = held.enter_context(LiveServer(secrets.token_urlsafe(18), port))
        with opened(settings, chosen, recording) as running:
            running.deploy()
            # What ended it may have been lost on its way: C code, and the SDK's own, may drop an
            # exception that a signal's handler raised.
            if ended.is_set():
                return
            with running.started(), ExitStack() as up:
                up.callback(_hurry, running)
                running.wait(lambda: ended.is_set() or not running.settling(), SETTLE_S)
                watching = Watching(running)
                addresses = addresses_of(running, server.url)
                stage = running.stage
                up.enter_context(
                    server.serving(
                        page=lambda: page.page(stage, addresses),
                        script=page.script,
                        state=lambda: page.state(watching.sight, stage),
                        press=Presses(stage, watching).press,
                    )
                )
                place.publish(addresses.to_dict())
                ready(addresses)
                watching.go_on(ended)


def _hurry(running: RunningLab) -> None:
    """End the controllers' invocations, for which their schedule would wait."""
    running.schedule.finish()
    running.lab.end_functions(running.stage.controllers.values())
