"""The resource types that AWS does not charge for, each with the page that says so."""

from __future__ import annotations

_VPC = "https://aws.amazon.com/vpc/pricing/"
_PEERING = "https://docs.aws.amazon.com/vpc/latest/peering/what-is-vpc-peering.html"
_IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/introduction.html"
_GROUPS = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_WorkingWithParamGroups.html"
)

FREE: dict[str, tuple[str, str]] = {
    "aws:ec2/vpc:Vpc": ("a VPC itself is free", _VPC),
    "aws:ec2/subnet:Subnet": ("part of a VPC", _VPC),
    "aws:ec2/routeTable:RouteTable": ("part of a VPC", _VPC),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": ("part of a VPC", _VPC),
    "aws:ec2/route:Route": ("part of a VPC", _VPC),
    "aws:ec2/securityGroup:SecurityGroup": ("part of a VPC", _VPC),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ("part of a VPC", _VPC),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": ("part of a VPC", _VPC),
    "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter": (
        "a peering has no price of its own; its transfer is priced",
        _PEERING,
    ),
    "aws:ec2/peeringConnectionOptions:PeeringConnectionOptions": ("a setting", _PEERING),
    "aws:iam/role:Role": ("IAM is free", _IAM),
    "aws:iam/rolePolicy:RolePolicy": ("IAM is free", _IAM),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ("IAM is free", _IAM),
    "aws:kms/alias:Alias": (
        "a name of a key, which is priced",
        "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
    ),
    "aws:lambda/permission:Permission": (
        "a policy of a function, which is priced",
        "https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html",
    ),
    "aws:budgets/budget:Budget": (
        "a budget without actions is free",
        "https://aws.amazon.com/aws-cost-management/aws-budgets/pricing/",
    ),
    "aws:sns/topicPolicy:TopicPolicy": (
        "a policy of a topic, whose messages are priced",
        "https://docs.aws.amazon.com/sns/latest/dg/sns-using-identity-based-policies.html",
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": (
        "a setting of a log group; the metric that it makes is priced",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html",
    ),
    "aws:rds/eventSubscription:EventSubscription": (
        "the topic's messages are priced",
        "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Events.Subscribing.html",
    ),
    "aws:ec2/flowLog:FlowLog": (
        "what it writes is priced as a log",
        "https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html",
    ),
    "aws:rds/subnetGroup:SubnetGroup": (
        "a setting of a member, which is priced",
        "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html",
    ),
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": (
        "a setting of a member, which is priced",
        _GROUPS,
    ),
}
"""Resource type -> why it costs nothing, and the page."""
