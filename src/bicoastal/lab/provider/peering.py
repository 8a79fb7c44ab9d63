"""Peering between VPCs of two regions."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from bicoastal.lab.provider.aws import Aws, absent_ok, pick
from bicoastal.lab.provider.ec2 import first, retag, tag_specification
from bicoastal.lab.provider.handler import Handler, Inputs

_GONE = {"deleted", "deleting", "rejected", "expired", "failed"}


def _describe(aws: Aws, id_: str) -> dict[str, Any] | None:
    with absent_ok():
        response = aws.client("ec2").describe_vpc_peering_connections(VpcPeeringConnectionIds=[id_])
        connection = first(response, "VpcPeeringConnections")
        if connection is not None and connection["Status"]["Code"] not in _GONE:
            return connection
    return None


def _outputs(connection: dict[str, Any]) -> dict[str, Any]:
    return {
        "acceptStatus": connection["Status"]["Code"],
        "vpcId": connection["RequesterVpcInfo"]["VpcId"],
        "peerVpcId": connection["AccepterVpcInfo"]["VpcId"],
        "peerRegion": connection["AccepterVpcInfo"].get("Region"),
        "peerOwnerId": connection["AccepterVpcInfo"].get("OwnerId"),
    }


class VpcPeeringConnection(Handler):
    """The requester's side."""

    type = "aws:ec2/vpcPeeringConnection:VpcPeeringConnection"
    required = ("vpcId", "peerVpcId")
    fixed = frozenset({"vpcId", "peerVpcId", "peerRegion", "peerOwnerId", "region"})
    taggable = True

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Ask for the connection; it waits for the other side unless both are in one region."""
        ec2 = aws.client("ec2")
        response = ec2.create_vpc_peering_connection(
            **pick(inputs, "vpcId", "peerVpcId", "peerRegion", "peerOwnerId"),
            **tag_specification("vpc-peering-connection", inputs),
        )
        aws.made = id_ = str(response["VpcPeeringConnection"]["VpcPeeringConnectionId"])
        if inputs.get("autoAccept"):
            ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=id_)
        return id_

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the connection."""
        del state
        connection = _describe(aws, id_)
        return None if connection is None else _outputs(connection)

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change the tags."""
        retag(aws, id_, old, new)

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the connection."""
        if self.read(aws, id_, state) is not None:
            with absent_ok():
                aws.client("ec2").delete_vpc_peering_connection(VpcPeeringConnectionId=id_)


class VpcPeeringConnectionAccepter(Handler):
    """The accepter's side: the same connection, seen from the peer's region."""

    type = "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter"
    required = ("vpcPeeringConnectionId",)
    fixed = frozenset({"vpcPeeringConnectionId", "region"})
    taggable = True

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Accept the connection, once it can be seen here, and wait until it is active."""
        id_ = str(inputs["vpcPeeringConnectionId"])
        ec2 = aws.client("ec2")
        connection = aws.until(f"peering connection {id_}", lambda: _describe(aws, id_))
        if inputs.get("autoAccept") and connection["Status"]["Code"] != "active":
            ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=id_)
            aws.until(f"peering connection {id_} to be active", lambda: self._active(aws, id_))
        retag(aws, id_, {}, inputs)
        return id_

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the connection."""
        del state
        connection = _describe(aws, id_)
        return None if connection is None else _outputs(connection)

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change the tags."""
        retag(aws, id_, old, new)

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Do nothing: the connection belongs to the requester, who deletes it."""

    @staticmethod
    def _active(aws: Aws, id_: str) -> bool | None:
        connection = _describe(aws, id_)
        return True if connection and connection["Status"]["Code"] == "active" else None


class PeeringConnectionOptions(Handler):
    """Whether names of the other side resolve to private addresses."""

    type = "aws:ec2/peeringConnectionOptions:PeeringConnectionOptions"
    required = ("vpcPeeringConnectionId",)
    fixed = frozenset({"vpcPeeringConnectionId", "region"})

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Set the options."""
        id_ = str(inputs["vpcPeeringConnectionId"])
        self.update(aws, id_, {}, inputs)
        return id_

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Look whether the connection is there; the options themselves are not compared."""
        del state
        return None if _describe(aws, id_) is None else {}

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Set the options."""
        del old
        options = {
            f"{side.capitalize()}PeeringConnectionOptions": {
                "AllowDnsResolutionFromRemoteVpc": bool(
                    new[side].get("allowRemoteVpcDnsResolution")
                )
            }
            for side in ("accepter", "requester")
            if new.get(side)
        }
        try:
            aws.client("ec2").modify_vpc_peering_connection_options(
                VpcPeeringConnectionId=id_, **options
            )
        except ClientError as error:
            # The embedded AWS does not know this call, and resolves names in its own way.
            if error.response["Error"]["Code"] != "InvalidAction":
                raise

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Do nothing: the options go with the connection."""


HANDLERS = (VpcPeeringConnection(), VpcPeeringConnectionAccepter(), PeeringConnectionOptions())
