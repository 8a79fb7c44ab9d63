"""How the two members are joined, as far as it changes what is billed."""

from __future__ import annotations

from typing import Literal

Topology = Literal["global", "binlog-replica"]
"""`global`: a global database. `binlog-replica`: two clusters, one a replica by binary log.

Source:
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Replication.CrossRegion.html
"""

DEPLOYABLE: frozenset[Topology] = frozenset({"global"})
"""What this version can deploy; the others are priced only."""
