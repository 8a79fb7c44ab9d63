"""The address range that a further standby's VPC has if none is given.

Each region has its own, whatever the others are and whatever their order: adding or removing a
region must not move the range of another, which would replace its VPC and the member in it.
"""

from __future__ import annotations

from zlib import crc32

from bicoastal.settings import tables

FIRST_UNKNOWN, LAST = 200, 255


def default_cidr(region: str) -> str:
    """A region's own range within 10.0.0.0/8, apart from the defaults of the other keys.

    Args:
        region: a region name; for one that the table does not know, the name's checksum decides.

    Returns:
        The CIDR block, a /16.
    """
    known = tables.regions().get(region)
    if known is not None:
        return f"10.{known.octet}.0.0/16"
    return f"10.{FIRST_UNKNOWN + crc32(region.encode()) % (LAST + 1 - FIRST_UNKNOWN)}.0.0/16"
