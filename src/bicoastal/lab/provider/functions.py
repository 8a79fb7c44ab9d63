"""Lambda functions and who may call them."""

from __future__ import annotations

import json
from typing import Any

from bicoastal.lab.provider.archives import digest_of, zip_of
from bicoastal.lab.provider.aws import Aws, absent_ok, pick, sync_tags
from bicoastal.lab.provider.handler import EVERYTHING, Handler, Inputs, differs

_CONFIGURATION = ("description", "role", "runtime", "handler", "timeout", "memorySize", "layers")


class Function(Handler):
    """A function."""

    type = "aws:lambda/function:Function"
    required = ("role",)
    fixed = frozenset({"name", "packageType", "region"})
    named = "name"
    taggable = True

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the function and wait until it can be called; its id is its name."""
        name = str(inputs["name"])
        aws.client("lambda").create_function(
            FunctionName=name,
            Code={"ZipFile": zip_of(inputs.get("code"))},
            Publish=bool(inputs.get("publish")),
            Tags=dict(inputs.get("tagsAll") or {}),
            **pick(inputs, "packageType", "architectures"),
            **_configuration(inputs),
        )
        aws.made = name
        self._settled(aws, name)
        self._reserve(aws, name, {}, inputs)
        return name

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the function."""
        del state
        with absent_ok():
            found = aws.client("lambda").get_function(FunctionName=id_)["Configuration"]
            arn = found["FunctionArn"]
            version = found["Version"]
            invoke = f"arn:aws:apigateway:{aws.region}:lambda:path/2015-03-31/functions/{arn}"
            return {
                "name": id_,
                "arn": arn,
                "invokeArn": f"{invoke}/invocations",
                "qualifiedArn": f"{arn}:{version}",
                "version": version,
                "codeSha256": found["CodeSha256"],
                "lastModified": found["LastModified"],
            }
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change code, configuration, reserved concurrency and tags."""
        client = aws.client("lambda")
        if self.stored(old).get("code") != self.stored(new).get("code"):
            client.update_function_code(
                FunctionName=id_,
                ZipFile=zip_of(new.get("code")),
                Publish=bool(new.get("publish")),
                **pick(new, "architectures"),
            )
            self._settled(aws, id_)
        if differs(old, new, *_CONFIGURATION, "environment", "vpcConfig", "deadLetterConfig"):
            client.update_function_configuration(FunctionName=id_, **_configuration(new))
            self._settled(aws, id_)
        self._reserve(aws, id_, old, new)
        arn = client.get_function(FunctionName=id_)["Configuration"]["FunctionArn"]
        sync_tags(
            old.get("tagsAll") or {},
            new.get("tagsAll") or {},
            lambda tags: client.tag_resource(Resource=arn, Tags=tags),
            lambda keys: client.untag_resource(Resource=arn, TagKeys=keys),
        )

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the function."""
        del state
        with absent_ok():
            aws.client("lambda").delete_function(FunctionName=id_)

    def stored(self, inputs: Inputs) -> dict[str, Any]:
        """Keep the digest of the code in place of the code itself."""
        stored = super().stored(inputs)
        code = stored.get("code")
        if code is not None and not isinstance(code, dict):
            stored["code"] = {"sha256": digest_of(zip_of(code))}
        return stored

    def _settled(self, aws: Aws, name: str) -> None:
        """Wait until the function is active and its last change has arrived."""
        client = aws.client("lambda")

        def look() -> bool | None:
            found = client.get_function(FunctionName=name)["Configuration"]
            pending = found.get("State") == "Pending"
            changing = found.get("LastUpdateStatus") == "InProgress"
            return None if pending or changing else True

        aws.until(f"function {name} to be active", look)

    def _reserve(self, aws: Aws, name: str, old: Inputs, new: Inputs) -> None:
        if not differs(old, new, "reservedConcurrentExecutions"):
            return
        client = aws.client("lambda")
        reserved = new.get("reservedConcurrentExecutions")
        if reserved is None or reserved < 0:  # -1 means "none reserved" in Pulumi
            client.delete_function_concurrency(FunctionName=name)
        else:
            client.put_function_concurrency(
                FunctionName=name, ReservedConcurrentExecutions=reserved
            )


def _configuration(inputs: Inputs) -> dict[str, Any]:
    wanted = pick(inputs, *_CONFIGURATION)
    wanted["Environment"] = {"Variables": (inputs.get("environment") or {}).get("variables") or {}}
    network = inputs.get("vpcConfig")
    if network:
        wanted["VpcConfig"] = pick(network, "subnetIds", "securityGroupIds")
    if inputs.get("deadLetterConfig"):
        wanted["DeadLetterConfig"] = pick(inputs["deadLetterConfig"], "targetArn")
    return wanted


class Permission(Handler):
    """Who may call a function."""

    type = "aws:lambda/permission:Permission"
    required = ("action", "function", "principal")
    fixed = EVERYTHING
    named = "statementId"

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Add the statement to the function's policy; its id is the statement's."""
        aws.client("lambda").add_permission(
            FunctionName=inputs["function"],
            **pick(
                inputs,
                "statementId",
                "action",
                "principal",
                "sourceArn",
                "sourceAccount",
                "qualifier",
            ),
        )
        return str(inputs["statementId"])

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Look for the statement."""
        with absent_ok():
            answer = aws.client("lambda").get_policy(FunctionName=state["function"])
            statements = json.loads(answer["Policy"])["Statement"]
            if any(statement["Sid"] == id_ for statement in statements):
                return {}
        return None

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Take the statement away."""
        with absent_ok():
            aws.client("lambda").remove_permission(FunctionName=state["function"], StatementId=id_)


HANDLERS = (Function(), Permission())
