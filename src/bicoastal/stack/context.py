"""What every component needs to know: the settings, the names, and one provider per region."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from bicoastal.settings import Names, Settings, region_code

HEALTH_METRICS_REGION = "us-east-1"
"""The only region that has metrics of Route 53 health checks, whatever the regions of the stack.

Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-cloudwatch.html
"""


@dataclass(frozen=True)
class Context:
    """The settings, the names and the providers, handed to each component.

    Attributes:
        settings: what the stack file asks for.
        names: the name of everything.
        providers: region name -> that region's own provider.
        account_id: the account that everything is made in.
    """

    settings: Settings
    names: Names
    providers: Mapping[str, aws.Provider]
    account_id: pulumi.Output[str]

    @property
    def home(self) -> str:
        """The home region; IAM and Route 53, which have no region, are reached through it."""
        return self.settings.regions.home

    @property
    def topic_regions(self) -> tuple[str, ...]:
        """The regions that have a topic; an alarm can notify only a topic of its own region."""
        return topic_regions(self.settings)

    def tells_of_budget(self, region: str) -> bool:
        """Whether AWS Budgets tells a region's topic of the bill.

        Args:
            region: the topic's region.

        Returns:
            True in the home region of a stack with a budget.
        """
        return self.settings.budget.monthly_usd is not None and region == self.home

    @property
    def only_budgets(self) -> dict[str, dict[str, pulumi.Input[str]]]:
        """The condition under which a policy lets AWS Budgets in: for this account's own budgets.

        Source: https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html
        """
        source = pulumi.Output.concat("arn:aws:budgets::", self.account_id, ":*")
        return {
            "StringEquals": {"aws:SourceAccount": self.account_id},
            "ArnLike": {"aws:SourceArn": source},
        }

    def tags(self, name: str) -> dict[str, str]:
        """The tags of one resource.

        Args:
            name: what the console shows as the resource's name.

        Returns:
            The tags of the settings and `Name`.
        """
        return {**self.settings.all_tags(), "Name": name}

    def options(
        self,
        region: str,
        parent: pulumi.Resource,
        *,
        depends_on: Iterable[pulumi.Resource] = (),
        ignore_changes: Sequence[str] = (),
        existing: str | None = None,
    ) -> pulumi.ResourceOptions:
        """The options of a resource, which always name a provider.

        A resource without an explicit provider would land in whatever region the default one has.

        Args:
            region: where the resource is made.
            parent: the component that it belongs to.
            depends_on: what must exist first, besides what its inputs come from.
            ignore_changes: inputs (snake case) that count at creation only.
            existing: id of what exists already: it is imported, and outlives the stack.

        Returns:
            The options.
        """
        return pulumi.ResourceOptions(
            parent=parent,
            provider=self.providers[region],
            depends_on=list(depends_on),
            ignore_changes=list(ignore_changes),
            import_=existing,
            retain_on_delete=True if existing else None,
        )

    def asking(self, region: str, parent: pulumi.Resource) -> pulumi.InvokeOptions:
        """The options of a question to AWS, asked in one region.

        Args:
            region: where the question is asked.
            parent: the component that asks.

        Returns:
            The options.
        """
        return pulumi.InvokeOptions(parent=parent, provider=self.providers[region])


def topic_regions(settings: Settings) -> tuple[str, ...]:
    """Where there is something to tell people.

    Args:
        settings: what the stack file asks for.

    Returns:
        The regions of the members, and that of health-check metrics if DNS follows a check.
    """
    follows_check = settings.dns.mode != "global-endpoint"
    extra = (HEALTH_METRICS_REGION,) if follows_check else ()
    return tuple(dict.fromkeys((*settings.regions.members, *extra)))


def create_context(settings: Settings, parent: pulumi.Resource) -> Context:
    """Make the providers, one per region, and ask for the account.

    A provider of its own for each region keeps the program usable with `--target` while another
    region's endpoints are down.

    Args:
        settings: what the stack file asks for.
        parent: the component that the providers belong to.

    Returns:
        The context of all components.
    """
    regions = dict.fromkeys((*settings.regions.all, *topic_regions(settings)))
    providers = {
        region: aws.Provider(
            f"aws-{region_code(region)}",
            region=region,
            opts=pulumi.ResourceOptions(parent=parent),
        )
        for region in regions
    }
    asking = pulumi.InvokeOptions(parent=parent, provider=providers[settings.regions.home])
    account_id = aws.get_caller_identity_output(opts=asking).account_id
    return Context(settings, Names(settings), providers, account_id)
