"""A small engine that runs a Pulumi program in process, for the lab and for tests.

It drives a Pulumi provider directly: no CLI, no state file, nothing left behind. See
`Deployment`.
"""

from __future__ import annotations

from bicoastal.lab.engine.deployment import Deployment
from bicoastal.lab.engine.evaluating import Program
from bicoastal.lab.engine.monitor import Transform
from bicoastal.lab.engine.results import (
    DeployedResource,
    Event,
    PlannedChange,
    PlannedResource,
    ResourceFailure,
    ResourcesFailedError,
    UpResult,
)
from bicoastal.lab.engine.state import JournalEntry
from bicoastal.lab.engine.values import UNKNOWN, Secret, Unknown

__all__ = [
    "UNKNOWN",
    "DeployedResource",
    "Deployment",
    "Event",
    "JournalEntry",
    "PlannedChange",
    "PlannedResource",
    "Program",
    "ResourceFailure",
    "ResourcesFailedError",
    "Secret",
    "Transform",
    "Unknown",
    "UpResult",
]
