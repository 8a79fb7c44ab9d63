"""What the prober and the controller functions have in common: code, log group, role."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pulumi
import pulumi_aws as aws

from bicoastal.errors import BicoastalError
from bicoastal.failover import bundle
from bicoastal.stack.context import Context
from bicoastal.stack.database import LOG_RETENTION_DAYS
from bicoastal.stack.policies import Statement, document, trust, write_logs

RUNTIME = "python3.13"
ARCHITECTURE = "arm64"


def cache_folder() -> Path:
    """Where the functions' zip is kept between runs: `$XDG_CACHE_HOME`, or `~/.cache`.

    Source: https://specifications.freedesktop.org/basedir-spec/latest/

    Returns:
        The folder, which may not exist yet.
    """
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "bicoastal"


def ca_file(context: Context) -> Path | None:
    """The certificate authorities that go into the functions' zip, if any were named."""
    name = context.settings.health.ca_file
    return None if name is None else Path(name)


def write_code(folder: Path | None = None, authorities: Path | None = None) -> Path:
    """Write the functions' zip where Pulumi can pick it up, unless it is there already.

    Args:
        folder: where to; the cache folder by default.
        authorities: certificate authorities (PEM) to put into it.

    Returns:
        The path of the zip, under a name made from its content.

    Raises:
        BicoastalError: the zip cannot be built, or the folder cannot be written to.
    """
    folder = folder or cache_folder()
    content = bundle.build(authorities)
    target = folder / f"functions-{hashlib.sha256(content).hexdigest()[:16]}.zip"
    try:
        if target.is_file() and target.stat().st_size == len(content):
            return target
        folder.mkdir(parents=True, exist_ok=True)
        # Written aside and moved: another run may be reading the file at this moment.
        with tempfile.TemporaryDirectory(dir=folder) as aside:
            (Path(aside) / target.name).write_bytes(content)
            (Path(aside) / target.name).replace(target)
    except OSError as error:
        msg = (
            f"The functions' code cannot be written to {folder} ({error.strerror}); make it "
            "writable or set XDG_CACHE_HOME to another one."
        )
        raise BicoastalError(msg) from error
    return target


class FunctionHome:
    """The log group and the role of a function, and the code that all functions share.

    Attributes:
        log_group: made before the function, so that it expires and carries tags.
        role: what the function may do.
        policy: the role's only policy.
        code: the zip.
        code_hash: its hash, as Lambda writes it.
    """

    def __init__(
        self,
        name: str,
        region: str,
        context: Context,
        parent: pulumi.Resource,
        *,
        role_name: str,
        statements: Sequence[Statement],
        key_arn: pulumi.Input[str] | None = None,
    ) -> None:
        log_group = context.names.function_log_group(name)
        self.log_group = aws.cloudwatch.LogGroup(
            name,
            name=log_group,
            retention_in_days=LOG_RETENTION_DAYS,
            kms_key_id=key_arn,
            tags=context.tags(log_group),
            opts=context.options(region, parent),
        )
        self.role = aws.iam.Role(
            role_name,
            name=role_name,
            description=f"The function {name} in {region}",
            assume_role_policy=trust("lambda.amazonaws.com"),
            tags=context.tags(role_name),
            opts=context.options(context.home, parent),
        )
        self.policy = aws.iam.RolePolicy(
            role_name,
            name=role_name,
            role=self.role.name,
            policy=document([write_logs(self.log_group.arn), *statements]),
            opts=context.options(context.home, parent),
        )
        self.code = pulumi.FileArchive(str(write_code(authorities=ca_file(context))))
        self.code_hash = bundle.digest(ca_file(context))

    @property
    def required(self) -> list[pulumi.Resource]:
        """What must exist before the function, and be deleted after it.

        The network interfaces of a function in a VPC are deleted by means of its role.
        """
        return [self.log_group, self.policy]
