"""Route tables, their routes, and which subnet uses which."""

from __future__ import annotations

import zlib
from typing import Any

from bicoastal.lab.provider.aws import Aws, absent_ok, pick
from bicoastal.lab.provider.ec2 import first, retag, tag_specification
from bicoastal.lab.provider.handler import EVERYTHING, Handler, Inputs


def route_table(aws: Aws, id_: str) -> dict[str, Any] | None:
    """Return a route table, or None if it does not exist."""
    with absent_ok():
        return first(aws.client("ec2").describe_route_tables(RouteTableIds=[id_]), "RouteTables")
    return None


class RouteTable(Handler):
    """A route table; its routes are resources of their own."""

    type = "aws:ec2/routeTable:RouteTable"
    required = ("vpcId",)
    fixed = frozenset({"vpcId", "region"})
    taggable = True

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the route table."""
        response = aws.client("ec2").create_route_table(
            VpcId=inputs["vpcId"], **tag_specification("route-table", inputs)
        )
        return str(response["RouteTable"]["RouteTableId"])

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the route table."""
        del state
        table = route_table(aws, id_)
        if table is None:
            return None
        owner = table.get("OwnerId", "")
        return {
            "arn": f"arn:aws:ec2:{aws.region}:{owner}:route-table/{id_}",
            "ownerId": owner,
            "vpcId": table["VpcId"],
        }

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change the tags."""
        retag(aws, id_, old, new)

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the route table."""
        del state
        with absent_ok():
            aws.client("ec2").delete_route_table(RouteTableId=id_)


class Route(Handler):
    """One route in a table."""

    type = "aws:ec2/route:Route"
    required = ("routeTableId",)
    fixed = frozenset({"routeTableId", "destinationCidrBlock", "region"})

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the route; its id is made as the Terraform provider makes it."""
        aws.client("ec2").create_route(**_route(inputs))
        destination = zlib.crc32(str(inputs.get("destinationCidrBlock")).encode())
        return f"r-{inputs['routeTableId']}{destination}"

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the route."""
        del id_
        table = route_table(aws, state["routeTableId"]) or {"Routes": []}
        for route in table["Routes"]:
            if route.get("DestinationCidrBlock") == state.get("destinationCidrBlock"):
                return {"origin": route.get("Origin"), "state": route.get("State")}
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Point the route to another target."""
        del id_, old
        aws.client("ec2").replace_route(**_route(new))

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the route."""
        del id_
        with absent_ok():
            aws.client("ec2").delete_route(**pick(state, "routeTableId", "destinationCidrBlock"))


def _route(inputs: Inputs) -> dict[str, Any]:
    return pick(
        inputs,
        "routeTableId",
        "destinationCidrBlock",
        "gatewayId",
        "natGatewayId",
        "vpcPeeringConnectionId",
    )


class RouteTableAssociation(Handler):
    """Which table a subnet uses."""

    type = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    required = ("routeTableId", "subnetId")
    fixed = EVERYTHING

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Associate the table with the subnet."""
        response = aws.client("ec2").associate_route_table(
            **pick(inputs, "routeTableId", "subnetId")
        )
        return str(response["AssociationId"])

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Look whether the association is there."""
        table = route_table(aws, state["routeTableId"]) or {}
        ids = [a["RouteTableAssociationId"] for a in table.get("Associations", [])]
        return {} if id_ in ids else None

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Take the association back."""
        del state
        with absent_ok():
            aws.client("ec2").disassociate_route_table(AssociationId=id_)


HANDLERS = (RouteTable(), Route(), RouteTableAssociation())
