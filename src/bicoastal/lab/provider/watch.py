"""Log groups, alarms and schedules."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from bicoastal.lab.provider.aws import Aws, absent_ok, pick, sync_tags, tag_list
from bicoastal.lab.provider.ec2 import first
from bicoastal.lab.provider.handler import Handler, Inputs, differs


class LogGroup(Handler):
    """A log group."""

    type = "aws:cloudwatch/logGroup:LogGroup"
    fixed = frozenset({"name", "kmsKeyId", "logGroupClass", "region"})
    named = "name"
    taggable = True

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the group, then its retention; its id is its name."""
        name = str(inputs["name"])
        aws.client("logs").create_log_group(
            logGroupName=name,
            tags=dict(inputs.get("tagsAll") or {}),
            **pick(inputs, kmsKeyId="kmsKeyId", logGroupClass="logGroupClass"),
        )
        aws.made = name
        self._retain(aws, name, {}, inputs)
        return name

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Find the group."""
        del state
        groups = aws.client("logs").describe_log_groups(logGroupNamePrefix=id_)["logGroups"]
        for group in groups:
            if group["logGroupName"] == id_:
                return {"name": id_, "arn": group["arn"].removesuffix(":*")}
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change retention and tags."""
        logs = aws.client("logs")
        self._retain(aws, id_, old, new)
        sync_tags(
            old.get("tagsAll") or {},
            new.get("tagsAll") or {},
            lambda tags: logs.tag_log_group(logGroupName=id_, tags=tags),
            lambda keys: logs.untag_log_group(logGroupName=id_, tags=keys),
        )

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the group."""
        del state
        with absent_ok():
            aws.client("logs").delete_log_group(logGroupName=id_)

    def _retain(self, aws: Aws, name: str, old: Inputs, new: Inputs) -> None:
        if not differs(old, new, "retentionInDays"):
            return
        logs = aws.client("logs")
        if new.get("retentionInDays"):
            logs.put_retention_policy(logGroupName=name, retentionInDays=new["retentionInDays"])
        else:
            logs.delete_retention_policy(logGroupName=name)


class Alarm(Handler):
    """What alarms on a metric and alarms over others have in common; the id is the name."""

    kind: ClassVar[str]
    """CloudWatch's name of the kind of alarm."""
    taggable = True

    @abstractmethod
    def put(self, cloudwatch: Any, inputs: Inputs, **more: Any) -> str:
        """Write the alarm's definition; returns its name."""

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the alarm."""
        tags = tag_list(inputs.get("tagsAll") or {})
        return self.put(aws.client("cloudwatch"), inputs, Tags=tags)

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Find the alarm."""
        del state
        found = aws.client("cloudwatch").describe_alarms(AlarmNames=[id_], AlarmTypes=[self.kind])
        alarm = first(found, f"{self.kind}s")
        return None if alarm is None else {"arn": alarm["AlarmArn"]}

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Replace the alarm's definition, and change the tags."""
        cloudwatch = aws.client("cloudwatch")
        self.put(cloudwatch, new)
        arn = (self.read(aws, id_, new) or {})["arn"]
        sync_tags(
            old.get("tagsAll") or {},
            new.get("tagsAll") or {},
            lambda tags: cloudwatch.tag_resource(ResourceARN=arn, Tags=tag_list(tags)),
            lambda keys: cloudwatch.untag_resource(ResourceARN=arn, TagKeys=keys),
        )

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the alarm; those below it are resources of their own."""
        del state
        with absent_ok():
            aws.client("cloudwatch").delete_alarms(AlarmNames=[id_])


class MetricAlarm(Alarm):
    """An alarm on one metric."""

    type = "aws:cloudwatch/metricAlarm:MetricAlarm"
    required = ("comparisonOperator", "evaluationPeriods")
    fixed = frozenset({"name", "region"})
    named = "name"
    kind = "MetricAlarm"

    def put(self, cloudwatch: Any, inputs: Inputs, **more: Any) -> str:
        """Write the alarm's definition."""
        cloudwatch.put_metric_alarm(**_alarm(inputs), **more)
        return str(inputs["name"])

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Find the alarm."""
        found = super().read(aws, id_, state)
        return None if found is None else {"name": id_, **found}


def _alarm(inputs: Inputs) -> dict[str, Any]:
    alarm = pick(
        inputs,
        "alarmDescription",
        "actionsEnabled",
        "metricName",
        "namespace",
        "statistic",
        "extendedStatistic",
        "period",
        "evaluationPeriods",
        "datapointsToAlarm",
        "threshold",
        "comparisonOperator",
        "treatMissingData",
        "unit",
        name="AlarmName",
        okActions="OKActions",
        alarmActions="AlarmActions",
        insufficientDataActions="InsufficientDataActions",
    )
    dimensions = inputs.get("dimensions")
    if dimensions:
        alarm["Dimensions"] = tag_list(dimensions, "Name", "Value")
    return alarm


class EventRule(Handler):
    """A schedule or a pattern of events."""

    type = "aws:cloudwatch/eventRule:EventRule"
    fixed = frozenset({"name", "eventBusName", "region"})
    named = "name"
    taggable = True

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the rule; its id is its name."""
        aws.client("events").put_rule(**_rule(inputs), Tags=tag_list(inputs.get("tagsAll") or {}))
        return str(inputs["name"])

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the rule."""
        with absent_ok():
            rule = aws.client("events").describe_rule(Name=id_, **pick(state, "eventBusName"))
            return {"name": id_, "arn": rule["Arn"]}
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Replace the rule's definition, and change the tags."""
        del id_
        events = aws.client("events")
        arn = events.put_rule(**_rule(new))["RuleArn"]
        sync_tags(
            old.get("tagsAll") or {},
            new.get("tagsAll") or {},
            lambda tags: events.tag_resource(ResourceARN=arn, Tags=tag_list(tags)),
            lambda keys: events.untag_resource(ResourceARN=arn, TagKeys=keys),
        )

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the rule; its targets are resources of their own and gone by then."""
        with absent_ok():
            aws.client("events").delete_rule(Name=id_, **pick(state, "eventBusName"))


def _rule(inputs: Inputs) -> dict[str, Any]:
    return pick(
        inputs,
        "name",
        "description",
        "scheduleExpression",
        "eventPattern",
        "state",
        "roleArn",
        "eventBusName",
    )


class EventTarget(Handler):
    """What a rule starts."""

    type = "aws:cloudwatch/eventTarget:EventTarget"
    required = ("rule", "arn")
    fixed = frozenset({"rule", "targetId", "eventBusName", "region"})
    named = "targetId"

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Add the target to the rule."""
        self._put(aws, inputs)
        return f"{inputs['rule']}-{inputs['targetId']}"

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Look for the target."""
        del id_
        with absent_ok():
            answer = aws.client("events").list_targets_by_rule(
                Rule=state["rule"], **pick(state, "eventBusName")
            )
            if any(target["Id"] == state["targetId"] for target in answer["Targets"]):
                return {}
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Replace the target's definition."""
        del id_, old
        self._put(aws, new)

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Take the target away from the rule."""
        del id_
        with absent_ok():
            aws.client("events").remove_targets(
                Rule=state["rule"], Ids=[state["targetId"]], **pick(state, "eventBusName")
            )

    def _put(self, aws: Aws, inputs: Inputs) -> None:
        target = pick(inputs, "arn", "input", "inputPath", "roleArn", targetId="Id")
        if inputs.get("retryPolicy"):
            target["RetryPolicy"] = pick(
                inputs["retryPolicy"],
                maximumEventAgeInSeconds="MaximumEventAgeInSeconds",
                maximumRetryAttempts="MaximumRetryAttempts",
            )
        aws.client("events").put_targets(
            Rule=inputs["rule"], Targets=[target], **pick(inputs, "eventBusName")
        )


HANDLERS = (LogGroup(), MetricAlarm(), EventRule(), EventTarget())
