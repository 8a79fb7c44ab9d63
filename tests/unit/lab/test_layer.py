from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from bicoastal.errors import LabError
from bicoastal.lab.aws.layer import Layer, Message, Receive, Scope, Send

SIGNED = "AWS4-HMAC-SHA256 Credential=123456789012/20260101/{region}/{service}/aws4_request, x"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


class Client:
    """Talks to a layer whose inner application tells what it got."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes]] = []
        self.started = 0
        self.layer = Layer(
            self.inner,
            {"GET /_lab/broken": self.broken},
            knows_check=lambda check: check == "known",
            started=self.start,
        )

    async def inner(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.seen.append((scope["type"], b""))
        if scope["type"] == "lifespan":
            await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
        if scope["type"] == "http":
            message = await receive()
            after = await receive()
            self.seen.append((after["type"], message["body"]))
            await send({"type": "http.response.start", "status": 299, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    async def start(self) -> None:
        self.started += 1

    async def broken(self, _: dict[str, Any]) -> None:
        raise LabError("it is broken")

    def request(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[int, bytes]:
        incoming: list[Message] = [
            {"type": "http.request", "body": body[:5], "more_body": True},
            {"type": "http.request", "body": body[5:]},
            {"type": "http.disconnect"},
        ]
        sent: list[Message] = []

        async def receive() -> Message:
            return incoming.pop(0)

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "headers": [
                (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
            ],
        }
        asyncio.run(self.run(scope, receive, send))
        return sent[0]["status"], sent[1]["body"]

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.layer(scope, receive, send)

    def lab(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.request(method, path, json.dumps(body).encode() if body else b"")
        return status, json.loads(answer)


@pytest.fixture
def client() -> Client:
    return Client()


def test_the_inner_applications_start_is_followed_by_ours(client: Client) -> None:
    sent: list[str] = []

    async def send(message: Message) -> None:
        sent.append(message["type"])
        assert client.started == 1

    async def receive() -> Message:
        raise AssertionError

    asyncio.run(client.run({"type": "lifespan"}, receive, send))
    asyncio.run(client.run({"type": "websocket"}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert [kind for kind, _ in client.seen] == ["lifespan", "websocket"]


def test_requests_of_aws_go_through_untouched(client: Client) -> None:
    assert client.request("POST", "/", b"Action=X")[0] == 299
    assert client.seen[-1] == ("http.request", b"Actio")


def test_unknown_and_failing_requests_of_the_lab_are_answered(client: Client) -> None:
    status, answer = client.lab("GET", "/_lab/nothing")
    assert status == 404
    assert "GET /_lab/broken" in answer["error"]
    assert client.lab("GET", "/_lab/broken") == (400, {"error": "LabError: it is broken"})
    assert client.lab("POST", "/_lab/refuse", {"nonsense": 1})[0] == 400
    assert client.request("POST", "/_lab/refuse", b"no json")[0] == 400


def test_a_refusal_hits_the_request_that_it_is_meant_for(client: Client) -> None:
    body = {
        "action": "CreateDBCluster",
        "match": "c-us-west-2",
        "code": "Quota<",
        "message": "no & no",
        "region": "us-west-2",
        "times": 2,
    }
    assert client.lab("POST", "/_lab/refuse", body) == (200, ["CreateDBCluster"])
    headers = {
        "content_type": FORM,
        "authorization": SIGNED.format(region="us-west-2", service="rds"),
    }
    hit = b"Action=CreateDBCluster&DBClusterIdentifier=c%2Dus-west-2"
    for miss in (
        (hit.replace(b"CreateDB", b"DeleteDB"), headers),
        (hit.replace(b"west-2", b"east-1"), headers),
        (hit, headers | {"authorization": SIGNED.format(region="us-east-1", service="rds")}),
        (hit, headers | {"authorization": "none"}),
    ):
        assert client.request("POST", "/", miss[0], **miss[1])[0] == 299
        assert client.seen[-1] == ("http.disconnect", miss[0])
    for _ in range(2):
        status, answer = client.request("POST", "/", hit, **headers)
        assert status == 400
        assert b"<Code>Quota&lt;</Code><Message>no &amp; no</Message>" in answer
        assert answer.startswith(b"<ErrorResponse>")
    assert client.request("POST", "/", hit, **headers)[0] == 299


def test_a_refusal_of_everything_in_a_region(client: Client) -> None:
    client.lab("POST", "/_lab/refuse", {"action": "*", "region": "us-east-1", "code": "Gone"})
    east, west = (SIGNED.format(region=r, service="rds") for r in ("us-east-1", "us-west-2"))
    for body in (b"Action=DescribeDBClusters", b"Action=ModifyDBCluster"):
        status, answer = client.request("POST", "/", body, content_type=FORM, authorization=east)
        assert (status, b"<Code>Gone</Code>" in answer) == (400, True)
    answer = client.request("POST", "/", body, content_type=FORM, authorization=west)[1]
    assert b"<Code>Gone</Code>" not in answer


def test_refusals_speak_the_protocol_of_the_service_and_are_taken_back(client: Client) -> None:
    for action in ("CreateVpc", "CreateTable", "POST /2015-03-31/functions"):
        client.lab("POST", "/_lab/refuse", {"action": action, "code": "C", "message": "m"})
    ec2 = SIGNED.format(region="us-east-1", service="ec2")
    status, answer = client.request(
        "POST", "/", b"Action=CreateVpc", content_type=FORM, authorization=ec2
    )
    assert (status, answer[:10]) == (400, b"<Response>")
    for headers, path in (
        ({"x_amz_target": "DynamoDB_20120810.CreateTable"}, "/"),
        ({"content_type": "application/json"}, "/2015-03-31/functions/"),
    ):
        status, answer = client.request("POST", path, b"{}", **headers)
        assert status == 400
        assert json.loads(answer) == {"__type": "C", "message": "m"}
    assert client.lab("DELETE", "/_lab/refuse") == (200, [])
    assert client.request("POST", "/", b"Action=CreateVpc", content_type=FORM)[0] == 299
    client.lab("POST", "/_lab/refuse", {"action": "CreateVpc"})
    client.layer.forget()
    assert client.request("POST", "/", b"Action=CreateVpc", content_type=FORM)[0] == 299


def test_check_statuses_are_those_that_the_data_plane_posted(client: Client) -> None:
    report = {
        "id": "check",
        "healthy": False,
        "observations": [{"region": "us-east-1", "status": "Failure: <refused>", "wall_s": 0}],
    }
    assert client.lab("POST", "/_lab/health-status", {"checks": [report]}) == (200, 1)
    assert client.lab("GET", "/_lab/health-status") == (200, {"check": report})
    status, answer = client.request("GET", "/2013-04-01/healthcheck/check/status")
    assert status == 200
    assert b"<Status>Failure: &lt;refused&gt;</Status>" in answer
    assert b"<CheckedTime>1970-01-01T00:00:00+00:00</CheckedTime>" in answer
    status, answer = client.request("GET", "/2013-04-01/healthcheck/known/status")
    assert (status, b"Observation>" in answer) == (200, False)
    status, answer = client.request("GET", "/2013-04-01/healthcheck/other/status")
    assert (status, b"NoSuchHealthCheck" in answer) == (404, True)
    assert client.request("POST", "/2013-04-01/healthcheck/check/status")[0] == 299
    assert client.lab("POST", "/_lab/health-status", {"checks": []}) == (200, 0)
