"""The embedded AWS: MiniStack behind a layer that gives it real databases and AWS's refusals."""

from bicoastal.lab.aws.config import ACCOUNT_ID, AddressPlan, member_socket_name
from bicoastal.lab.aws.embedded import EmbeddedAws
from bicoastal.lab.aws.resolver import is_global_endpoint, member_region
from bicoastal.lab.aws.status import MemberStatus, SnapshotStatus

__all__ = [
    "ACCOUNT_ID",
    "AddressPlan",
    "EmbeddedAws",
    "MemberStatus",
    "SnapshotStatus",
    "is_global_endpoint",
    "member_region",
    "member_socket_name",
]
