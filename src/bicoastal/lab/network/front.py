"""A member's front: what Aurora does at login and MariaDB does not, TLS and IAM authentication.

It stands between a client and the database, at the database's end of the path. It passes the
server's greeting on, offering TLS, and ends the client's TLS itself. A user that is marked as IAM's
is asked for a token in clear, inside TLS only; if the token is good, the front logs the user in
with a password that only the lab knows. Everybody else's login passes through, and so does all that
follows. No socket is touched here: bytes go in and come out.

What the front does not check is the policy (`rds-db:connect`): the lab's IAM has none.
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAMDBAuth.html
"""

from __future__ import annotations

import hmac
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qs

from bicoastal.failover import token
from bicoastal.lab.network import packets
from bicoastal.lab.network.packets import Greeting, Response

_SKEW_S = 300.0
_CHUNK = 65536
_DENIED = (1045, "28000")
_INSECURE = (3159, "HY000")


@dataclass(frozen=True)
class FrontConfig:
    """What a front is made of.

    Attributes:
        region: the member's region.
        host: its own endpoint, for which tokens are signed.
        port: its TCP port.
        certificate: PEM file of the endpoint's certificate.
        key: PEM file of its private key.
        users: users that log in by IAM, with the password that the database knows them by.
        keys: access key id to secret access key: who may sign.
        life_s: seconds that a token is good for.
        sources: whose connections have the front; those of others go straight to the database.
    """

    region: str
    host: str
    port: int
    certificate: str
    key: str
    users: Mapping[str, str]
    keys: Mapping[str, str]
    life_s: float
    sources: tuple[str, ...]

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """Read JSON values."""
        return cls(**{**raw, "sources": tuple(raw["sources"])})

    def problem(self, password: str, user: str, now: float) -> str | None:
        """Why a token does not open the door, or None.

        Args:
            password: what came in the place of a password.
            user: who wants to log in.
            now: seconds since the epoch.
        """
        at = token.signed_at(password)
        asked = {name: values[0] for name, values in parse_qs(password.partition("?")[2]).items()}
        key_id = asked.get("X-Amz-Credential", "").partition("/")[0]
        if at is None or key_id not in self.keys:
            return "not a token, or of an unknown key"
        key = token.Key(key_id, self.keys[key_id], asked.get("X-Amz-Security-Token"))
        good = token.sign(key, self.region, self.host, self.port, user, at=at)
        if not hmac.compare_digest(good.encode(), password.encode()):
            return "signed for another host, port, region or user, or with another secret"
        if not -_SKEW_S <= now - at <= self.life_s:
            return f"signed {now - at:.0f} s ago, good for {self.life_s:g} s"
        return None


