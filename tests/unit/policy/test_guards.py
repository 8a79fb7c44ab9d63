"""Every guard finds what it must and lets pass what it must; each speaks for one rule."""

from __future__ import annotations

from typing import Any

import pytest

from bicoastal.policy.aurora import CLUSTER, GLOBAL, INSTANCE
from bicoastal.policy.catalogue import GUARDS, RESOURCE_GUARDS, STACK_GUARDS
from bicoastal.policy.guard import UNKNOWN, Resource, ResourceGuard
from bicoastal.settings import RULES

MEMBER = {"engine": "aurora-mysql", "globalClusterIdentifier": "global"}


def found(rule_id: str, kind: str, config: dict[str, Any] | None = None, /, **props: Any) -> str:
    """Everything that the guards of a rule say of a resource."""
    guards = [guard for guard in RESOURCE_GUARDS if guard.rule_id == rule_id]
    said = [text for guard in guards for text in guard.judge(Resource(kind, props), config)]
    return "\n".join(said)


@pytest.mark.parametrize("guard", RESOURCE_GUARDS, ids=lambda guard: guard.name)
def test_every_guard_of_a_resource_is_run_against_its_examples(guard: ResourceGuard):
    assert guard.passes
    assert guard.fails
    kind = guard.types[0]
    for props in guard.passes:
        assert list(guard.judge(Resource(kind, props))) == [], props
    for props in guard.fails:
        said = list(guard.judge(Resource(kind, props)))
        assert said, props
        assert all(text.endswith((".", ").", "?")) for text in said)
        # Of another type, the same properties are none of its business.
        assert list(guard.judge(Resource("aws:s3/bucket:Bucket", props))) == []


@pytest.mark.parametrize("guard", STACK_GUARDS, ids=lambda guard: guard.name)
def test_every_guard_of_a_stack_is_run_against_its_examples(guard):
    assert guard.passes
    for stack in guard.passes:
        assert list(guard.judge(stack)) == []
    for stack in guard.fails:
        said = list(guard.judge(stack))
        assert said
        assert {violation.urn for violation in said} <= {resource.urn for resource in stack}


def test_a_guard_says_what_its_rule_says_and_has_a_name_of_its_own():
    assert len({guard.name for guard in GUARDS}) == len(GUARDS)
    for guard in GUARDS:
        assert guard.name.startswith(f"{guard.rule_id.lower()}-")
        assert guard.source.startswith("https://")
        rule = RULES.get(guard.rule_id)
        assert (rule is None) == guard.rule_id.startswith("BC8")
        if rule is not None:
            assert (guard.severity, guard.summary, guard.source) == (
                rule.severity, rule.summary, rule.source,
            )  # fmt: skip


@pytest.mark.parametrize("guard", RESOURCE_GUARDS, ids=lambda guard: guard.name)
def test_what_a_preview_cannot_know_is_not_judged(guard: ResourceGuard):
    """A property that is not known yet is neither wrong nor absent."""
    for props in guard.fails:
        telling = {"engine", "type", "globalClusterIdentifier", "replicationSourceIdentifier"}
        hidden = {key: value if key in telling else UNKNOWN for key, value in props.items()}
        absent = {"tags", "kmsKeyId", "childHealthchecks", "healthCheckId"} - set(props)
        absent |= {"storageEncrypted", "engineVersion", "finalSnapshotIdentifier"} - set(props)
        hidden |= dict.fromkeys(absent, UNKNOWN)
        if guard.rule_id in {"BC804", "BC805", "BC606"}:
            continue  # that it is given at all is what is wrong
        assert list(guard.judge(Resource(guard.types[0], hidden))) == []


def test_the_message_names_the_property_and_carries_the_rules_cure():
    said = found("BC206", CLUSTER, engine="aurora-mysql", engineVersion="3.10.4")
    assert said.startswith("engineVersion is '3.10.4', not a full version of Aurora MySQL;")
    assert said.endswith("Write 8.0.mysql_aurora.3.10.4.")
    scaling = {"minCapacity": 4.0, "maxCapacity": 2.0}
    said = found("BC209", CLUSTER, engine="aurora-mysql", serverlessv2ScalingConfiguration=scaling)
    assert "serverlessv2ScalingConfiguration.minCapacity is 4, more than" in said
    assert "database." not in said


