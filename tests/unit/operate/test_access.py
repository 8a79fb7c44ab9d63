"""Who is asked, who answers, and what silence looks like."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from bicoastal.errors import LabError
from bicoastal.failover.errors import RecordError, StoreError
from bicoastal.lab.drill.options import DrillOptions
from bicoastal.lab.drill.run import rehearse
from bicoastal.operate import access as module
from bicoastal.operate.access import Access, Answer, ask, endpoints
from bicoastal.operate.errors import BadRequest
from bicoastal.operate.target import Target
from bicoastal.settings import load

from .samples import HOME, SETTINGS, STANDBY, WITNESS, arn


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture
def deaf() -> Iterator[str]:
    """The address of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def raising(error: Exception) -> Any:
    def question() -> None:
        raise error

    return question


def test_an_answer_a_refusal_and_silence_are_different() -> None:
    refusal = ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "Get")
    silence = EndpointConnectionError(endpoint_url="http://x")
    assert ask(lambda: 1) == Answer(1)
    assert ask(raising(refusal)) == Answer(None, "AccessDenied: not you")
    assert ask(raising(silence)) == Answer(None, "no answer (EndpointConnectionError)", True)
    assert ask(raising(RecordError("damaged"))) == Answer(None, "damaged")
    assert ask(raising(KeyError("x"))) == Answer(None, "unexpected answer (KeyError('x'))")


def test_credentials_may_be_of_a_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    session = boto3.session.Session(aws_access_key_id="own", aws_secret_access_key="s")
    access = Access(Target(SETTINGS), session=session)
    client = access.clients.get("sts", HOME)
    assert client._request_signer._credentials.access_key == "own"


def test_endpoints_may_differ_by_region() -> None:
    find = endpoints(["http://all", f"{HOME}=https://home?a=b"])
    assert (find(HOME), find(STANDBY)) == ("https://home?a=b", "http://all")
    assert endpoints([])(HOME) is None
    assert endpoints(["http://all?a=b"])(HOME) == "http://all?a=b"
    for wrong in ("localhost:4566", f"{HOME}=localhost", ""):
        with pytest.raises(BadRequest, match="--endpoint-url must be URL or REGION=URL"):
            endpoints([wrong])


def test_without_credentials_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3.session.Session, "get_credentials", lambda _self: None)
    with pytest.raises(BadRequest, match="no AWS credentials"):
        Access(Target(SETTINGS))


def test_when_nobody_answers_every_region_is_named(
    deaf: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STORE_TIMEOUT_S", 0.2)
    told: list[str] = []
    access = Access(Target(SETTINGS), lambda r: deaf if r == HOME else "http://127.0.0.1:1")
    with pytest.raises(StoreError) as caught:
        access.open(told.append)
    assert f"{STANDBY}: no answer (EndpointConnectionError)" in str(caught.value)
    assert f"{HOME}: no answer (ReadTimeoutError)" in str(caught.value)
    assert len(told) == 2


def test_the_requester_is_user_and_host_where_sts_does_not_answer() -> None:
    access = Access(Target(SETTINGS), lambda _region: "http://127.0.0.1:1")
    assert access.requester(STANDBY).endswith(f"@{socket.gethostname()}")


def test_the_standby_is_asked_first_and_a_region_can_be_named() -> None:
    assert Target(SETTINGS).order == (STANDBY, HOME)
    assert Target(SETTINGS, HOME).order == (HOME,)
    with pytest.raises(BadRequest, match="--region must be one of us-east-1, us-west-2"):
        Target(SETTINGS, WITNESS)


def test_a_replica_by_binary_log_is_not_operated_nor_drilled() -> None:
    keys = {"topology": "binlog-replica", "failover": {"mode": "observe"}}
    replica = load({**keys, "database": {"instanceClass": "db.t4g.medium"}})
    with pytest.raises(BadRequest, match="topology is binlog-replica"):
        Target(replica)
    with pytest.raises(LabError, match="no failover to rehearse"):
        rehearse(replica, DrillOptions())


def test_the_configuration_is_derived_from_names() -> None:
    config = Target(SETTINGS).controller_config(STANDBY, {STANDBY: arn(STANDBY)})
    assert config.table == "record-dev"
    assert config.witnesses[WITNESS] == "probe-use2-dev"
    assert config.topic_arn == "arn:aws:sns:us-west-2:123456789012:notify-usw2-dev"
    assert config.latch.regions == SETTINGS.regions.all
    assert Target(SETTINGS).controller_config(HOME, {}).topic_arn is None
