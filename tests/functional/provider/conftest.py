"""A MiniStack server for the tests, and a hand that leads the provider as Pulumi does."""

from __future__ import annotations

import asyncio
import copy
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pulumi.provider.experimental.provider import (
    CheckRequest,
    ConfigureRequest,
    CreateRequest,
    DeleteRequest,
    DiffRequest,
    DiffResponse,
    InvokeRequest,
    ReadRequest,
    UpdateRequest,
)

from bicoastal.lab.engine.values import PropertyValue, from_plain, reveal, to_plain
from bicoastal.lab.provider import Credentials, LabProvider
from bicoastal.lab.provider.aws import Clients

EAST, WEST, MIDDLE = "us-east-1", "us-west-2", "us-east-2"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_ministack/health", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run MiniStack for the session; it dies with this process, whatever happens."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    # Its own workers are its business: no coverage in them, and nothing of the user's environment.
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path_factory.mktemp("home")),
        "TMPDIR": str(tmp_path_factory.mktemp("temporary")),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }
    log = tmp_path_factory.mktemp("ministack") / "log"
    server = [str(Path(sys.executable).with_name("ministack"))]
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *server],
            env=environment, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
        try:
            deadline = time.monotonic() + 30
            while not answers(url):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            yield url
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def endpoint(ministack: str) -> str:
    """Give an embedded AWS with nothing in it."""
    request = urllib.request.Request(f"{ministack}/_ministack/reset", method="POST")
    with urllib.request.urlopen(request, timeout=10):
        return ministack


Client = Callable[..., Any]


@pytest.fixture(scope="session")
def clients(ministack: str) -> Clients:
    """Keep the clients for the session: making one takes longer than what is asked with it."""
    return Clients(ministack, Credentials())


@pytest.fixture
def client(endpoint: str, clients: Clients) -> Client:
    """Make clients that look at the embedded AWS past the provider."""

    def make(service: str, region: str = EAST) -> Any:
        return clients.get(service, region)

    return make


@dataclass
class Made:
    """A resource that was made: what Pulumi's state would hold."""

    urn: str
    id: str
    inputs: dict[str, PropertyValue]
    state: dict[str, PropertyValue]

    @property
    def outputs(self) -> dict[str, Any]:
        plain: dict[str, Any] = reveal(to_plain(self.state))
        return plain


def wire(properties: Mapping[str, Any]) -> dict[str, PropertyValue]:
    return {
        name: value if isinstance(value, PropertyValue) else from_plain(value)
        for name, value in properties.items()
    }


class Hand:
    """Leads one configured provider through check, diff, create, read, update and delete."""

    def __init__(self, provider: LabProvider, **config: Any) -> None:
        self.provider = provider
        request = ConfigureRequest({}, wire(config), accept_secrets=True, accept_resources=False)
        asyncio.run(provider.configure(request))

    def check(self, urn: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Any:
        request = CheckRequest(urn, wire(old), wire(new), b"")
        return asyncio.run(self.provider.check(request))

    def create(self, type_: str, name: str, /, **properties: Any) -> Made:
        urn = f"urn:pulumi:stack::project::my:index:Group${type_}::{name}"
        checked = self.check(urn, {}, properties)
        assert not checked.failures, [(f.property, f.reason) for f in checked.failures]
        made = asyncio.run(
            self.provider.create(CreateRequest(urn, checked.inputs, timeout=0, preview=False))
        )
        assert made.resource_id
        return Made(urn, made.resource_id, checked.inputs, made.properties)

    def diff(self, made: Made, /, **properties: Any) -> DiffResponse:
        checked = self.check(made.urn, made.inputs, properties)
        return asyncio.run(
            self.provider.diff(DiffRequest(made.urn, made.id, made.state, checked.inputs, []))
        )

    def update(self, made: Made, /, **properties: Any) -> Made:
        """Change the properties that are given, and keep the others."""
        inputs = {k: v for k, v in to_plain(made.inputs).items() if k != "tagsAll"}
        wanted = {k: v for k, v in {**inputs, **properties}.items() if v is not None}
        difference = self.diff(made, **wanted)
        assert difference.changes
        assert difference.replaces == []
        checked = self.check(made.urn, made.inputs, wanted)
        request = UpdateRequest(
            made.urn, made.id, made.state, checked.inputs, 0, ignore_changes=[], preview=False
        )
        state = asyncio.run(self.provider.update(request)).properties
        now = Made(made.urn, made.id, checked.inputs, state)
        assert self.diff(now, **wanted).changes is False
        return now

    def read(self, made: Made) -> dict[str, Any] | None:
        request = ReadRequest(made.urn, made.id, made.state, made.inputs)
        found = asyncio.run(self.provider.read(request))
        return reveal(to_plain(found.properties)) if found.resource_id else None

    def delete(self, made: Made) -> None:
        asyncio.run(self.provider.delete(DeleteRequest(made.urn, made.id, made.state, timeout=0)))

    def ask(self, token: str, **args: Any) -> Any:
        return asyncio.run(self.provider.invoke(InvokeRequest(token, wire(args))))


Hands = Callable[..., Hand]


@pytest.fixture(scope="session")
def template(ministack: str) -> LabProvider:
    return LabProvider(ministack, patience=10)


@pytest.fixture
def hands(endpoint: str, template: LabProvider) -> Hands:
    """Make hands, one per region; their providers are copies of one, as in the engine."""

    def make(region: str = EAST, **config: Any) -> Hand:
        return Hand(copy.copy(template), region=region, **config)

    return make


@pytest.fixture
def hand(hands: Hands) -> Hand:
    """Lead a provider in the first region."""
    return hands()


def life(hand: Hand, made: Made, changes: Mapping[str, Any] | None = None) -> Made:
    """Check what holds for every resource; leave it deleted.

    It can be read, the same inputs are no change, it can be changed, it can be deleted, after
    that it is not there any more, and deleting it once more is no error.
    """
    found = hand.read(made)
    assert found is not None
    moving = {"acceptStatus", "endpoint", "readerEndpoint", "clusterMembers"}
    assert {k: v for k, v in found.items() if k not in moving} == {
        k: v for k, v in made.outputs.items() if k not in moving
    }
    if changes:
        made = hand.update(made, **changes)
    if "tagsAll" in made.inputs:
        made = hand.update(made, tags={"Only": "the tags"})
    assert hand.read(made) is not None
    hand.delete(made)
    assert hand.read(made) is None
    hand.delete(made)
    return made
