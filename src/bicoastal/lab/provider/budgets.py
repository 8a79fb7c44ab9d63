"""Budgets of the account, which have no region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bicoastal.lab.provider.aws import Aws, absent_ok, pick, sync_tags, tag_list
from bicoastal.lab.provider.handler import Handler, Inputs, differs


class Budget(Handler):
    """A budget with its notifications; its id is `account:name`."""

    type = "aws:budgets/budget:Budget"
    required = ("accountId", "budgetType", "timeUnit")
    fixed = frozenset({"accountId", "name"})
    named = "name"
    taggable = True

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the budget with everything that belongs to it."""
        aws.client("budgets").create_budget(
            AccountId=inputs["accountId"],
            Budget=_budget(inputs),
            NotificationsWithSubscribers=list(_notifications(inputs)),
            ResourceTags=tag_list(inputs.get("tagsAll") or {}),
        )
        return f"{inputs['accountId']}:{inputs['name']}"

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Look for the budget."""
        del state
        account, _, name = id_.partition(":")
        with absent_ok():
            aws.client("budgets").describe_budget(AccountId=account, BudgetName=name)
            return {"name": name, "arn": f"arn:aws:budgets::{account}:budget/{name}"}
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change the budget, its notifications and its tags."""
        account, _, name = id_.partition(":")
        budgets = aws.client("budgets")
        budgets.update_budget(AccountId=account, NewBudget=_budget(new))
        if differs(old, new, "notifications"):
            for entry in _notifications(old):
                budgets.delete_notification(
                    AccountId=account, BudgetName=name, Notification=entry["Notification"]
                )
            for entry in _notifications(new):
                budgets.create_notification(AccountId=account, BudgetName=name, **entry)
        arn = f"arn:aws:budgets::{account}:budget/{name}"
        sync_tags(
            old.get("tagsAll") or {},
            new.get("tagsAll") or {},
            lambda tags: budgets.tag_resource(ResourceARN=arn, ResourceTags=tag_list(tags)),
            lambda keys: budgets.untag_resource(ResourceARN=arn, ResourceTagKeys=keys),
        )

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the budget; its notifications go with it."""
        del state
        account, _, name = id_.partition(":")
        with absent_ok():
            aws.client("budgets").delete_budget(AccountId=account, BudgetName=name)


def _budget(inputs: Inputs) -> dict[str, Any]:
    budget = pick(inputs, "budgetType", "timeUnit", name="BudgetName")
    if inputs.get("limitAmount"):
        budget["BudgetLimit"] = pick(inputs, limitAmount="Amount", limitUnit="Unit")
    if inputs.get("metrics"):
        budget["Metrics"] = [inputs["metrics"]]
    if inputs.get("filterExpression"):
        budget["FilterExpression"] = _expression(inputs["filterExpression"])
    return budget


def _expression(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """An expression over tags, as far as the program uses them: one tag, or all of several."""
    if wanted.get("tags"):
        return {"Tags": pick(wanted["tags"], "key", "values", "matchOptions")}
    return {"And": [_expression(operand) for operand in wanted["ands"]]}


def _notifications(inputs: Inputs) -> Iterator[dict[str, Any]]:
    for wanted in inputs.get("notifications") or ():
        addresses = {
            "SNS": wanted.get("subscriberSnsTopicArns"),
            "EMAIL": wanted.get("subscriberEmailAddresses"),
        }
        yield {
            "Notification": pick(
                wanted, "notificationType", "comparisonOperator", "threshold", "thresholdType"
            ),
            "Subscribers": [
                {"SubscriptionType": kind, "Address": address}
                for kind, found in addresses.items()
                for address in found or ()
            ],
        }


HANDLERS = (Budget(),)
