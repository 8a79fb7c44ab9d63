"""Serves the live page on loopback, and lets nobody press its buttons but who was given the token.

A browser reaches loopback for any page that it shows, so nothing here trusts where a request
comes from. The host that is asked for must be ours (or another name could be pointed here: DNS
rebinding), a press must come from our own page (Origin, Sec-Fetch-Site) and carry the token in a
header, which another site cannot set without being allowed to, and other users of the machine
do not know. See https://cheatsheetseries.owasp.org/cheatsheets/
Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html and https://fetch.spec.whatwg.org/.
"""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from types import TracebackType
from typing import Any, Self

from bicoastal.errors import LabError
from bicoastal.lab.up.buttons import Result

HOST = "127.0.0.1"
TOKEN_HEADER = "X-Bicoastal-Token"  # noqa: S105 - the header's name
_MOST_BYTES = 1000
_TIMEOUT_S = 30.0
_HTML, _SCRIPT, _JSON = (
    f"{kind}; charset=utf-8" for kind in ("text/html", "text/javascript", "application/json")
)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; "
    "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False  # a press that is under way ends with the lab

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that went away."""


@dataclass(frozen=True)
class Content:
    """What is served; see `LiveServer.serving`."""

    page: Callable[[], str]
    script: Callable[[], str]
    state: Callable[[], dict[str, Any]]
    press: Callable[[str], Result]


class LiveServer:
    """The server, in a thread; a context manager.

    It holds the port from the beginning, and answers 503 unless it is `serving`.

    Args:
        token: Who presses a button must know it.
        port: The port; 0 for any free one.

    Attributes:
        port: The port.
        hosts: The values of the Host header that mean this server.
        content: What it serves, if it does.

    Raises:
        LabError: The port is taken.
    """

    def __init__(self, token: str, port: int = 0) -> None:
        self._token = token
        live = self

        class Handler(_Handler):
            server_of = live

        try:
            self._server = _Server((HOST, port), Handler)
        except OSError as error:
            raise LabError(
                f"port {port} of {HOST} is not free for the live page ({error}); choose another "
                "with --port, or leave it out"
            ) from error
        self.port: int = self._server.server_address[1]
        self.content: Content | None = None
        self.hosts = {f"{name}:{self.port}" for name in (HOST, "localhost")}
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="live-page", daemon=True
        )

    @property
    def url(self) -> str:
        """The page's address for who may press buttons."""
        return f"http://{HOST}:{self.port}/#token={self._token}"

    @contextmanager
    def serving(
        self,
        *,
        page: Callable[[], str],
        script: Callable[[], str],
        state: Callable[[], dict[str, Any]],
        press: Callable[[str], Result],
    ) -> Iterator[None]:
        """Serve while entered.

        Args:
            page: Gives the page.
            script: Gives its script.
            state: Gives what changes.
            press: Presses a button, by its name.
        """
        self.content = Content(page, script, state, press)
        try:
            yield
        finally:
            self.content = None

    def knows(self, token: str) -> bool:
        """Whether that is the token."""
        return hmac.compare_digest(token.encode(), self._token.encode())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server_of: LiveServer
    server_version, sys_version = "bicoastal", ""
    timeout = _TIMEOUT_S

    def do_GET(self) -> None:
        """Give the page, its script, or what changes."""
        content = self._content()
        if content is None:
            return
        if self.path == "/":
            self._answer(HTTPStatus.OK, content.page(), _HTML)
        elif self.path == "/live.js":
            self._answer(HTTPStatus.OK, content.script(), _SCRIPT)
        elif self.path == "/state":
            self._answer(HTTPStatus.OK, json.dumps(content.state()), _JSON)
        else:
            self._answer(HTTPStatus.NOT_FOUND, "there is no such page")

    def do_POST(self) -> None:
        """Press a button."""
        content = self._content()
        if content is None:
            return
        problem = self._foreign()
        if self.path != "/press":
            self._answer(HTTPStatus.NOT_FOUND, "there is no such page")
        elif problem:
            self._answer(HTTPStatus.FORBIDDEN, problem)
        else:
            button = self._button()
            if button is None:
                self._answer(HTTPStatus.BAD_REQUEST, 'send {"button": NAME} as application/json')
            else:
                result = content.press(button)
                self._answer(HTTPStatus.OK, json.dumps(asdict(result)), _JSON)

    def _content(self) -> Content | None:
        """What is served; None, and answered, if this request gets nothing of it."""
        named = self.headers.get_all("Host", [])
        if len(named) != 1 or named[0] not in self.server_of.hosts:
            self._answer(HTTPStatus.MISDIRECTED_REQUEST, "this is another host")
            return None
        content = self.server_of.content
        if content is None:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "the lab is not up")
        return content

    def _foreign(self) -> str:
        """Why a request to change something does not come from our page; empty if it does."""
        origin = self.headers.get("Origin")
        if origin is not None and origin not in {f"http://{h}" for h in self.server_of.hosts}:
            return "another site may not press buttons"
        if self.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            return "another site may not press buttons"
        if not self.server_of.knows(self.headers.get(TOKEN_HEADER, "")):
            return "the token is missing or wrong; 'bicoastal lab status' prints the address"
        return ""

    def _button(self) -> str | None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _MOST_BYTES:
            return None
        if self.headers.get_content_type() != "application/json":
            return None
        try:
            values = json.loads(self.rfile.read(int(length)))
        except ValueError:
            return None
        button = values.get("button") if isinstance(values, dict) else None
        return button if isinstance(button, str) else None

    def _answer(
        self, status: HTTPStatus, text: str, kind: str = "text/plain; charset=utf-8"
    ) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Type": kind}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing: a line a second would bury the events."""
