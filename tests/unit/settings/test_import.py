"""What an import costs and what it must not pull in."""

from __future__ import annotations

import subprocess
import sys

import pytest

import bicoastal.settings

PROGRAM = """
import sys, time
start = time.process_time()
import bicoastal.settings
spent = time.process_time() - start
light = sorted({name.partition(".")[0] for name in sys.modules})
bicoastal.settings.Names("dev").cluster("us-east-1")
assert "pydantic" not in sys.modules, "a name must not cost pydantic"
bicoastal.settings.load({})
bicoastal.settings.validate({"x": 1})
heavy = sorted({name.partition(".")[0] for name in sys.modules})
print(spent, ",".join(light), ",".join(heavy))
"""


def test_import_is_quick_and_pulls_in_neither_pulumi_nor_boto3() -> None:
    spent = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
        )
        seconds, light, heavy = done.stdout.split()
        spent.append(float(seconds))
        assert "pydantic" not in light.split(",")
        assert not {"pulumi", "pulumi_aws", "boto3", "botocore"} & set(heavy.split(","))
    assert min(spent) < 0.15


def test_every_public_name_is_there() -> None:
    for name in bicoastal.settings.__all__:
        assert getattr(bicoastal.settings, name) is not None
    assert dir(bicoastal.settings) == sorted(bicoastal.settings.__all__)


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nosuch'"):
        _ = bicoastal.settings.nosuch
