"""The master user, read from a secret that exists already.

A global database cannot let RDS manage its password, and the program never invents one:
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import pulumi
import pulumi_aws as aws

from bicoastal.errors import BicoastalError
from bicoastal.settings.secretshape import held
from bicoastal.stack.context import Context


@dataclass(frozen=True)
class Credentials:
    """The master user's name and password; both outputs are secret.

    Attributes:
        username: the user's name.
        password: the password; it may be given to write-only inputs and to nothing else.
    """

    username: pulumi.Output[str]
    password: pulumi.Output[str]


def parse_secret(text: str | None, secret_arn: str) -> dict[str, str]:
    """Read what the secret holds, without ever repeating it in a message.

    Args:
        text: the secret's text.
        secret_arn: the secret's ARN, for the message.

    Returns:
        `username` and `password`.

    Raises:
        BicoastalError: the text is not a JSON object with both as text.
    """
    found = held(text)
    if found is None:
        msg = (
            f"The secret {secret_arn} (secretArn) does not hold a JSON object with the texts "
            '"username" and "password"; store one with `aws secretsmanager put-secret-value`.'
        )
        raise BicoastalError(msg)
    return found


def read_credentials(secret_arn: str, context: Context, parent: pulumi.Resource) -> Credentials:
    """Ask Secrets Manager in the home region for the master user.

    Args:
        secret_arn: the ARN of the secret.
        context: the providers.
        parent: the component that asks.

    Returns:
        The credentials, as secret outputs.
    """
    version = aws.secretsmanager.get_secret_version_output(
        secret_id=secret_arn, opts=context.asking(context.home, parent)
    )
    text: pulumi.Output[str] = pulumi.Output.secret(version.secret_string)
    parsed = text.apply(partial(parse_secret, secret_arn=secret_arn))
    return Credentials(parsed["username"], parsed["password"])
