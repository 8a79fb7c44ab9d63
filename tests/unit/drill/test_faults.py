"""Losing a member that is not there is an error, not a signal to whoever has that number."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bicoastal.errors import LabError
from bicoastal.lab.drill import faults
from bicoastal.lab.drill.fault import Fault


class Aws:
    """A stand-in whose member has lost its server."""

    def member(self, region: str) -> Any:
        return SimpleNamespace(region=region, pid=None)


@pytest.mark.parametrize("fault", (Fault.KILL, Fault.HANG))
def test_a_member_without_a_server_cannot_be_lost(fault: Fault) -> None:
    aws: Any = Aws()
    network: Any = None
    with pytest.raises(LabError, match="us-east-1 has no running server"):
        faults.inject(fault, aws, network, "us-east-1")
