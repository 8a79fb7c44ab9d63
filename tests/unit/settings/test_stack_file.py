"""Stack files: what is read, and where each finding stands."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bicoastal.settings import (
    InvalidSettingsError,
    Settings,
    from_pulumi_config,
    load_stack_file,
    validate_pulumi_config,
    validate_stack_file,
)
from bicoastal.settings.catalogue import Marks

Writer = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    def write_file(text: str) -> Path:
        file = tmp_path / "Pulumi.dev.yaml"
        file.write_text(text, "utf-8")
        return file

    return write_file


def places(path: Path) -> list[tuple[str, str, int | None, int | None]]:
    return [(f.rule_id, f.key, f.line, f.column) for f in validate_stack_file(path)]


def test_a_stack_file_gives_settings(write: Writer) -> None:
    settings = load_stack_file(
        write(
            "encryptionsalt: v1:abc\n"
            "config:\n"
            "  aws:region: us-east-1\n"
            "  bicoastal:environmentSuffix: pr-7\n"
            "  bicoastal:costCenter: 0123\n"
            "  bicoastal:database:\n"
            "    port: 3307\n"
            '    serverlessMinAcu: "1"\n'
            "  bicoastal:network:\n"
            "    clientCidrs:\n"
            "      - 10.0.0.0/8\n"
        )
    )
    assert settings.environment_suffix == "pr-7"
    assert settings.domain_name == "db-pr-7.example.com"
    assert settings.cost_center == "0123"
    assert settings.database.port == 3307
    assert settings.database.serverless_min_acu == 1
    assert settings.network.client_cidrs == ("10.0.0.0/8",)


@pytest.mark.parametrize("text", ("", "# nothing\n", "config:\n", "config: {}\n", "other: 1\n"))
def test_a_stack_file_that_asks_for_nothing_gives_the_defaults(write: Writer, text: str) -> None:
    assert load_stack_file(write(text)) == Settings()


def test_findings_carry_line_and_column(write: Writer) -> None:
    file = write(
        "config:\n"
        "  bicoastal:environmentSuffix: Bad_Suffix!\n"
        "  bicoastal:hostedZone: Z1\n"
        "  bicoastal:database:\n"
        "    port: 80\n"
        "    instanceClass: db.t3.small\n"
        "    prot: 1\n"
        "  bicoastal:network:\n"
        "    clientCidrs:\n"
        "      - 10.0.0.0/8\n"
        "      - 0.0.0.0/0\n"
        "  bicoastal:tags:\n"
        "    aws:owner: me\n"
    )
    assert places(file) == [
        ("BC101", "environmentSuffix", 2, 32),
        ("BC001", "hostedZone", 3, 3),
        ("BC216", "database.port", 5, 11),
        ("BC201", "database.instanceClass", 6, 20),
        ("BC001", "database.prot", 7, 5),
        ("BC605", "network.clientCidrs[1]", 11, 9),
        ("BC107", "tags.aws:owner", 13, 5),
    ]
    with pytest.raises(InvalidSettingsError) as caught:
        load_stack_file(file)
    assert f"{file}:6:20: BC201 error: " in str(caught.value)
    assert len(str(caught.value).splitlines()) == 8


def test_a_finding_on_a_default_points_to_the_nearest_key(write: Writer) -> None:
    file = write(
        "config:\n  bicoastal:dns:\n    mode: health-check\n  bicoastal:profile: production\n"
    )
    assert ("BC303", "dns.mode", 3, 11) in places(file)
    marks = Marks("f", {"database": (2, 3)}, {})
    assert marks.locate("database.port", at_key=False) == (2, 3)
    assert marks.locate("tags", at_key=True) is None


def test_findings_are_in_the_order_of_the_file_and_those_without_a_place_come_last(
    write: Writer,
) -> None:
    file = write(
        "config:\n"
        "  bicoastal:dns: {ttlS: -1, mod: 1}\n"
        "  bicoastal:database:\n    port: 1\n"
        "  bicoastal:environmentSuffix: dev-\n"
    )
    found = validate_stack_file(file, deploying=True)
    assert [f.rule_id for f in found] == ["BC309", "BC001", "BC216", "BC102", "BC601"]


def test_a_finding_without_a_place_names_the_file(write: Writer) -> None:
    file = write("config:\n  bicoastal:project: x\n")
    (finding,) = validate_stack_file(file, deploying=True)
    assert (finding.rule_id, finding.line, finding.location) == ("BC601", None, str(file))
    assert str(finding).startswith(f"{file}: BC601 error: ")


@pytest.mark.parametrize(
    ("text", "rule_id", "line"),
    (
        ("config: [", "BC005", 1),
        ("config:\n  a: b\n c: d\n", "BC005", 3),
        ("a: 1\n---\nb: 2\n", "BC005", 2),
        ("a: !!python/object:os.system x\n", "BC005", 1),
        ("a: 2026-99-99\n", "BC005", None),
        ("a: \x07\n", "BC005", None),
        ("a: " + "[" * 700, "BC005", 1),
        ("5\n", "BC006", 1),
        ("config: 5\n", "BC006", 1),
        ("x: 1\nconfig:\n  - a\n", "BC006", 3),
    ),
)
def test_what_is_not_a_stack_file_is_one_clean_finding(
    write: Writer, text: str, rule_id: str, line: int | None
) -> None:
    file = write(text)
    (finding,) = validate_stack_file(file)
    assert (finding.rule_id, finding.line) == (rule_id, line)
    assert str(file) in finding.message
    with pytest.raises(InvalidSettingsError, match=rule_id):
        load_stack_file(file)


def test_files_that_cannot_be_read_are_one_clean_finding(tmp_path: Path) -> None:
    missing = tmp_path / "Pulumi.nosuch.yaml"
    (finding,) = validate_stack_file(missing)
    assert finding.rule_id == "BC004"
    assert f"{missing} cannot be read: {os.strerror(2)}." in finding.message
    (finding,) = validate_stack_file(tmp_path)
    assert finding.rule_id == "BC004"


def test_keys_written_twice_are_named_where_the_second_stands(write: Writer) -> None:
    file = write(
        "config:\n"
        "  bicoastal:project: a\n"
        "  bicoastal:project: b\n"
        "  bicoastal:database:\n"
        "    port: 3306\n"
        "    port: 3307\n"
        "  aws:region: a\n"
        "  aws:region: b\n"
        "config: {}\n"
    )
    assert places(file) == [
        ("BC007", "project", 3, 3),
        ("BC007", "database.port", 6, 5),
        ("BC007", "aws:region", 8, 3),
        ("BC007", "config", 9, 1),
    ]


def test_merge_keys_are_no_duplicates(write: Writer) -> None:
    file = write(
        "base: &base\n  port: 3307\n  databaseName: one\n"
        "config:\n  bicoastal:database:\n    <<: *base\n    port: 3308\n"
    )
    settings = load_stack_file(file)
    assert (settings.database.port, settings.database.database_name) == (3308, "one")


def test_a_value_that_contains_itself_is_a_wrong_type(write: Writer) -> None:
    file = write("config:\n  bicoastal:database: &a\n    port: *a\n  bicoastal:project: &b [*b]\n")
    assert [place[:2] for place in places(file)] == [
        ("BC002", "database.port"),
        ("BC002", "project"),
    ]


def test_encrypted_values_are_noted_and_the_rest_is_checked(write: Writer) -> None:
    file = write(
        "config:\n"
        "  bicoastal:secretArn:\n    secure: AAAB\n"
        "  bicoastal:database:\n    port:\n      secure: AAAB\n    backupRetentionDays: 99\n"
        "  bicoastal:tags:\n    Owner:\n      secure: AAAB\n"
    )
    assert places(file) == [
        ("BC212", "database.backupRetentionDays", 7, 26),
        ("BC009", "secretArn", 3, 5),
        ("BC009", "database.port", 6, 7),
        ("BC009", "tags.Owner", 10, 7),
    ]
    # An encrypted ARN is an ARN; whether it is right shows when the program runs.
    assert "BC601" not in {f.rule_id for f in validate_stack_file(file, deploying=True)}


def test_structured_values_may_be_json_text(write: Writer) -> None:
    file = write("config:\n  bicoastal:database: '{\"port\": 3307}'\n")
    assert load_stack_file(file).database.port == 3307
    file = write("config:\n  bicoastal:database: '{\"port\": 1}'\n")
    assert places(file) == [("BC216", "database.port", 2, 23)]
    file = write("config:\n  bicoastal:database: '" + "[" * 60_000 + "'\n")
    assert places(file) == [("BC008", "database", 2, 23)]


def test_keys_outside_the_namespace_are_suspected_only_if_they_look_like_ours(
    write: Writer,
) -> None:
    file = write(
        "config:\n  aws:region: x\n  bicostal:project: a\n  domainName: b\n  other: c\n"
        "  bicoastal: d\n"
    )
    assert places(file) == [
        ("BC010", "bicostal:project", 3, 3),
        ("BC010", "domainName", 4, 3),
    ]


def test_numbers_as_keys_are_unknown_keys(write: Writer) -> None:
    file = write("config:\n  5: x\n  bicoastal:6: x\n  bicoastal:tags:\n    7: x\n")
    assert places(file) == [("BC001", "6", 3, 3)]


# --- Pulumi's configuration -------------------------------------------------------------------
def test_configuration_from_pulumi_gives_settings() -> None:
    config = {
        "aws:region": "us-east-1",
        "bicoastal:environmentSuffix": "pr-7",
        "bicoastal:database": json.dumps({"port": 3307, "serverlessMinAcu": "1"}),
        "bicoastal:tags": '{"Owner": "me"}',
        "bicoastal:costCenter": "0123",
    }
    settings = from_pulumi_config(config)
    assert settings.environment_suffix == "pr-7"
    assert settings.database.port == 3307
    assert settings.tags == {"Owner": "me"}
    assert settings.cost_center == "0123"
    assert from_pulumi_config({}) == Settings()


def test_mistakes_in_the_configuration_from_pulumi_are_all_found() -> None:
    config = {
        "bicoastal:database": "{port: 1",
        "bicoastal:network": '{"homeCidr": "x"}',
        "bicoastal:dns": '"latch"',
        "bicoastal:domain": "x",
    }
    assert [f.rule_id for f in validate_pulumi_config(config)] == [
        "BC001",
        "BC002",
        "BC008",
        "BC405",
    ]
    with pytest.raises(InvalidSettingsError) as caught:
        from_pulumi_config(config, deploying=True)
    assert len(caught.value.findings) == 5


def test_six_mistakes_in_a_stack_file_are_six_findings(write: Writer) -> None:
    file = write(
        "config:\n"
        "  bicoastal:environmentSuffix: Bad_Suffix!\n"
        "  bicoastal:database:\n    instanceClass: db.t3.small\n    backupRetentionDays: 40\n"
        "  bicoastal:health:\n    intervalS: 20\n"
        "  bicoastal:network:\n    standbyCidr: 10.10.0.0/16\n"
        "  bicoastal:dns:\n    mode: health-check\n"
    )
    errors = [f.rule_id for f in validate_stack_file(file) if f.severity == "error"]
    assert errors == ["BC101", "BC201", "BC212", "BC301", "BC408", "BC303"]
