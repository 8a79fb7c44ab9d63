"""JUnit XML as build servers read it."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from bicoastal.lab.report.junit import render
from bicoastal.lab.report.reading import Drill


def test_one_suite_a_drill_and_one_case_a_requirement(report) -> None:
    root = ET.fromstring(render([Drill("first", report), Drill("second", report)]))
    assert [suite.get("name") for suite in root] == ["first", "second"]
    suite = root[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    assert suite.get("time") == "0.500"
    cases = {case.get("name"): case for case in suite}
    assert cases["steady-state"].get("classname") == "bicoastal.drill.partition"
    assert [child.tag for child in cases["steady-state"]] == ["system-out"]
    failure = cases["nothing-left"].find("failure")
    assert failure is not None
    assert (failure.get("message"), failure.text) == ("promised: p2", "1 left")
    assert cases["dns-never-back"].find("skipped") is not None
