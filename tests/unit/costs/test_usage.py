"""Usage from files and from the command line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from bicoastal.costs.errors import UsageError
from bicoastal.costs.usage import Usage, load_usage, parse_usage

D = Decimal


def test_a_file_and_then_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "usage.yaml"
    file.write_text("storageGib: 20\nrowKib: 0.5\nfreeTier: false\nglobalTransfer: included\n")
    found = load_usage(file, ["storageGib=30", "derivedChecks = included", "freeTier=TRUE"])
    assert found == Usage(
        storage_gib=D(30),
        row_kib=D("0.5"),
        global_transfer="included",
        derived_checks="included",
    )


def test_nothing_said_means_defaults(tmp_path: Path) -> None:
    empty = tmp_path / "usage.yaml"
    empty.write_text("")
    assert load_usage(None) == load_usage(empty) == Usage()


@pytest.mark.parametrize(
    ("row_kib", "ios"), (("0", 1), ("0.1", 1), ("2", 1), ("2.1", 2), ("4", 2), ("16", 8))
)
def test_a_write_costs_an_io_for_each_4_kib_of_log(row_kib: str, ios: int) -> None:
    assert Usage(row_kib=D(row_kib)).io_per_write == ios


@pytest.mark.parametrize(
    ("key", "value", "said"),
    (
        ("storageGb", 1, "did you mean storageGib?"),
        ("zzzzzz", 1, "known are averageAcu"),
        (7, 1, "7 is not known"),
        ("storageGib", "much", "'much', but must be a number of at least 0"),
        ("storageGib", -1, "a number of at least 0"),
        ("storageGib", True, "a number of at least 0"),
        ("storageGib", "nan", "a number of at least 0"),
        ("storageGib", "1e30", "a number of at least 0"),
        ("storageGib", [1], "a number of at least 0"),
        ("averageAcu", "x", "a number of at least 0"),
        ("freeTier", "perhaps", "true or false"),
        ("globalTransfer", "free", "billed or included"),
    ),
)
def test_mistakes_are_named_with_their_cure(key: object, value: object, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_usage({key: value})
    assert str(key) in str(caught.value)
    assert said in str(caught.value)


def test_all_mistakes_are_reported_together() -> None:
    with pytest.raises(UsageError, match=r"storageGib is .*; freeTier is "):
        parse_usage({"storageGib": -1, "freeTier": 3})


def test_what_is_not_a_mapping_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "usage.yaml"
    file.write_text("- storageGib\n")
    with pytest.raises(UsageError, match=r"usage.yaml must be a mapping"):
        load_usage(file, ["storageGib=1"])


def test_a_set_without_a_value_is_refused() -> None:
    with pytest.raises(UsageError, match="key=value"):
        load_usage(None, ["storageGib"])


@pytest.mark.parametrize("content", (None, b"a: [", b"\xff\xfe\xfa"))
def test_what_cannot_be_read_is_said(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "usage.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=r"usage.yaml cannot be read: (No such file|it is not)"):
        load_usage(file)
