"""JUnit XML for build servers: one suite a drill, one case a requirement.

The form is the one that Jenkins, GitLab and GitHub's actions read:
https://github.com/testmoapp/junitxml
"""

from __future__ import annotations

import xml.etree.ElementTree as ET  # only writes: nothing is parsed
from collections.abc import Sequence

from bicoastal.lab.report.reading import Drill


def render(drills: Sequence[Drill]) -> str:
    """Write the requirements as test cases.

    Args:
        drills: The drills.

    Returns:
        The XML text. A requirement that the configuration does not promise counts as skipped.
    """
    root = ET.Element("testsuites", name="bicoastal")
    for drill in drills:
        _suite(root, drill)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(root: ET.Element, drill: Drill) -> None:
    record = drill.record
    outcomes = [requirement.outcome for requirement in record.requirements]
    suite = ET.SubElement(
        root,
        "testsuite",
        name=drill.name,
        timestamp=record.started_at,
        tests=str(len(outcomes)),
        failures=str(outcomes.count("fail")),
        skipped=str(outcomes.count("not promised")),
        time=f"{sum(phase.seconds for phase in record.phases):.3f}",
    )
    for requirement in record.requirements:
        case = ET.SubElement(
            suite, "testcase", classname=f"bicoastal.drill.{record.fault}", name=requirement.id
        )
        if requirement.outcome == "fail":
            message = f"promised: {requirement.promise}"
            ET.SubElement(case, "failure", message=message).text = requirement.observed
        elif requirement.outcome == "not promised":
            ET.SubElement(case, "skipped", message="not promised by this configuration")
        ET.SubElement(case, "system-out").text = requirement.observed
