"""Values between Pulumi's form and plain Python."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.provider.experimental.property_value import Computed, ResourceReference
from pulumi.runtime import rpc

from bicoastal.lab.engine.values import (
    UNKNOWN,
    PropertyValue,
    Secret,
    from_plain,
    has_unknowns,
    redact,
    reveal,
    scrub,
    secret_strings,
    to_plain,
)

leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**52), 2**52), st.text(), st.just(UNKNOWN)
)
values: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(), inner, max_size=3),
        inner.filter(lambda value: not isinstance(value, Secret)).map(Secret),
    ),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(values)
def test_values_survive_the_way_there_and_back(value: Any) -> None:
    assert to_plain(from_plain(value)) == value


@settings(max_examples=40, deadline=None)
@given(values)
def test_values_survive_the_wire(value: Any) -> None:
    assert to_plain(PropertyValue.unmarshal(from_plain(value).marshal())) == value


@settings(max_examples=40, deadline=None)
@given(values)
def test_what_is_written_down_holds_no_secret(value: Any) -> None:
    written = repr(redact({"a": Secret("hunter2"), "b": [value, {"c": Secret(["hunter2"])}]}))
    assert "hunter2" not in written
    assert "[secret]" in written


@settings(max_examples=40, deadline=None)
@given(values)
def test_nothing_is_hidden_from_a_provider(value: Any) -> None:
    assert "[secret]" not in repr(reveal({"a": value, "b": Secret({"c": Secret(1)})}))


def test_numbers_are_whole_where_they_can_be() -> None:
    assert repr(to_plain(PropertyValue(3306.0))) == "3306"
    assert repr(to_plain(PropertyValue(0.5))) == "0.5"
    assert repr(to_plain(from_plain(0.5))) == "0.5"
    assert to_plain(from_plain(True)) is True


def test_unknowns_in_either_form() -> None:
    assert to_plain(PropertyValue(Computed())) is UNKNOWN
    assert to_plain(PropertyValue(rpc.UNKNOWN)) is UNKNOWN
    assert repr(UNKNOWN) == "<unknown>"
    assert has_unknowns({"a": [1, Secret({"b": UNKNOWN})]})
    assert not has_unknowns({"a": [1, Secret({"b": 2})]})


def test_a_resource_is_its_id() -> None:
    assert to_plain(PropertyValue(ResourceReference("urn", PropertyValue("vpc-1")))) == "vpc-1"
    assert to_plain(PropertyValue(ResourceReference("urn"))) == "urn"


def test_secrets_are_values_but_never_texts() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret(["a"]), Secret(["a"]), Secret("b")}) == 2
    assert f"{Secret('hunter2')}" == "[secret]"


def test_other_things_are_written_down_by_their_kind() -> None:
    written = redact({"a": pulumi.StringAsset("x"), "b": UNKNOWN, "c": (1, None)})
    assert written == {"a": "<StringAsset>", "b": "<unknown>", "c": [1, None]}


def test_secrets_are_found_and_taken_out_of_texts() -> None:
    secrets = secret_strings({"a": Secret(["hunter2", 5]), "b": "open", "c": [Secret("hunter22")]})
    assert secrets == {"hunter2", "hunter22"}
    assert scrub("hunter22 and hunter2", secrets) == "[secret] and [secret]"
    assert scrub("an abc in text", {"abc"}) == "an abc in text"


def test_what_pulumi_cannot_carry_is_refused() -> None:
    with pytest.raises(TypeError):
        from_plain(object())
