"""Tokens, held against those that AWS's own library signs."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest import mock

import pytest
from botocore import auth
from botocore.credentials import Credentials
from botocore.model import ServiceId
from botocore.session import Session
from botocore.signers import RequestSigner, generate_db_auth_token

from bicoastal.failover.errors import ConfigError
from bicoastal.failover.token import LIFE_S, Key, sign, signed_at

AT = datetime(2026, 11, 24, 9, 5, 7, tzinfo=UTC)
HOST = "aurora-use1-dev.cluster-abc.us-east-1.rds.amazonaws.com"


def signed_by_botocore(key: Key, user: str, port: int) -> str:
    credentials = Credentials(key.id, key.secret, key.session)
    session = Session()  # the signer refers to its emitter, and does not keep it
    signer = RequestSigner(
        ServiceId("rds"),
        "us-east-1",
        "rds",
        "v4",
        credentials,
        session.get_component("event_emitter"),
    )
    client = mock.Mock(_request_signer=signer)
    client.meta.region_name = "us-east-1"
    now = AT.replace(tzinfo=None)
    with mock.patch.object(auth, "get_current_datetime", return_value=now):
        token: str = generate_db_auth_token(client, HOST, port, user)
    return token


@pytest.mark.parametrize("session", (None, "session/with+odd=characters"))
@pytest.mark.parametrize("user", ("bicoastal_probe", "odd user&~é"))
def test_a_token_is_the_one_that_aws_would_make(session: str | None, user: str) -> None:
    key = Key("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", session)
    token = sign(key, "us-east-1", HOST, 3307, user, at=AT.timestamp())
    expected = signed_by_botocore(key, user, 3307)
    # The parameters' order has no meaning, and botocore's is that of its dictionary.
    assert sorted(token.partition("?")[2].split("&")) == sorted(
        expected.partition("?")[2].split("&")
    )
    assert token.partition("?")[0] == expected.partition("?")[0] == f"{HOST}:3307/"
    assert f"X-Amz-Expires={LIFE_S}" in token


def test_a_token_tells_when_it_was_signed() -> None:
    token = sign(Key("a", "b"), "us-east-1", HOST, 3306, "u", at=AT.timestamp())
    assert signed_at(token) == AT.timestamp()
    assert signed_at("a password") is None


def test_the_key_is_the_functions_own() -> None:
    environment = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    assert Key.of(environment) == Key("a", "b")
    assert Key.of({**environment, "AWS_SESSION_TOKEN": ""}) == Key("a", "b")
    assert Key.of({**environment, "AWS_SESSION_TOKEN": "c"}) == Key("a", "b", "c")
    with pytest.raises(ConfigError, match="AWS_SECRET_ACCESS_KEY is not in the environment"):
        Key.of({"AWS_ACCESS_KEY_ID": "a"})