class Front:
    """One connection's front.

    Args:
        config: the member's.
        context: TLS with the member's certificate.
        clock: seconds since the epoch.

    Attributes:
        to_client: bytes to send to the client; whoever sends them empties it.
        to_server: bytes to send to the database.
        is_over: the connection ends once these are sent.
    """

    def __init__(
        self,
        config: FrontConfig,
        context: ssl.SSLContext,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._config = config
        self._context = context
        self._clock = clock
        self.to_client = bytearray()
        self.to_server = bytearray()
        self.is_over = False
        self._tls: _Tls | None = None
        self._server, self._client = bytearray(), bytearray()
        self._greeting: Greeting | None = None
        self._response = Response(b"")
        # What each side says next; None means that it is no longer listened to.
        self._on_server: Callable[[int, bytes], None] | None = self._greet
        self._on_client: Callable[[int, bytes], None] | None = self._answer
        # The server knows nothing of TLS, nor of the front's questions: its count is behind.
        self._ahead = 0

    def from_server(self, data: bytes) -> None:
        """Take what the database sent."""
        self._server += data
        while self._on_server and (found := packets.take(self._server)):
            self._on_server(*found)
        if self._on_server is None:
            self._say(bytes(self._server))
            self._server.clear()

    def from_client(self, data: bytes) -> None:
        """Take what the client sent."""
        self._client += data if self._tls is None else self._decrypted(self._tls, data)
        while self._on_client and not self.is_over and (found := packets.take(self._client)):
            self._on_client(*found)
        if self._on_client is None:
            self.to_server += self._client
            self._client.clear()

    def _decrypted(self, tls: _Tls, data: bytes) -> bytes:
        plain = b""
        try:
            plain = tls.take(data)
        except ssl.SSLError:
            self.is_over = True
        self.to_client += tls.pending()
        return plain

    def _say(self, data: bytes) -> None:
        self.to_client += data if self._tls is None else self._tls.give(data)

    def _greet(self, sequence: int, payload: bytes) -> None:
        self._greeting = Greeting.read(payload)
        if self._greeting is None:
            self._say(packets.packet(sequence, payload))
            self._on_server = self._on_client = None
            return
        self._say(packets.packet(sequence, self._greeting.with_tls))
        self._on_server = self._conclude

    def _answer(self, sequence: int, payload: bytes) -> None:
        response = Response(payload)
        if response.asks_for_tls and self._tls is None:
            self._ahead += 1
            self._tls = _Tls(self._context)
            rest = bytes(self._client)  # what came right behind is TLS already
            self._client.clear()
            self._client += self._decrypted(self._tls, rest)
        elif response.user not in self._config.users:
            self.to_server += packets.packet(sequence - self._ahead, response.without_tls())
            self._on_client = self._pass_on
        elif self._tls is None:
            self._refuse(sequence, _INSECURE, "Connections using insecure transport are prohibited")
        else:
            self._response = response
            self._ahead += 2  # the front's question and its answer
            self._say(packets.switch_to_clear(sequence + 1))
            self._on_client = self._judge

    def _judge(self, sequence: int, payload: bytes) -> None:
        """The token."""
        user = self._response.user
        password = payload.rstrip(b"\0").decode("utf-8", "replace")
        problem = self._config.problem(password, user, self._clock())
        if problem is not None:
            self._refuse(sequence, _DENIED, f"Access denied for user '{user}' (token: {problem})")
            return
        scramble = self._greeting.scramble if self._greeting else b""
        secret = self._config.users[user]
        self.to_server += packets.packet(1, self._response.logged_in_with(secret, scramble))
        self._on_client = self._pass_on

    def _pass_on(self, sequence: int, payload: bytes) -> None:
        """A client's further packet of its own login."""
        self.to_server += packets.packet(sequence - self._ahead, payload)

    def _conclude(self, sequence: int, payload: bytes) -> None:
        """The database's word on the login; after it, everything passes as it is."""
        self._say(packets.packet(sequence + self._ahead, payload))
        if payload[:1] in (bytes([packets.OK]), bytes([packets.ERROR])):
            self._on_server = self._on_client = None

    def _refuse(self, sequence: int, error: tuple[int, str], text: str) -> None:
        self._say(packets.error(sequence + 1, *error, text))
        self.is_over = True


class Fronts:
    """Makes the fronts of a member.

    Args:
        config: the member's.

    Raises:
        OSError: the certificate cannot be read.
    """

    def __init__(self, config: FrontConfig) -> None:
        self._config = config
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(config.certificate, config.key)

    def of(self, source: str) -> Front | None:
        """The front of a new connection from a source, if it has one."""
        return Front(self._config, self._context) if source in self._config.sources else None


class _Tls:
    """The server's end of TLS, over buffers."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)
        self._is_ready = False

    def take(self, data: bytes) -> bytes:
        """What the client sent, decrypted as far as it is whole."""
        self._in.write(data)
        plain = b""
        try:
            if not self._is_ready:
                self._tls.do_handshake()
                self._is_ready = True
            while chunk := self._tls.read(_CHUNK):
                plain += chunk
        except ssl.SSLWantReadError:
            pass
        return plain

    def give(self, data: bytes) -> bytes:
        """What is to be sent, encrypted."""
        if data:
            self._tls.write(data)
        return self.pending()

    def pending(self) -> bytes:
        """What TLS itself wants to send."""
        return self._out.read()
