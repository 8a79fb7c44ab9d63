"""Lambda functions, run for real by MiniStack."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pulumi
import pytest
from botocore.exceptions import ClientError

from .conftest import Client, Hand, Made, life

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "lambda.amazonaws.com"},
            }
        ],
    }
)
ROLE = "aws:iam/role:Role"
FUNCTION = "aws:lambda/function:Function"


def function(hand: Hand, code: object, **more: object) -> Made:
    role = hand.create(ROLE, "r", name="run", assumeRolePolicy=TRUST)
    return hand.create(
        FUNCTION, "f", name="probe", role=role.outputs["arn"], runtime="python3.12",
        handler="probe.handler", code=code, timeout=10, memorySize=128, architectures=["arm64"],
        environment={"variables": {"A": "1"}}, tags={"Name": "f"}, **more,
    )  # fmt: skip


SOURCE = "def handler(event, context):\n    return {'answer': event['n'] + 1}\n"


def test_function(hand: Hand, client: Client) -> None:
    run = client("lambda")
    made = function(
        hand, pulumi.AssetArchive({"probe.py": pulumi.StringAsset(SOURCE)}),
        reservedConcurrentExecutions=1, vpcConfig={"subnetIds": [], "securityGroupIds": []},
        deadLetterConfig={"targetArn": "arn:aws:sns:us-east-1:000000000000:dead"},
    )  # fmt: skip

    def call() -> object:
        answer = run.invoke(FunctionName="probe", Payload=b'{"n": 41}')
        return json.loads(answer["Payload"].read())

    assert call() == {"answer": 42}
    assert made.outputs["invokeArn"].endswith(f"{made.outputs['arn']}/invocations")
    assert made.outputs["qualifiedArn"].startswith(made.outputs["arn"] + ":")
    assert run.get_function_concurrency(FunctionName="probe")["ReservedConcurrentExecutions"] == 1

    changed = SOURCE.replace("+ 1", "+ 2")
    made = hand.update(
        made, code=pulumi.AssetArchive({"probe.py": pulumi.StringAsset(changed)}),
        reservedConcurrentExecutions=-1, environment={"variables": {"B": "2"}},
        tags={"Other": "x"},
    )  # fmt: skip
    assert call() == {"answer": 43}
    found = run.get_function(FunctionName="probe")
    assert found["Configuration"]["Environment"] == {"Variables": {"B": "2"}}
    assert found["Tags"] == {"Other": "x"}
    assert "ReservedConcurrentExecutions" not in run.get_function_concurrency(FunctionName="probe")

    permission = hand.create(
        "aws:lambda/permission:Permission", "p", action="lambda:InvokeFunction",
        function="probe", principal="events.amazonaws.com",
        sourceArn="arn:aws:events:us-east-1:000000000000:rule/x",
    )  # fmt: skip
    statement = json.loads(run.get_policy(FunctionName="probe")["Policy"])["Statement"][0]
    assert statement["Sid"] == permission.id
    life(hand, permission)

    life(hand, made, {"memorySize": 256})
    assert hand.read(permission) is None
    with pytest.raises(ClientError, match="ResourceNotFound"):
        run.get_function(FunctionName="probe")


def test_code_is_compared_by_its_content(hand: Hand, tmp_path: Path) -> None:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "probe.py").write_text(SOURCE)
    made = function(hand, pulumi.FileArchive(str(folder)))
    inputs = {k: v for k, v in made.outputs.items() if k in made.inputs and k != "tagsAll"}

    same = pulumi.AssetArchive({"probe.py": pulumi.FileAsset(str(folder / "probe.py"))})
    assert hand.diff(made, **{**inputs, "code": same}).changes is False
    (folder / "probe.py").write_text(SOURCE + "# more\n")
    assert hand.diff(made, **{**inputs, "code": same}).diffs == ["code"]


def test_a_zip_is_taken_as_it_is(hand: Hand, client: Client, tmp_path: Path) -> None:
    path = tmp_path / "code.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("probe.py", SOURCE)
    function(hand, pulumi.FileArchive(str(path)))

    answer = client("lambda").invoke(FunctionName="probe", Payload=b'{"n": 1}')
    assert json.load(io.BytesIO(answer["Payload"].read())) == {"answer": 2}
