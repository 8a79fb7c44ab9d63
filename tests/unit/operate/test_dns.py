"""What DNS answers, and whose member that is."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence

import pytest

from bicoastal.operate import dns
from bicoastal.operate.dns import dns_report, system_answer
from bicoastal.operate.target import Target

from .samples import SETTINGS, STANDBY

TARGET = Target(SETTINGS)
ALIAS = "aurora-usw2-dev.cluster-x.us-west-2.rds.amazonaws.com"


def test_the_alias_names_the_member() -> None:
    report = dns_report(TARGET, lambda _name: (ALIAS, "10.1.2.3"), "somebody")
    assert (report.name, report.asked, report.region) == ("db-dev.example.com", "somebody", STANDBY)
    assert report.answer == (ALIAS, "10.1.2.3")


def test_an_address_alone_names_nobody() -> None:
    assert dns_report(TARGET, lambda _name: ("10.1.2.3",)).region is None


def test_silence_and_slowness_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(_name: str) -> Sequence[str]:
        raise OSError("not known")

    assert dns_report(TARGET, silent).problem == "no answer (not known)"
    monkeypatch.setattr(dns, "TIMEOUT_S", 0.01)
    waiting = threading.Event()
    report = dns_report(TARGET, lambda _name: [str(waiting.wait(10))])
    waiting.set()
    assert report.problem == "no answer within 0.01 s"


def test_the_systems_resolver_gives_aliases_first(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = ("canonical", ["alias", "canonical"], ["10.0.0.1"])
    monkeypatch.setattr(socket, "gethostbyname_ex", lambda _name: answer)
    assert system_answer("name") == ("alias", "canonical", "10.0.0.1")
