"""What can be chosen for a drill."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from bicoastal.lab.clients import Writers
from bicoastal.lab.drill.environment import Environment
from bicoastal.lab.drill.probe import Probe
from bicoastal.lab.drill.replication import Replication
from bicoastal.lab.engine import Transform
from bicoastal.lab.scenarios import Scenario, find

Companion = Callable[[Environment, Writers], AbstractContextManager[object]]
"""Makes something that is entered before the clients begin and left after they stopped."""


def nobody(_lab: Environment, _writers: Writers) -> AbstractContextManager[object]:
    """Accompany a drill by nothing."""
    return nullcontext()


@dataclass(frozen=True)
class DrillOptions:
    """The choices of one drill.

    Attributes:
        scenario: What happens, and what must be seen.
        pace: Seconds of AWS time in one second of the drill; the controller's interval, window,
            grace, cool-down and DNS TTL are divided by it. Databases and networks are not scaled.
        probe: How deep the witnesses probe (`health.probe`), whatever the stack file says.
        armed: Whether the controller may act. Disarmed, the same fault must lead to no promotion.
        broken: Deploy the scenario's mutant: the drill must then fail.
        seed: Fixes everything that is drawn by lot (the fault's phase, the clients' values).
        transform: Changes resources on the way into the deployment, to rehearse a defect.
        writers: Number of client connections.
        writes_per_s: Writes a second over all clients while latency allows.
        replication: When a write is acknowledged.
        steady_s: Seconds of healthy writes before the fault.
        patience_s: Added to the longest wait for any single step, in seconds.
        keep_s: Seconds that clients' attempts and controllers' rounds are kept for; all of the
            drill if left out, as the judgement needs them.
        alongside: Something that goes along, such as more clients; it also sees the clients'
            whole history.
    """

    scenario: Scenario = field(default_factory=lambda: find("kill"))
    pace: float = 15.0
    probe: Probe = Probe.CANARY
    armed: bool = True
    broken: bool = False
    seed: int = 1
    transform: Transform | None = None
    writers: int = 8
    writes_per_s: float = 400.0
    replication: Replication = Replication.ASYNC
    steady_s: float = 2.5
    patience_s: float = 20.0
    keep_s: float | None = None
    alongside: Companion = nobody
