"""The ASGI layer before MiniStack: the lab's own interface, injected refusals, check statuses.

Everything else goes through untouched, and RDS's actions are handled where MiniStack dispatches
them (see `patches`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from bicoastal.errors import LabError

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
# The answer to a request to /_lab: anything that JSON can hold.
Endpoint: TypeAlias = Callable[[dict[str, Any]], Awaitable[Any]]

_STATUS_PATH = re.compile(r"^/2013-04-01/healthcheck/([^/]+)/status$")
_ROUTE53 = "https://route53.amazonaws.com/doc/2013-04-01/"


@dataclass
class Injected:
    """A refusal that a test asked for.

    Attributes:
        action: The API action, such as ``CreateDBCluster`` or ``POST /2015-03-31/functions``;
            ``*`` for every one.
        match: Text that the request must contain (in its parameters or body); "" for any.
        code: The error code to answer with.
        message: The error's text.
        region: Only in this region; "" for any.
        times: How often; None for always.
    """

    action: str
    match: str = ""
    code: str = "InternalFailure"
    message: str = "refused by the lab"
    region: str = ""
    times: int | None = None


@dataclass(frozen=True)
class Request:
    """A request, as far as the layer looks at it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def action(self) -> str:
        """The API action: of the query protocol, of JSON, or method and path of REST."""
        target = self.headers.get("x-amz-target", "")
        if target:
            return target.rsplit(".", 1)[1]
        return self.parameters.get("Action") or f"{self.method} {self.path.rstrip('/')}"

    @property
    def parameters(self) -> dict[str, str]:
        """The form's values."""
        if "form" not in self.headers.get("content-type", ""):
            return {}
        return dict(parse_qsl(self.body.decode(errors="replace")))

    @property
    def credential(self) -> tuple[str, str]:
        """Region and service that the request was signed for."""
        header = self.headers.get("authorization", "")
        match = re.search(r"Credential=[^/]+/[^/]+/([^/]+)/([^/]+)/", header)
        return (match[1], match[2]) if match else ("", "")

    def matches(self, injected: Injected) -> bool:
        """Whether a refusal is meant for this request."""
        text = self.body.decode(errors="replace")
        values = (self.path, text, *self.parameters.values())
        return (
            injected.action in ("*", self.action)
            and injected.region in ("", self.credential[0])
            and any(injected.match in value for value in values)
        )


