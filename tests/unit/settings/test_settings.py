"""The models, the profiles and the public arguments."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bicoastal.errors import BicoastalError
from bicoastal.settings import (
    PROFILES,
    Database,
    Failover,
    InvalidSettingsError,
    Regions,
    Settings,
    TapStackArgs,
    load,
)
from bicoastal.settings.profiles import with_profile

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:bicoastal/dev-AbCdEf"


# --- models -----------------------------------------------------------------------------------
def test_defaults_are_the_cheapest_lawful_global_database() -> None:
    settings = Settings()
    assert settings.profile == "validation"
    assert settings.database.instance_class == "db.serverless"
    assert settings.database.backup_retention_days == 1
    assert settings.database.skip_final_snapshot
    assert settings.regions.members == ("us-east-1", "us-west-2")
    assert settings.regions.all == ("us-east-1", "us-west-2", "us-east-2")
    assert settings.domain_name == "db-dev.example.com"


def test_window_is_threshold_less_one_times_interval_plus_grace() -> None:
    assert Failover().window_s == 90
    assert Failover(probe_interval_s=5, threshold=4, grace_s=1).window_s == 16


def test_tags_of_the_user_come_over_the_projects_own() -> None:
    settings = Settings(
        environment_suffix="x", cost_center="c", tags={"Owner": "me", "Project": "p"}
    )
    assert settings.all_tags() == {
        "Environment": "x",
        "Project": "p",
        "CostCenter": "c",
        "ManagedBy": "pulumi",
        "Owner": "me",
    }


def test_each_region_has_its_range() -> None:
    settings = Settings()
    assert [settings.cidr(region) for region in settings.regions.all] == [
        "10.10.0.0/16",
        "10.20.0.0/16",
        "10.30.0.0/16",
    ]
    with pytest.raises(KeyError):
        settings.cidr("eu-west-1")


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().project = "x"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Settings().database.port = 1  # type: ignore[misc]


def test_python_names_and_stack_file_names_are_both_taken_by_the_model() -> None:
    assert Settings.model_validate({"costCenter": "x"}) == Settings(cost_center="x")
    assert Database.model_validate({"instanceClass": "x"}) == Database(instance_class="x")


# --- profiles ---------------------------------------------------------------------------------
def test_every_profile_of_the_model_has_its_defaults() -> None:
    assert set(PROFILES) == {"validation", "staging", "production"}
    assert load({"profile": "validation"}) == Settings()


def test_a_profile_gives_defaults() -> None:
    production = load({"profile": "production"}).database
    assert production.instance_class == "db.r6g.large"
    assert production.instances_per_member == 2
    assert production.backup_retention_days == 35
    assert production.deletion_protection
    assert not production.skip_final_snapshot
    assert load({"profile": "staging"}).database.backup_retention_days == 7


def test_every_value_of_a_profile_can_be_overridden() -> None:
    raw = {"profile": "production", "database": {"instancesPerMember": 3}}
    settings = load(raw)
    assert settings.database.instances_per_member == 3
    assert settings.database.instance_class == "db.r6g.large"
    direct = Settings(profile="production", database=Database(instances_per_member=3))
    assert direct == settings
    by_name = Settings.model_validate(
        {"profile": "production", "database": {"instances_per_member": 3}}
    )
    assert by_name == settings


@pytest.mark.parametrize("data", (5, None, "x"))
def test_what_is_no_mapping_passes_the_profiles_by(data: object) -> None:
    assert with_profile(data) is data


def test_a_group_of_the_wrong_shape_passes_the_profiles_by() -> None:
    assert with_profile({"profile": "staging", "database": 5})["database"] == 5
    assert with_profile({"profile": ["x"], "database": {}}) == {"profile": ["x"], "database": {}}


# --- arguments --------------------------------------------------------------------------------
@pytest.mark.parametrize("suffix", (None, ""))
def test_arguments_keep_their_contract(suffix: str) -> None:
    args = TapStackArgs(environment_suffix=suffix)
    assert args.environment_suffix == "dev"
    assert args.tags == {}
    assert args.secret_arn is None
    assert args.hosted_zone_id is None
    assert args.domain_name == "db-dev.example.com"
    assert args.settings == Settings()


def test_arguments_are_taken_in_their_order() -> None:
    args = TapStackArgs("pr-1", {"Owner": "me"}, ARN, "Z123", "db.corp.example")
    assert args.environment_suffix == "pr-1"
    assert args.tags == {"Owner": "me"}
    assert args.secret_arn == ARN
    assert args.hosted_zone_id == "Z123"
    assert args.domain_name == "db.corp.example"
    assert TapStackArgs("pr-1").domain_name == "db-pr-1.example.com"


def test_bad_arguments_are_refused_with_all_findings() -> None:
    with pytest.raises(ValueError, match="BC101") as caught:
        TapStackArgs(environment_suffix="Bad_Suffix!", tags={"aws:x": "y"}, secret_arn="hunter2")
    error = caught.value
    assert isinstance(error, InvalidSettingsError)
    assert isinstance(error, BicoastalError)
    assert [finding.rule_id for finding in error.findings] == ["BC101", "BC107", "BC602"]
    assert "hunter2" not in str(error)


def test_arguments_come_over_settings() -> None:
    settings = Settings(
        environment_suffix="one",
        tags={"Owner": "me"},
        regions=Regions(home="us-east-2", witness="us-east-1"),
        database=Database(port=3307),
    )
    args = TapStackArgs(settings=settings)
    assert args.settings == settings
    args = TapStackArgs(environment_suffix="two", settings=settings)
    assert args.environment_suffix == "two"
    assert args.domain_name == "db-two.example.com"
    assert args.tags == {"Owner": "me"}
    assert args.settings.database.port == 3307
    assert args.settings.regions.home == "us-east-2"


def test_settings_of_the_right_shape_are_still_judged() -> None:
    with pytest.raises(InvalidSettingsError, match="BC216"):
        TapStackArgs(settings=Settings(database=Database(port=1)))


def test_a_change_of_the_tags_that_were_returned_changes_nothing() -> None:
    args = TapStackArgs(tags={"Owner": "me"})
    args.tags["Owner"] = "you"
    assert args.tags == {"Owner": "me"}
