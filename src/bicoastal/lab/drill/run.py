"""The drill itself, from an empty machine to a verdict."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

from bicoastal.failover.record import RecordStore, arm
from bicoastal.lab import oracle
from bicoastal.lab.clients import Writers
from bicoastal.lab.drill import faults
from bicoastal.lab.drill.deploying import Stack
from bicoastal.lab.drill.environment import CLIENTS, Environment
from bicoastal.lab.drill.options import DrillOptions
from bicoastal.lab.drill.recording import Recording, assemble
from bicoastal.lab.drill.report import DrillReport
from bicoastal.lab.drill.schedule import Schedule
from bicoastal.lab.drill.waiting import wait_until
from bicoastal.settings import Settings
