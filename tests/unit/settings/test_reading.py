"""Shapes: whatever cannot be read is named, and hides nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bicoastal.settings import InvalidSettingsError, Settings, check, load, validate
from bicoastal.settings.draft import Draft, Fault, FaultKind
from bicoastal.settings.keys import dotted, known_keys, nearest, suggestion
from bicoastal.settings.secrecy import HIDDEN, quoted, shown

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:bicoastal/dev-AbCdEf"


def ids(raw: Any, **options: bool) -> list[str]:
    return sorted(finding.rule_id for finding in validate(raw, **options))


def test_all_findings_come_together_although_shapes_are_wrong() -> None:
    raw = {
        "environmentSuffix": 5,
        "enviromentSuffix": "x",
        "profile": "prod",
        "database": {"port": "many", "instanceClass": "db.t3.small", "backupRetentionDays": 0},
        "network": {"homeCidr": None, "standbyCidr": "10.10.0.0/16", "clientCidrs": [1, "x"]},
        "tags": {"Owner": 1, "aws:x": "y"},
        "dns": 7,
    }
    assert ids(raw) == [
        "BC001",
        "BC002",
        "BC002",
        "BC002",
        "BC002",
        "BC002",
        "BC003",
        "BC107",
        "BC201",
        "BC212",
        "BC405",
        "BC408",
    ]


def test_errors_come_first_and_remarks_last() -> None:
    raw = {"database": {"monitoringIntervalS": 1, "port": 1}, "dns": {"ttlS": 90}}
    assert [finding.severity for finding in validate(raw)] == ["error", "warning", "info"]


def test_nothing_is_judged_on_a_default_in_the_place_of_an_unreadable_value() -> None:
    # homeCidr would be 10.10.0.0/16 by default, which overlaps.
    raw = {"network": {"homeCidr": 5, "standbyCidr": "10.10.0.0/16"}}
    assert ids(raw) == ["BC002"]
    assert ids({"regions": 5, "secretArn": ARN.replace("us-east-1", "eu-west-1")}) == ["BC002"]
    assert ids({"profile": "prod", "database": {"instanceClass": "db.r6g.large"}}) == ["BC003"]


def test_items_behind_an_unreadable_one_keep_their_places() -> None:
    findings = validate({"network": {"clientCidrs": [1, "10.0.0.0/8", "0.0.0.0/0"]}})
    assert [f.key for f in findings] == ["network.clientCidrs[0]", "network.clientCidrs[2]"]


@pytest.mark.parametrize(
    ("raw", "meant"),
    (
        ({"enviromentSuffix": "x"}, "environmentSuffix"),
        ({"environment_suffix": "x"}, "environmentSuffix"),
        ({"instanceClass": "x"}, "database.instanceClass"),
        ({"database": {"instance_class": "x"}}, "database.instanceClass"),
        ({"database": {"portt": 1}}, "database.port"),
        ({"databse": {}}, "database"),
        ({"dns": {"mod": "x"}}, "dns.mode?"),
        ({"failover": {"mod": "x"}}, "failover.mode?"),
        ({"primaryRegion": "x"}, "regions.home"),
        ({"masterPassword": "x"}, "secretArn"),
    ),
)
def test_unknown_keys_are_refused_with_what_they_meant(raw: Any, meant: str) -> None:
    (finding,) = validate(raw)
    assert finding.rule_id == "BC001"
    assert f"Did you mean {meant}" in finding.cure


def test_an_unknown_key_that_is_near_nothing_is_to_be_removed() -> None:
    (finding,) = validate({"zzzzzz": 1})
    assert "Remove it" in finding.cure


@pytest.mark.parametrize(
    ("raw", "said"),
    (
        ({"database": {"port": True}}, "true (a yes-or-no value), but must be a number"),
        ({"database": {"port": 1.5}}, "1.5 (a number), but must be a whole number"),
        ({"database": {"port": [1]}}, "is a list, but must be a whole number"),
        (
            {"database": {"serverlessMinAcu": float("nan")}},
            "nan (a number), but must be a number of at most",
        ),
        ({"database": {"skipFinalSnapshot": "perhaps"}}, "'perhaps' (text), but must be true or"),
        ({"costCenter": 5}, "5 (a number), but must be text"),
        ({"costCenter": date(2026, 1, 2)}, "2026-01-02 (of the type date), but must be text"),
        ({"tags": []}, "tags is a list, but must be a mapping"),
        ({"dns": {"mode": {}}}, "dns.mode is a mapping, but must be 'latch'"),
        ({"database": "x"}, "database is 'x' (text), but must be a mapping"),
        ({"network": {"clientCidrs": "10.0.0.0/8"}}, "'10.0.0.0/8' (text), but must be a list"),
    ),
)
def test_wrong_types_are_explained(raw: Any, said: str) -> None:
    (finding,) = validate(raw)
    assert said in finding.message


def test_cures_of_wrong_types_show_an_example() -> None:
    def cure(raw: Any) -> str:
        return validate(raw)[0].cure

    assert "such as 3306" in cure({"database": {"port": "x"}})
    assert "put quotes around it" in cure({"costCenter": 5})
    assert "indented below it" in cure({"tags": 5})
    assert "after a dash" in cure({"network": {"clientCidrs": 5}})


def test_text_from_pulumi_is_read_as_numbers_where_numbers_are_wanted() -> None:
    settings = load({"database": {"port": "3307", "serverlessMinAcu": "1.5"}})
    assert (settings.database.port, settings.database.serverless_min_acu) == (3307, 1.5)


def test_keys_without_a_value_count_as_absent() -> None:
    raw = {"database": None, "network": {"homeCidr": None}, "secretArn": "", "domainName": None}
    assert load({**raw, "environmentSuffix": ""}) == Settings()


@pytest.mark.parametrize("raw", (5, None, ["x"], "text"))
def test_what_is_not_a_mapping_is_a_finding(raw: Any) -> None:
    (finding,) = validate(raw)
    assert finding.rule_id == "BC006"


def test_keys_that_are_not_text_are_unknown_keys() -> None:
    assert ids({5: 1, "database": {7: 1}}) == ["BC001", "BC001"]


def test_input_is_left_as_it_was() -> None:
    raw = {"database": {"port": "x", "zz": 1}, "network": {"clientCidrs": [1]}}
    validate(raw)
    assert raw == {"database": {"port": "x", "zz": 1}, "network": {"clientCidrs": [1]}}


def test_a_secret_is_wanted_only_for_a_deployment() -> None:
    assert ids({}) == []
    assert ids({}, deploying=True) == ["BC601"]
    assert ids({"secretArn": ARN}, deploying=True) == []
    assert [f.rule_id for f in check(Settings())] == ["BC601"]
    assert check(Settings(), deploying=False) == []
    with pytest.raises(InvalidSettingsError, match="BC601"):
        load({}, deploying=True)


def test_the_error_lists_all_findings_in_lines() -> None:
    with pytest.raises(InvalidSettingsError) as caught:
        load({"environmentSuffix": "A", "database": {"port": 1}, "dns": {"ttlS": 90}})
    error = caught.value
    assert isinstance(error, ValueError)
    lines = str(error).splitlines()
    assert lines[0] == "The settings cannot be used: 2 errors."
    assert [line.split()[0] for line in lines[1:]] == ["BC101", "BC216", "BC308"]
    assert [finding.rule_id for finding in error.findings] == ["BC101", "BC216", "BC308"]
    with pytest.raises(InvalidSettingsError, match=r"used: 1 error\."):
        load({"environmentSuffix": "A"})


def test_warnings_do_not_refuse() -> None:
    assert load({"dns": {"ttlS": 90}}).dns.ttl_s == 90


# --- secrets ----------------------------------------------------------------------------------
SECRETS = [
    "AKIAABCDEFGHIJKLMNOP",
    "-----BEGIN RSA PRIVATE KEY-----",
    "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA",
]


def raws_with(value: object) -> Iterator[dict[str, Any]]:
    for key in known_keys():
        group, _, name = key.rpartition(".")
        for given_value in (value, [value], {"x": value}):
            yield {group: {name: given_value}} if group else {key: given_value}
    yield {"unknown": value}
    yield {"database": {"unknown": value}}
    yield {"tags": {"Owner": value}}
    yield {"database": value}


@pytest.mark.parametrize("secret", SECRETS)
def test_what_looks_like_a_secret_is_never_printed(secret: str) -> None:
    for raw in raws_with(secret):
        for finding in validate(raw):
            assert secret[:16] not in repr(finding), raw


@pytest.mark.parametrize("key", ("secretArn", "masterPassword", "password", "apiKey"))
def test_the_value_of_a_secret_key_is_never_printed(key: str) -> None:
    for raw in ({key: "hunter2"}, {"database": {key: "hunter2"}}, {"tags": {key: "hunter2;"}}):
        findings = validate(raw)
        assert findings
        assert "hunter2" not in repr(findings)


def test_values_are_shown_briefly() -> None:
    assert shown("secretArn", ARN) == ARN
    assert shown("secretArn", "hunter2") == HIDDEN
    assert shown("domainName", "x" * 100) == "x" * 77 + "..."
    values: list[object] = [{}, [], None, True, False, 2.5, 3]
    assert [shown("x", value) for value in values] == [
        "a mapping",
        "a list",
        "nothing",
        "true",
        "false",
        "2.5",
        "3",
    ]
    assert shown("x", 10**5000) == "a very large number"
    assert shown("secretArn", "arn:hunter2") == HIDDEN
    assert shown("x", "a\nb\x1b[31m\ud800é") == r"a\nb\x1b[31m\ud800é"
    assert quoted("x", "y") == "'y'"
    assert quoted("x", 5) == "5"
    assert quoted("password", "y") == HIDDEN


# --- keys -------------------------------------------------------------------------------------
def test_paths_are_written_as_in_a_stack_file() -> None:
    assert dotted(["network", "clientCidrs", 0]) == "network.clientCidrs[0]"
    assert dotted(["tags", "a b"]) == 'tags["a b"]'
    assert dotted(["tags", "aws:x"]) == "tags.aws:x"


def test_an_unreadable_group_makes_its_keys_doubtful_and_no_others() -> None:
    kinds: tuple[FaultKind, ...] = ("type", "choice", "encrypted")
    keys = ("database", "network.clientCidrs", "tags")
    faults = [Fault(kind, key, "", "") for kind, key in zip(kinds, keys, strict=True)]
    draft = Draft(Settings(), (*faults, Fault("unknown-key", "dns", "", "")))
    for key in ("database", "database.port", "network.clientCidrs[0]", 'tags["a b"]'):
        assert not draft.trusts(key)
    for key in ("databases", "network", "network.homeCidr", "dns.mode"):
        assert draft.trusts(key)


def test_nearest_word() -> None:
    assert nearest("lach", ["latch", "observe"]) == "latch"
    assert nearest("xyz", ["latch", "observe"]) is None
    assert suggestion(["qqqqqq"]) is None


# --- anything at all --------------------------------------------------------------------------
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
LAZY = hypothesis.settings(deadline=None)  # the machine may be busy
KNOWN = sorted({key.split(".")[0] for key in known_keys()} | {"tags"})
FIELDS = sorted({key.rpartition(".")[2] for key in known_keys()})
TREE = st.dictionaries(
    st.sampled_from(KNOWN) | st.text(),
    JSON | st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4),
    max_size=6,
)


@pytest.mark.parametrize(
    "raw",
    (
        {"\ud800": 1},
        {"tags": {"\ud800": "\ud800"}},
        {"database": {"\ud800": 1, "port": 10**5000, "serverlessMinAcu": 10**400}},
        {"network": {"clientCidrs": {"a"}}},
        {"database": b"x"},
        {"costCenter": "\x1b[31m"},
    ),
)
def test_what_cannot_be_printed_is_named_in_printable_text(raw: Any) -> None:
    findings = validate(raw)
    assert findings
    for finding in findings:
        assert f"{finding}{finding.key}{finding.value}".isprintable()


@LAZY
@given(TREE)
def test_no_input_whatever_makes_a_traceback(raw: Any) -> None:
    findings = validate(raw, deploying=True)
    if not any(finding.severity == "error" for finding in findings):
        assert load(raw, deploying=True)


@LAZY
@given(st.integers(), st.sampled_from([k for k, v in known_keys().items() if type(v) is int]))
def test_no_number_whatever_makes_a_traceback(number: int, key: str) -> None:
    group, _, name = key.rpartition(".")
    validate({group: {name: number * 10**300}})
    validate({group: {name: number}})
