"""What EC2 and Route 53 refuse; the usual cases are those of the program, in tests/unit/checked."""

from __future__ import annotations

import pytest

from bicoastal.lab.aws import check_refusals, network_refusals


class Networks:
    """One VPC with one subnet."""

    def range_of(self, vpc: str, region: str = "") -> str | None:
        return {"v": "10.10.0.0/16"}.get(vpc)

    def subnet_ranges(self, vpc: str) -> list[str]:
        return ["10.10.0.0/24"]

    def admitted(self, group: str) -> list[tuple[str, str, str]]:
        return []


@pytest.mark.parametrize(
    ("cidr", "code"),
    (
        ("10.10.0.128/25", "InvalidSubnet.Conflict"),
        ("10.20.0.0/24", "InvalidSubnet.Range"),
        ("10.10.1.0/29", "InvalidSubnet.Range"),
    ),
)
def test_a_subnet_lies_in_its_vpc_and_apart_from_the_others(cidr: str, code: str) -> None:
    asked = {"VpcId": "v", "CidrBlock": cidr}
    answer = network_refusals.refused("CreateSubnet", asked, Networks())
    assert answer is not None
    assert answer.code == code


@pytest.mark.parametrize(
    ("config", "words"),
    (
        ({"Type": "TCP", "RequestInterval": 20}, "RequestInterval"),
        ({"Type": "TCP", "FailureThreshold": 0}, "FailureThreshold"),
        ({"Type": "CALCULATED", "ChildHealthChecks": ["c"] * 256}, "256 ChildHealthChecks"),
        ({"Type": "CALCULATED", "HealthThreshold": 257}, "HealthThreshold"),
    ),
)
def test_a_health_check_has_its_limits(config: dict[str, object], words: str) -> None:
    answer = check_refusals.refused(config)
    assert answer is not None
    assert words in answer.message


def test_a_calculated_check_without_children_is_taken_as_aws_takes_it() -> None:
    assert check_refusals.refused({"Type": "CALCULATED", "HealthThreshold": 0}) is None
