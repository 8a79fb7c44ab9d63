"""The KMS key of each member region.

An encrypted secondary cluster needs a key of its own region, named explicitly:
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
"""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from bicoastal.settings import region_code
from bicoastal.stack.context import Context
from bicoastal.stack.policies import allow_service, document, statement

_NOTIFY = ["kms:Decrypt", "kms:GenerateDataKey*"]
_THIS_KEY = ["*"]  # in a key policy this means the key that the policy belongs to, never more


def key_policy(region: str, context: Context) -> pulumi.Output[str]:
    """Who may use a member region's key.

    The account (whose IAM policies then decide), CloudWatch Logs for this stack's log groups, and
    those that notify an encrypted topic: CloudWatch for its alarms, RDS for its events and, where
    the stack has a budget, AWS Budgets. Aurora uses the key through grants.
    Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Events.GrantingPermissions.html
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html

    Args:
        region: the key's region.
        context: names and account.

    Returns:
        The policy as JSON text.
    """
    names, account = context.names, context.account_id
    use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
    functions = (names.prober(region), names.controller(region))
    has_functions = region in context.settings.regions.pair
    groups = [
        pulumi.Output.concat("arn:aws:logs:", region, ":", account, ":log-group:", group)
        for group in (
            names.cluster_log_group(region, "*"),
            *(names.function_log_group(name) for name in functions if has_functions),
            *((names.flow_log_group(region),) if context.settings.network.flow_logs else ()),
        )
    ]
    root = pulumi.Output.concat("arn:aws:iam::", account, ":root")
    own = {"Principal": {"AWS": root}, **statement("Account", ["kms:*"], _THIS_KEY)}
    in_logs = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}}
    of_account = {"StringEquals": {"aws:SourceAccount": account}}
    allowed = [
        own,
        allow_service(
            f"logs.{region}.amazonaws.com", statement("Logs", use, _THIS_KEY, condition=in_logs)
        ),
        allow_service(
            "cloudwatch.amazonaws.com",
            statement("Alarms", _NOTIFY, _THIS_KEY, condition=of_account),
        ),
        allow_service(
            "events.rds.amazonaws.com",
            statement("Events", _NOTIFY, _THIS_KEY, condition=of_account),
        ),
    ]
    if context.tells_of_budget(region):
        notices = statement("Budgets", _NOTIFY, _THIS_KEY, condition=context.only_budgets)
        allowed.append(allow_service("budgets.amazonaws.com", notices))
    return document(allowed)


class RegionKey(pulumi.ComponentResource):
    """A member region's own key, rotated every year, and its alias.

    Attributes:
        key: the key.
        arn: the key's ARN.
    """

    def __init__(self, region: str, context: Context, parent: pulumi.Resource) -> None:
        super().__init__(
            "bicoastal:stack:RegionKey",
            f"key-{region_code(region)}",
            {},
            pulumi.ResourceOptions(parent=parent),
        )
        alias = context.names.key_alias(region)
        name = alias.removeprefix("alias/")
        self.key = aws.kms.Key(
            name,
            description=f"{name}: database, logs and notices in {region}",
            enable_key_rotation=True,
            # What is encrypted under a lost key is lost, snapshots too: the longest time to notice,
            # unless the whole stack is made to be thrown away.
            deletion_window_in_days=30 if context.settings.database.deletion_protection else 7,
            policy=key_policy(region, context),
            tags=context.tags(name),
            opts=context.options(region, self),
        )
        aws.kms.Alias(
            name, name=alias, target_key_id=self.key.key_id, opts=context.options(region, self)
        )
        self.arn = self.key.arn
        self.register_outputs({"arn": self.arn})
