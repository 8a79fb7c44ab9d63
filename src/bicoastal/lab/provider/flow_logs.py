"""VPC flow logs."""

from __future__ import annotations

from typing import Any

from bicoastal.lab.provider.aws import Aws, absent_ok, pick
from bicoastal.lab.provider.ec2 import retag, tag_specification
from bicoastal.lab.provider.handler import EVERYTHING, Handler, Inputs


class FlowLog(Handler):
    """The record of a VPC's connections."""

    type = "aws:ec2/flowLog:FlowLog"
    required = ("vpcId", "logDestination")
    fixed = EVERYTHING
    taggable = True

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the flow log; its id is AWS's."""
        answer = aws.client("ec2").create_flow_logs(
            ResourceType="VPC",
            ResourceIds=[inputs["vpcId"]],
            **pick(
                inputs,
                "trafficType",
                "logDestinationType",
                "logDestination",
                "maxAggregationInterval",
                iamRoleArn="DeliverLogsPermissionArn",
            ),
            **tag_specification("vpc-flow-log", inputs),
        )
        return str(answer["FlowLogIds"][0])

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Find the flow log."""
        del state
        with absent_ok():
            answer = aws.client("ec2").describe_flow_logs(FlowLogIds=[id_])
            if answer["FlowLogs"]:
                return {}
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change the tags; nothing else can be changed."""
        retag(aws, id_, old, new)

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the flow log."""
        del state
        with absent_ok():
            aws.client("ec2").delete_flow_logs(FlowLogIds=[id_])


HANDLERS = (FlowLog(),)
