"""The live page's server: what it gives to whom, and whose presses it refuses."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bicoastal.errors import LabError
from bicoastal.lab.up.buttons import Result
from bicoastal.lab.up.server import HOST, TOKEN_HEADER, LiveServer

TOKEN = "the-token"


@pytest.fixture
def pressed() -> list[str]:
    return []


@contextmanager
def serving(pressed: list[str]) -> Iterator[LiveServer]:
    def press(name: str) -> Result:
        pressed.append(name)
        return Result(ok=True, text="done")

    with (
        LiveServer(TOKEN) as server,
        server.serving(
            page=lambda: "<p>é</p>", script=lambda: "1;", state=lambda: {"parts": {}}, press=press
        ),
    ):
        yield server


@pytest.fixture
def server(pressed: list[str]) -> Iterator[LiveServer]:
    with serving(pressed) as found:
        yield found


def ask(
    server: LiveServer, method: str, path: str, body: str | None = None, **headers: str
) -> tuple[int, str, dict[str, str]]:
    connection = http.client.HTTPConnection(HOST, server.port, timeout=10)
    try:
        connection.request(
            method, path, body, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), dict(answer.headers)
    finally:
        connection.close()


GOOD: dict[str, str] = {"Content_Type": "application/json", TOKEN_HEADER: TOKEN}


def press(server: LiveServer, body: str = '{"button": "arm"}', **headers: str) -> tuple[int, str]:
    status, text, _ = ask(server, "POST", "/press", body, **{**GOOD, **headers})
    return status, text


@pytest.mark.parametrize(
    ("path", "text", "kind"),
    (
        ("/", "<p>é</p>", "text/html; charset=utf-8"),
        ("/live.js", "1;", "text/javascript; charset=utf-8"),
        ("/state", '{"parts": {}}', "application/json; charset=utf-8"),
    ),
)
def test_what_is_served_may_load_nothing_from_elsewhere(
    server: LiveServer, path: str, text: str, kind: str
) -> None:
    status, found, headers = ask(server, "GET", path)
    assert (status, found, headers["Content-Type"]) == (200, text, kind)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not any(word.startswith("http") for word in policy.split())
    assert "Access-Control-Allow-Origin" not in headers
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


def test_its_address_carries_the_token_where_no_server_sees_it(server: LiveServer) -> None:
    assert server.url == f"http://127.0.0.1:{server.port}/#token={TOKEN}"


def test_a_button_is_pressed_with_the_token(server: LiveServer, pressed: list[str]) -> None:
    own = f"http://localhost:{server.port}"
    assert press(server) == (200, '{"ok": true, "text": "done"}')
    assert press(server, Origin=own, Sec_Fetch_Site="same-origin")[0] == 200
    assert pressed == ["arm", "arm"]


@pytest.mark.parametrize(
    ("headers", "words"),
    (
        ({TOKEN_HEADER: ""}, "token is missing or wrong"),
        ({TOKEN_HEADER: "the-tokem"}, "token is missing or wrong"),
        ({"Origin": "http://evil.example"}, "another site"),
        ({"Origin": "null"}, "another site"),
        ({"Origin": "http://127.0.0.1:1"}, "another site"),
        ({"Sec_Fetch_Site": "cross-site"}, "another site"),
        ({"Sec_Fetch_Site": "same-site"}, "another site"),
    ),
)
def test_nobody_else_presses_a_button(
    server: LiveServer, pressed: list[str], headers: dict[str, str], words: str
) -> None:
    status, text = press(server, **headers)
    assert status == 403
    assert words in text
    assert pressed == []


@pytest.mark.parametrize("host", ("evil.example", "127.0.0.1", "127.0.0.1:1", ""))
@pytest.mark.parametrize("method", ("GET", "POST"))
def test_a_name_that_was_pointed_here_gets_nothing(
    server: LiveServer, pressed: list[str], method: str, host: str
) -> None:
    path = "/" if method == "GET" else "/press"
    status, text, _ = ask(server, method, path, '{"button": "arm"}', **{**GOOD, "Host": host})
    assert (status, text) == (421, "this is another host")
    assert pressed == []


def test_two_hosts_are_none(server: LiveServer) -> None:
    with socket.create_connection((HOST, server.port), timeout=10) as channel:
        host = f"Host: {HOST}:{server.port}\r\n"
        channel.sendall(f"GET / HTTP/1.1\r\n{host}{host}\r\n".encode())
        assert channel.recv(100).startswith(b"HTTP/1.0 421")


@pytest.mark.parametrize(
    "sent",
    (
        {"body": "not json"},
        {"body": '["arm"]'},
        {"body": '{"button": 1}'},
        {"body": "{}"},
        {"body": '{"button": "arm"}' + " " * 1000},
        {"Content_Type": "text/plain"},
        {"Content_Length": "-1"},
    ),
)
def test_what_is_no_press_is_refused(
    server: LiveServer, pressed: list[str], sent: dict[str, Any]
) -> None:
    status, text = press(server, **sent)
    assert (status, json.loads(text.split("send ")[1].split(" as")[0].replace("NAME", '"x"'))) == (
        400,
        {"button": "x"},
    )
    assert pressed == []


@pytest.mark.parametrize("method", ("GET", "POST"))
def test_there_is_no_other_page(server: LiveServer, method: str) -> None:
    assert ask(server, method, "/etc/passwd", "", **GOOD)[0] == 404


def test_before_and_after_it_is_up_nothing_is_served() -> None:
    with LiveServer(TOKEN) as server:
        assert ask(server, "GET", "/")[:2] == (503, "the lab is not up")
        assert press(server) == (503, "the lab is not up")


def test_the_port_is_free_again_and_a_taken_one_is_named(pressed: list[str]) -> None:
    with serving(pressed) as server:
        port = server.port
        with pytest.raises(LabError, match=f"port {port} of 127.0.0.1 is not free.*--port"):
            LiveServer(TOKEN, port)
    with LiveServer(TOKEN, port) as again:
        assert again.port == port


def test_a_failure_of_the_lab_ends_only_its_request(server: LiveServer, capsys: Any) -> None:
    def broken() -> dict[str, Any]:
        raise ValueError

    assert server.content is not None
    object.__setattr__(server.content, "state", broken)
    with pytest.raises(http.client.RemoteDisconnected):
        ask(server, "GET", "/state")
    assert ask(server, "GET", "/")[0] == 200
    assert capsys.readouterr() == ("", "")
