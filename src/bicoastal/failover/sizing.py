"""How large the functions are and how often they run: what deploys them and what prices them agree.

Nothing is imported here, so that a price costs nobody boto3 or Pulumi.
"""

from __future__ import annotations

FUNCTION_MEMORY_MB = 128
"""Memory of every function, MiB: the least that Lambda offers.

The controller with its clients and their connections takes 64 MiB, the prober 20. A function has
CPU by its memory, one vCPU at 1,769 MiB, so a controller's warm round, 0.03 s of a whole CPU, takes
about 0.4 s, and its first one after a cold start about 13 s.
Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

RUN_S = 55
"""Seconds for which one run of a controller, one a minute, goes on starting rounds."""

LATCH_PERIOD_S = 60
"""Period of the latch's metric, and how often an unchanged latch is put: each period has a datum.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/publishingMetrics.html
"""
