"""RDS event subscriptions of the embedded AWS, and the provider that makes them."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from botocore.exceptions import ClientError

from bicoastal.lab.engine import Deployment
from bicoastal.lab.provider import LabProvider

HOME, STANDBY = "us-east-1", "us-west-2"
TOPIC = f"arn:aws:sns:{HOME}:000000000000:notify"


@pytest.fixture
def clusters(lab: Any) -> list[str]:
    rds = lab.rds()
    for name in ("one", "two"):
        rds.create_db_cluster(
            DBClusterIdentifier=name, Engine="aurora-mysql", MasterUsername="admin",
            MasterUserPassword=lab.password,
        )  # fmt: skip
    return ["one", "two"]


def told(lab: Any, region: str = HOME) -> list[dict[str, Any]]:
    answer = lab.rds(region).describe_event_subscriptions()
    return [dict(found) for found in answer["EventSubscriptionsList"]]


def program(*sources: str, enabled: bool = True, tags: dict[str, str] | None = None) -> Any:
    def run() -> None:
        provider = aws.Provider("aws", region=HOME)
        aws.rds.EventSubscription(
            "events", name="events", sns_topic=TOPIC, source_type="db-cluster",
            source_ids=list(sources), event_categories=["failover"], enabled=enabled,
            tags=tags or {"Name": "events"}, opts=pulumi.ResourceOptions(provider=provider),
        )  # fmt: skip

    return run


def test_a_subscription_is_made_changed_and_deleted(lab: Any, clusters: list[str]) -> None:
    deployment = Deployment(
        "project", "dev", {}, provider=LabProvider(lab.aws.endpoint_url, patience=10)
    )
    deployment.up(program("one"))
    (found,) = told(lab)
    assert (found["CustSubscriptionId"], found["SnsTopicArn"]) == ("events", TOPIC)
    assert (found["SourceType"], found["SourceIdsList"]) == ("db-cluster", ["one"])
    assert (found["EventCategoriesList"], found["Enabled"]) == (["failover"], True)
    assert told(lab, STANDBY) == []
    arn = found["EventSubscriptionArn"]

    def tags() -> list[dict[str, str]]:
        return list(lab.rds().list_tags_for_resource(ResourceName=arn)["TagList"])

    assert tags() == [{"Key": "Name", "Value": "events"}]
    assert set(deployment.up(program("one")).changes) == {"same"}

    deployment.up(program("two", enabled=False, tags={"Other": "x"}))
    (found,) = told(lab)
    assert (found["SourceIdsList"], found["Enabled"]) == (["two"], False)
    assert tags() == [{"Key": "Other", "Value": "x"}]

    # One that somebody deleted by hand is no obstacle.
    lab.rds().delete_event_subscription(SubscriptionName="events")
    deployment.destroy()
    assert told(lab) == []


def test_what_rds_refuses(lab: Any, clusters: list[str]) -> None:
    rds = lab.rds()
    wanted = {"SubscriptionName": "events", "SnsTopicArn": TOPIC, "SourceType": "db-cluster"}

    def refused(action: str, **parameters: Any) -> str:
        with pytest.raises(ClientError) as caught:
            getattr(rds, action)(**parameters)
        return str(caught.value.response["Error"]["Code"])

    assert refused("create_event_subscription", **wanted, SourceIds=["no"]) == "SourceNotFound"
    rds.create_event_subscription(**wanted, SourceIds=["one"])
    assert refused("create_event_subscription", **wanted) == "SubscriptionAlreadyExist"
    here = {"SubscriptionName": "events"}
    assert (
        refused("add_source_identifier_to_subscription", **here, SourceIdentifier="no")
        == "SourceNotFound"
    )
    other = {"SubscriptionName": "other"}
    source = {**other, "SourceIdentifier": "one"}
    for action, parameters in (
        ("describe_event_subscriptions", other),
        ("modify_event_subscription", other),
        ("add_source_identifier_to_subscription", source),
        ("remove_source_identifier_from_subscription", source),
        ("delete_event_subscription", other),
    ):
        assert refused(action, **parameters) == "SubscriptionNotFound"
    rds.create_event_subscription(
        SubscriptionName="of-instance", SnsTopicArn=TOPIC, SourceType="db-instance"
    )
    assert len(told(lab)) == 2
    lab.aws.reset()
    assert told(lab) == []


def test_what_somebody_else_deleted_is_found_gone(lab: Any, clusters: list[str]) -> None:
    deployment = Deployment(
        "project", "dev", {}, provider=LabProvider(lab.aws.endpoint_url, patience=10)
    )
    deployment.up(program("one"))
    lab.rds().delete_event_subscription(SubscriptionName="events")
    deployment.refresh()
    assert [one.name for one in deployment.resources if one.type.startswith("aws:rds")] == []
