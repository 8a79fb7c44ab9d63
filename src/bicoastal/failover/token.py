"""An IAM database authentication token, signed here: no call, no secret fetched, no boto3.

The token is a request to `rds-db:connect` as `user`, presigned with Signature Version 4 and given
in the place of a password. It is valid for 15 minutes, for one host, port and user, and may travel
only inside TLS. Signing it takes the function's own credentials, which Lambda puts into its
environment, so a prober inside a VPC needs neither a NAT gateway nor an interface endpoint.

Sources: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAMDBAuth.html
and https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from bicoastal.failover.errors import ConfigError

LIFE_S = 900
SERVICE = "rds-db"
ALGORITHM = "AWS4-HMAC-SHA256"
_DATE = "%Y%m%dT%H%M%SZ"
_NO_BODY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class Key:
    """The credentials that sign.

    Attributes:
        id: access key id.
        secret: secret access key.
        session: session token of a role's temporary credentials; None for a user's own.
    """

    id: str
    secret: str
    session: str | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Key:
        """The key that Lambda gives a function.

        Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html

        Args:
            environment: the process's environment.

        Returns:
            The key.

        Raises:
            ConfigError: there is none.
        """
        try:
            return cls(
                environment["AWS_ACCESS_KEY_ID"],
                environment["AWS_SECRET_ACCESS_KEY"],
                environment.get("AWS_SESSION_TOKEN") or None,
            )
        except KeyError as error:
            message = f"{error.args[0]} is not in the environment, so no token can be signed"
            raise ConfigError(message) from None


def sign(key: Key, region: str, host: str, port: int, user: str, *, at: float) -> str:
    """Sign a token.

    Args:
        key: the credentials.
        region: the member's region.
        host: the member's own endpoint; a token for another name of it is refused.
        port: its TCP port.
        user: database user.
        at: when, seconds since the epoch.

    Returns:
        The token, valid for 15 minutes.
    """
    date = datetime.fromtimestamp(at, UTC).strftime(_DATE)
    scope = f"{date[:8]}/{region}/{SERVICE}/aws4_request"
    query = {
        "Action": "connect",
        "DBUser": user,
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{key.id}/{scope}",
        "X-Amz-Date": date,
        "X-Amz-Expires": str(LIFE_S),
        "X-Amz-SignedHeaders": "host",
    }
    if key.session is not None:
        query["X-Amz-Security-Token"] = key.session
    asked = urlencode(sorted(query.items()), quote_via=quote, safe="~")
    request = "\n".join(("GET", "/", asked, f"host:{host}:{port}", "", "host", _NO_BODY))
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = "\n".join((ALGORITHM, date, scope, digest))
    signing = f"AWS4{key.secret}".encode()
    for part in scope.split("/"):
        signing = _mac(signing, part)
    return f"{host}:{port}/?{asked}&X-Amz-Signature={_mac(signing, text).hex()}"


def signed_at(token: str) -> float | None:
    """When a token says that it was signed; None if it does not.

    Args:
        token: what came in the place of a password.

    Returns:
        Seconds since the epoch.
    """
    _, _, rest = token.partition("X-Amz-Date=")
    try:
        return datetime.strptime(rest.partition("&")[0], _DATE).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
