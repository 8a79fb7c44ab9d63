"""A deployment that fails half-way says so and is taken back."""

from __future__ import annotations

import pytest

from bicoastal.cli.stackfile import PLACEHOLDER_SECRET
from bicoastal.errors import DeploymentError
from bicoastal.lab.drill.deploying import Stack
from bicoastal.lab.drill.environment import Environment
from bicoastal.operate.inventory import inventory
from bicoastal.settings import load

pytestmark = pytest.mark.lab


def test_a_refused_secondary_is_named_and_nothing_is_left():
    settings = load({"secretArn": PLACEHOLDER_SECRET.format(region="us-east-1")})
    with Environment(settings, pace=20.0) as lab:
        before = inventory(lab.client, settings.regions.all)
        lab.aws.refuse(
            "CreateDBCluster",
            region="us-west-2",
            code="InvalidParameterCombination",
            message="the class is not supported by global databases",
        )
        stack = Stack(lab, settings)
        with pytest.raises(DeploymentError) as refused:
            stack.deploy()
        message = str(refused.value)
        assert "aurora-usw2-dev" in message
        assert "the class is not supported by global databases" in message
        assert "nothing is left" in message
        assert inventory(lab.client, settings.regions.all) == before
        assert lab.aws.members() == []
