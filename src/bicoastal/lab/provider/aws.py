"""The way to the embedded AWS: clients, tags, waiting, and errors in AWS's own words."""

from __future__ import annotations

import ipaddress
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bicoastal.errors import LabError

T = TypeVar("T")

_ABSENT = re.compile(r"NotFound|NoSuch|NonExist|DoesNotExist")


class ProviderError(LabError):
    """AWS refused, or what was asked for cannot be done.

    Attributes:
        code: AWS's error code, such as `DBClusterNotFoundFault`.
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Credentials(NamedTuple):
    """Keys for the embedded AWS; they open nothing else."""

    access_key: str = "test"
    secret_key: str = "test"  # noqa: S105 (the embedded AWS takes any)


def is_absent(error: ClientError) -> bool:
    """Say whether AWS answered that the thing does not exist."""
    return bool(_ABSENT.search(error.response.get("Error", {}).get("Code", "")))


class absent_ok:  # noqa: N801 (reads like contextlib's own)
    """Take no notice if the thing does not exist (any more); use as a context manager."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        return isinstance(error, ClientError) and is_absent(error)


@contextmanager
def explained() -> Iterator[None]:
    """Turn boto3's errors into `ProviderError` with AWS's code and message."""
    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        code = details.get("Code", "Unknown")
        message = f"{code}: {details.get('Message', 'no reason given')} ({error.operation_name})"
        raise ProviderError(message, code) from error
    except BotoCoreError as error:
        message = f"{type(error).__name__}: {error}"
        raise ProviderError(message, type(error).__name__) from error


class Clients:
    """Makes and keeps boto3 clients of one embedded AWS.

    The user's own AWS configuration, profile and proxies are left out on purpose.

    Args:
        endpoint_url: where the embedded AWS listens; must be on the loopback interface.
        credentials: keys that it takes.

    Raises:
        ProviderError: the address is not a loopback address.
    """

    def __init__(self, endpoint_url: str, credentials: Credentials) -> None:
        host = urlsplit(endpoint_url).hostname or ""
        if not _is_loopback(host):
            message = (
                f"the lab's provider talks only to an embedded AWS on this machine, and "
                f"{endpoint_url!r} is none: give an address such as http://127.0.0.1:4566"
            )
            raise ProviderError(message)
        self.endpoint_url = endpoint_url
        self._credentials = credentials
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}
        nothing = (None, None, None, None)
        no_file = (None, None, os.devnull, None)
        self._session = boto3.session.Session(
            botocore_session=botocore.session.Session(
                session_vars={
                    "profile": nothing,
                    "config_file": no_file,
                    "credentials_file": no_file,
                }
            )
        )
        self._config = Config(
            connect_timeout=5,
            read_timeout=120,
            retries={"mode": "standard", "total_max_attempts": 2},
            max_pool_connections=32,
            proxies={},
            parameter_validation=True,
        )

    def get(self, service: str, region: str) -> Any:
        """Return the client of a service in a region; it may be used from several threads."""
        with self._lock:
            client = self._clients.get((service, region))
            if client is None:
                client = self._session.client(
                    service,  # type: ignore[call-overload]  # the stubs want a literal
                    region_name=region,
                    endpoint_url=self.endpoint_url,
                    aws_access_key_id=self._credentials.access_key,
                    aws_secret_access_key=self._credentials.secret_key,
                    config=self._config,
                )
                self._clients[service, region] = client
            return client


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Aws:
    """One region of the embedded AWS, for one operation on one resource.

    Args:
        clients: where clients come from.
        region: the region.
        stop: is set when nothing should be waited for any more.
        patience: seconds after which a wait is given up.
    """

    def __init__(
        self, clients: Clients, region: str, stop: threading.Event, patience: float = 300.0
    ) -> None:
        self._clients = clients
        self._stop = stop
        self._patience = patience
        self.region = region
        self.made: str | None = None

    def client(self, service: str, region: str | None = None) -> Any:
        """Return the client of a service, in this region if no other is named."""
        return self._clients.get(service, region or self.region)

    def until(self, what: str, look: Callable[[], T | None], every: float = 0.05) -> T:
        """Look until something is there.

        Args:
            what: what is waited for, for the message.
            look: returns what was found, or None while it is not there.
            every: seconds between two looks.

        Returns:
            What was found.

        Raises:
            ProviderError: it took too long, or the operation was cancelled.
        """
        deadline = time.monotonic() + self._patience
        while True:
            found = look()
            if found is not None:
                return found
            if self._stop.wait(every):
                message = f"given up waiting for {what}: the operation was cancelled"
                raise ProviderError(message, "Cancelled")
            if time.monotonic() > deadline:
                message = f"given up waiting for {what} after {self._patience:g} s"
                raise ProviderError(message, "Timeout")


def pascal(name: str) -> str:
    """Turn Pulumi's `cidrBlock` into AWS's `CidrBlock`."""
    return name[:1].upper() + name[1:]


def pick(inputs: Mapping[str, Any], *names: str, **renamed: str) -> dict[str, Any]:
    """Take those inputs that are given, under AWS's names.

    Args:
        inputs: the resource's inputs.
        names: inputs whose name in AWS differs only in the first letter.
        renamed: inputs with another name in AWS.

    Returns:
        Keyword arguments for boto3.
    """
    wanted = {**{name: pascal(name) for name in names}, **renamed}
    return {aws: inputs[own] for own, aws in wanted.items() if inputs.get(own) is not None}


def tag_list(
    tags: Mapping[str, str], key: str = "Key", value: str = "Value"
) -> list[dict[str, str]]:
    """Turn tags into the list that most services want."""
    return [{key: name, value: text} for name, text in sorted(tags.items())]


def sync_tags(
    old: Mapping[str, str],
    new: Mapping[str, str],
    put: Callable[[dict[str, str]], object],
    drop: Callable[[list[str]], object],
) -> None:
    """Make the tags what they should be, with as few calls as possible."""
    changed = {name: text for name, text in new.items() if old.get(name) != text}
    dropped = sorted(set(old) - set(new))
    if dropped:
        drop(dropped)
    if changed:
        put(changed)