class Layer:
    """The ASGI application that the embedded AWS serves.

    Args:
        inner: MiniStack's application.
        endpoints: What answers ``METHOD /_lab/...``: method and path to function of the body.
        knows_check: Whether Route 53 has a health check with an id.
        started: Called when MiniStack has started.
    """

    def __init__(
        self,
        inner: App,
        endpoints: dict[str, Endpoint],
        *,
        knows_check: Callable[[str], bool],
        started: Callable[[], Awaitable[None]],
    ) -> None:
        self._inner = inner
        self._knows_check = knows_check
        self._started = started
        self._refusals: list[Injected] = []
        self._statuses: dict[str, Any] = {}
        self._endpoints = endpoints | {
            "POST /_lab/refuse": self._refuse,
            "DELETE /_lab/refuse": self._refuse_nothing,
            "POST /_lab/health-status": self._post_statuses,
            "GET /_lab/health-status": self._get_statuses,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, self._lifespan_send(send))
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await self._inner(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        status = _STATUS_PATH.match(path)
        if path.startswith("/_lab/"):
            await self._lab(await _read(scope, receive), send)
        elif status and scope["method"] == "GET":
            await _answer(send, *self._health_status(status[1]))
        elif self._refusals:
            request = await _read(scope, receive)
            injected = next((i for i in self._refusals if request.matches(i)), None)
            if injected:
                self._count(injected)
                await _answer(send, *_error(request, injected))
            else:
                await self._inner(scope, _replay(request.body, receive), send)
        else:
            await self._inner(scope, receive, send)

    async def _lab(self, request: Request, send: Send) -> None:
        endpoint = self._endpoints.get(f"{request.method} {request.path}")
        status, answer = 200, None
        try:
            if endpoint is None:
                known = ", ".join(sorted(self._endpoints))
                status, answer = 404, {"error": f"{request.path} is not one of: {known}"}
            else:
                answer = await endpoint(json.loads(request.body or b"{}"))
        except (LabError, ValueError, TypeError, KeyError) as error:
            status, answer = 400, {"error": f"{type(error).__name__}: {error}"}
        await _answer(send, status, "application/json", json.dumps(answer).encode())

    def _count(self, injected: Injected) -> None:
        if injected.times is not None:
            injected.times -= 1
            if injected.times <= 0:
                self._refusals.remove(injected)

    async def _refuse(self, body: dict[str, Any]) -> list[str]:
        self._refusals.append(Injected(**body))
        return [i.action for i in self._refusals]

    async def _refuse_nothing(self, _: dict[str, Any]) -> list[str]:
        self._refusals.clear()
        return []

    async def _post_statuses(self, body: dict[str, Any]) -> int:
        self._statuses = {report["id"]: report for report in body["checks"]}
        return len(self._statuses)

    async def _get_statuses(self, _: dict[str, Any]) -> dict[str, Any]:
        return self._statuses

    def forget(self) -> None:
        """Back to the state after the start."""
        self._refusals.clear()
        self._statuses.clear()

    def _health_status(self, check: str) -> tuple[int, str, bytes]:
        """GetHealthCheckStatus.

        https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetHealthCheckStatus.html
        """
        report = self._statuses.get(check)
        if report is None and not self._knows_check(check):
            text = f"No health check exists with the specified ID {check}."
            body = (
                f'<ErrorResponse xmlns="{_ROUTE53}"><Error><Type>Sender</Type>'
                f"<Code>NoSuchHealthCheck</Code><Message>{escape(text)}</Message></Error>"
                "<RequestId>lab</RequestId></ErrorResponse>"
            )
            return 404, "text/xml", body.encode()
        observations = "".join(map(_observation, report["observations"] if report else ()))
        body = (
            f'<GetHealthCheckStatusResponse xmlns="{_ROUTE53}"><HealthCheckObservations>'
            f"{observations}</HealthCheckObservations></GetHealthCheckStatusResponse>"
        )
        return 200, "text/xml", body.encode()

    def _lifespan_send(self, send: Send) -> Send:
        async def wrapped(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                await self._started()
            await send(message)

        return wrapped


def _observation(seen: dict[str, Any]) -> str:
    at = datetime.fromtimestamp(seen["wall_s"], UTC).isoformat()
    return (
        f"<HealthCheckObservation><Region>{escape(seen['region'])}</Region>"
        f"<IPAddress>127.0.0.1</IPAddress><StatusReport><Status>{escape(seen['status'])}</Status>"
        f"<CheckedTime>{at}</CheckedTime></StatusReport></HealthCheckObservation>"
    )


async def _read(scope: Scope, receive: Receive) -> Request:
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = {n.decode("latin-1").lower(): v.decode("latin-1") for n, v in scope["headers"]}
    return Request(scope["method"], scope["path"], headers, body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """A receive that gives the body that was read already, then goes on with the original."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def wrapped() -> Message:
        return pending.pop() if pending else await receive()

    return wrapped


async def _answer(send: Send, status: int, content_type: str, body: bytes) -> None:
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _error(request: Request, injected: Injected) -> tuple[int, str, bytes]:
    """An error in the request's own protocol: JSON, EC2's XML, or the XML of the others."""
    code, message = injected.code, injected.message
    if request.headers.get("x-amz-target") or "json" in request.headers.get("content-type", ""):
        return 400, "application/json", json.dumps({"__type": code, "message": message}).encode()
    inner = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if request.credential[1] == "ec2":
        errors = f"<Errors><Error>{inner}</Error></Errors>"
        body = f"<Response>{errors}<RequestID>lab</RequestID></Response>"
    else:
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error>"
            "<RequestId>lab</RequestId></ErrorResponse>"
        )
    return 400, "text/xml", body.encode()
