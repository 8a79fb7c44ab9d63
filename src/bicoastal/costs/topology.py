"""How the two members are joined, as far as it changes what is billed."""

from __future__ import annotations

from typing import Literal

Topology = Literal["global", "headless", "binlog-replica"]
"""`global`: a global database with instances in both members. `headless`: one whose standby has a
volume and no instance. `binlog-replica`: two clusters of which one replicates by binary log.

Sources:
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-attach.console.headless.html
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Replication.CrossRegion.html
"""

DEPLOYABLE: frozenset[Topology] = frozenset({"global"})
"""What this version can deploy; the others are priced only."""
