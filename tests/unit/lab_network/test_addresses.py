"""The address plan: one loopback address for each path."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bicoastal.errors import LabError
from bicoastal.lab.network import AddressPlan
from bicoastal.lab.network import addresses as addresses_module

NAMES = st.lists(st.text("abcdef-", min_size=1, max_size=5), min_size=1, max_size=6, unique=True)


@settings(max_examples=30)
@given(NAMES, NAMES)
def test_every_path_has_its_own_loopback_address(sources: list[str], members: list[str]) -> None:
    plan = AddressPlan("127.70.1", tuple(sources), tuple(members))
    paths = plan.paths()
    assert len(set(paths.values())) == len(sources) * len(members)
    assert plan.host not in paths.values()
    for (source, member), address in paths.items():
        assert address.startswith("127.")
        socket.inet_aton(address)
        assert plan.address(source, member) == address
        assert plan.path_of(address) == (source, member)
        assert plan.member_of(address) == member
    assert AddressPlan.from_json(plan.to_json()) == plan


def test_a_foreign_address_belongs_to_no_member() -> None:
    plan = AddressPlan("127.70.1", ("a",), ("x",))
    assert plan.path_of("127.0.0.1") is None
    assert plan.member_of("127.0.0.1") is None


def test_an_unknown_path_is_named_with_what_there_is() -> None:
    plan = AddressPlan("127.70.1", ("a", "b"), ("x",))
    with pytest.raises(LabError, match=r"'c' to 'x'; sources: a, b; members: x"):
        plan.address("c", "x")


@pytest.mark.parametrize(
    ("sources", "members"), (([], ["x"]), (["a"], []), (["a", "a"], ["x"]), (["a"], ["x", "x"]))
)
def test_names_must_be_given_and_distinct(sources: list[str], members: list[str]) -> None:
    with pytest.raises(LabError, match="distinct"):
        AddressPlan.allocate(sources, members)


def test_a_block_has_room_for_so_many_paths_only() -> None:
    with pytest.raises(LabError, match="at most 240"):
        AddressPlan("127.70.1", tuple(map(str, range(121))), ("x", "y"))


def test_allocated_addresses_can_be_bound() -> None:
    plan = AddressPlan.allocate(["a"], ["x"])
    assert plan.port == 3306
    with socket.socket() as listener:
        listener.bind((plan.address("a", "x"), plan.port))


def test_a_port_taken_on_all_addresses_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses_module, "_ATTEMPTS", 3)
    with socket.socket() as greedy:
        greedy.bind(("", 0))
        greedy.listen()
        port = greedy.getsockname()[1]
        with pytest.raises(LabError, match=f"Port {port} is taken on every loopback address"):
            AddressPlan.allocate(["a"], ["x"], port=port)
