"""The lab's network: one loopback address for each path, and a relay that can cut and delay it.

A *path* leads from a source (a region, the clients, the internet) to a member's database. Each
path has an address of its own, so that each can be cut, healed and delayed without the others.
"""

from __future__ import annotations

from bicoastal.lab.network.addresses import AddressPlan
from bicoastal.lab.network.control import NetworkControl, PathStats
from bicoastal.lab.network.front import FrontConfig
from bicoastal.lab.network.process import Network

__all__ = ["AddressPlan", "FrontConfig", "Network", "NetworkControl", "PathStats"]
