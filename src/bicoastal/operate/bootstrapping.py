"""The connection by which `bicoastal bootstrap --apply` speaks to the writer."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql
from botocore.exceptions import BotoCoreError, ClientError

from bicoastal.failover.gateway import Clients
from bicoastal.operate.access import problem_of
from bicoastal.operate.bootstrap import BootstrapError
from bicoastal.operate.errors import BadRequest

TIMEOUT_S = 10


@dataclass(frozen=True)
class Login:
    """Who logs in where.

    Attributes:
        host: the writer's endpoint.
        port: its TCP port.
        user: a user that may create users: the master user.
        password: its password.
    """

    host: str
    port: int
    user: str
    password: str


def from_secret(clients: Clients, secret_arn: str) -> tuple[str, str]:
    """The master user, as the stack's secret holds it.

    Args:
        clients: boto3 clients.
        secret_arn: the secret's ARN, which names its region.

    Returns:
        User and password.

    Raises:
        BootstrapError: Secrets Manager refused or did not answer, or the secret holds none.
    """
    client = clients.get("secretsmanager", secret_arn.split(":")[3])
    try:
        held = json.loads(client.get_secret_value(SecretId=secret_arn)["SecretString"])
        return str(held["username"]), str(held["password"])
    except (ClientError, BotoCoreError) as error:
        raise BootstrapError(f"the secret could not be read: {problem_of(error)}") from error
    except (ValueError, KeyError, TypeError):
        message = 'the secret does not hold a JSON object with "username" and "password"'
        raise BootstrapError(message) from None


def tls(mode: str, ca_file: Path | None) -> ssl.SSLContext | None:
    """How the connection is encrypted.

    Args:
        mode: `verify`, `encrypt` (whoever answers is believed) or `off`.
        ca_file: certificate authorities to verify with.

    Returns:
        TLS, or None without.

    Raises:
        BadRequest: there is nothing to verify with.
    """
    if mode == "off":
        return None
    if mode == "verify" and ca_file is None:
        raise BadRequest(
            "the server cannot be verified without --ca-file (or health.caFile); download "
            "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
        )
    try:
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise BadRequest(f"{ca_file} holds no certificate authorities ({error})") from None
    if mode == "encrypt":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def connect(login: Login, context: ssl.SSLContext | None) -> Any:
    """Log in to the writer.

    Args:
        login: who and where.
        context: TLS, or None without.

    Returns:
        The connection, with autocommit; close it.

    Raises:
        BootstrapError: it could not be reached, or refused.
    """
    try:
        return pymysql.connect(
            host=login.host,
            port=login.port,
            user=login.user,
            password=login.password,
            ssl=context,
            ssl_disabled=context is None,
            autocommit=True,
            connect_timeout=TIMEOUT_S,
            read_timeout=TIMEOUT_S,
            write_timeout=TIMEOUT_S,
        )
    except pymysql.MySQLError as error:
        raise BootstrapError(f"no login at {login.host}:{login.port}: {error}") from error