def test_the_guards_are_for_aurora_and_not_for_other_engines():
    for kind in (CLUSTER, INSTANCE):
        for guard in RESOURCE_GUARDS:
            if kind in guard.types and guard.rule_id not in {"BC813", "BC106", "BC107", "BC607"}:
                props = {"engine": "postgres", "storageEncrypted": False, "port": 1.0}
                assert list(guard.judge(Resource(kind, props))) == []


def test_production_is_what_the_tag_or_the_configuration_says():
    stage = {"engine": "aurora-mysql", "tags": {"Environment": "stage"}}
    assert not found("BC232", CLUSTER, **stage)
    config = {"environments": ["stage"]}
    assert "deletionProtection is false" in found("BC232", CLUSTER, config, **stage)
    unknown = {**stage, "deletionProtection": UNKNOWN}
    assert not found("BC232", CLUSTER, config, **unknown)


def test_the_port_and_the_tags_may_be_configured():
    open_ = {"ipProtocol": "tcp", "fromPort": 3307.0, "toPort": 3307.0, "cidrIpv4": "0.0.0.0/0"}
    kind = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    assert not found("BC605", kind, **open_)
    assert "port 3307" in found("BC605", kind, {"port": 3307}, **open_)
    assert "Owner" in found("BC813", CLUSTER, {"required": ["Owner"]}, tags={"Project": "x"})
    assert not found("BC813", CLUSTER, {"required": ["Owner"]}, tags={"Owner": "me"})


def test_the_older_forms_of_ingress_are_looked_at_too():
    entry = {"protocol": "tcp", "fromPort": 3306.0, "toPort": 3306.0, "cidrBlocks": ["0.0.0.0/0"]}
    group = "aws:ec2/securityGroup:SecurityGroup"
    assert found("BC605", group, ingress=[entry, UNKNOWN])
    assert not found("BC605", group, egress=[entry])
    assert not found("BC605", group, ingress=UNKNOWN)
    single = "aws:ec2/securityGroupRule:SecurityGroupRule"
    assert found("BC605", single, type="ingress", **entry)
    assert not found("BC605", single, type="egress", **entry)


def test_a_whole_stack_is_put_together_by_names_or_by_where_they_come_from():
    (burstable,) = [guard for guard in STACK_GUARDS if guard.rule_id == "BC201"]
    small = {"engine": "aurora-mysql", "instanceClass": "db.t3.small"}
    whole = Resource(GLOBAL, {}, "g", uses={"sourceDbClusterIdentifier": ["c"]})
    cluster = Resource(CLUSTER, {"engine": "aurora-mysql", "id": "c-id"}, "c")
    by_name = Resource(INSTANCE, {**small, "clusterIdentifier": "c-id"}, "i")
    by_source = Resource(
        INSTANCE, {**small, "clusterIdentifier": UNKNOWN}, "i", uses={"clusterIdentifier": ["c"]}
    )
    for instance in (by_name, by_source):
        (said,) = burstable.judge([whole, cluster, instance])
        assert said.urn == "i"
        assert said.message.startswith("instanceClass is db.t3.small, a burstable class")
        assert "db.r6g.large, the cheapest lawful class" in said.message
        assert list(burstable.judge([cluster, instance])) == []
    stranger = Resource(INSTANCE, {**small, "clusterIdentifier": "elsewhere"}, "i")
    assert list(burstable.judge([whole, cluster, stranger])) == []
    postgres = Resource(INSTANCE, {**by_name.props, "engine": "postgres"}, "i")
    assert list(burstable.judge([whole, cluster, postgres])) == []


def test_two_global_databases_of_one_stack_have_a_seed_and_a_version_each():
    def member(urn: str, group: str, version: str) -> Resource:
        props = {**MEMBER, "masterPassword": "x", "engineVersion": version}
        return Resource(CLUSTER, {**props, "globalClusterIdentifier": group}, urn)

    stack = [member("a", "one", "8.0.mysql_aurora.3.10.4"), member("b", "two", "8.0.other")]
    assert [said for guard in STACK_GUARDS for said in guard.judge(stack)] == []
    assert repr(UNKNOWN) == "UNKNOWN"
