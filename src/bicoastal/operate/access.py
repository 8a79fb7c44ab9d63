"""The way to the stack's record and to its regions: who answers, and who asks."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, NamedTuple

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
)
from botocore.exceptions import (
    ConnectionError as NoConnection,
)

from bicoastal.failover.errors import FailoverError, StoreError
from bicoastal.failover.gateway import Clients
from bicoastal.failover.record import Note, Record, RecordStore
from bicoastal.operate.errors import BadRequest
from bicoastal.operate.target import Target

STORE_TIMEOUT_S = 2.0
IDENTITY_TIMEOUT_S = 2.0
Told = Callable[[str], object]
"""Takes one line of progress."""
_SEEN = (ClientError, BotoCoreError, FailoverError, OSError, KeyError, IndexError)


class Answer(NamedTuple):
    """What became of a question to a region.

    Attributes:
        value: what was answered, or None.
        problem: what went wrong in words, or None.
        silent: nobody answered; a refusal is an answer.
    """

    value: Any
    problem: str | None = None
    silent: bool = False


def ask(question: Callable[..., Any], *arguments: Any) -> Answer:
    """Ask, and turn a refusal or silence into a value.

    Args:
        question: makes one or more calls to a single region.
        *arguments: of the question.

    Returns:
        The answer.
    """
    try:
        return Answer(question(*arguments))
    except _SEEN as error:
        return Answer(None, problem_of(error), is_silence(error))


def is_silence(error: BaseException) -> bool:
    """Whether an error means that nobody answered, rather than a refusal.

    Args:
        error: what a call raised, or what wraps it.
    """
    cause = error.__cause__ or error
    return isinstance(cause, (HTTPClientError, NoConnection, OSError))


def problem_of(error: BaseException) -> str:
    """One line about an error.

    Args:
        error: what a call raised.
    """
    if is_silence(error):
        return f"no answer ({type(error.__cause__ or error).__name__})"
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        return f"{details.get('Code', 'refused')}: {details.get('Message', '')}"
    return str(error) if isinstance(error, FailoverError) else f"unexpected answer ({error!r})"


class DryStore(RecordStore):
    """A store that reads and does not write: what a request would give."""

    def write(self, old: Record, new: Record, note: Note | None) -> Record:
        """Give what would be written."""
        del note
        return replace(new, version=old.version + 1)


def endpoints(given: Iterable[str]) -> Callable[[str], str | None]:
    """Read what `--endpoint-url` gave.

    Args:
        given: `URL` for every region, or `REGION=URL` for one.

    Returns:
        A region's address; None leaves it to boto3 (and so to `AWS_ENDPOINT_URL`).

    Raises:
        BadRequest: not an address.
    """
    found: dict[str, str] = {}
    for text in given:
        region, separator, url = text.partition("=")
        if not separator or "://" in region:
            region, url = "", text
        if not url.startswith(("http://", "https://")):
            raise BadRequest(f"--endpoint-url must be URL or REGION=URL, not {text!r}")
        found[region] = url
    return lambda region: found.get(region, found.get(""))


def clients_of(endpoint: Callable[[str], str | None], session: Any = None) -> Clients:
    """Clients for whoever is logged in.

    Args:
        endpoint: a region's address, None for boto3's own.
        session: boto3's, used by nobody else; a new one when left out.

    Returns:
        The clients.

    Raises:
        BadRequest: there are no AWS credentials.
    """
    session = session or boto3.session.Session()
    if session.get_credentials() is None:
        raise BadRequest("there are no AWS credentials: set AWS_PROFILE, or log in first")
    return Clients(endpoint, session)


class Access:
    """The calls that every command makes.

    Args:
        target: what is operated.
        endpoint: a region's address, None for boto3's own.
        dry: never write.
        session: boto3's, used by nobody else; a new one when left out.

    Raises:
        BadRequest: there are no AWS credentials.
    """

    def __init__(
        self,
        target: Target,
        endpoint: Callable[[str], str | None] = lambda _region: None,
        *,
        dry: bool = False,
        session: Any = None,
    ) -> None:
        self.target = target
        self.clients = clients_of(endpoint, session)
        self._kind = DryStore if dry else RecordStore

    def store(self, region: str) -> RecordStore:
        """The record's store, through one region.

        Args:
            region: a member's region; the table is strongly consistent across them.
        """
        names, regions = self.target.names, self.target.settings.regions
        client = self.clients.get("dynamodb", region, read_timeout_s=STORE_TIMEOUT_S)
        return self._kind(client, names.record_table, names.global_cluster, regions.home)

    def open(self, tell: Told = lambda _line: None) -> tuple[RecordStore, str]:
        """The record's store in the first region that answers.

        Args:
            tell: takes a line about each region that was asked in vain.

        Returns:
            The store, and the region.

        Raises:
            StoreError: nobody answered; the message says what each region said.
            RecordError: the record cannot be understood.
        """
        problems = []
        for region in self.target.order:
            store = self.store(region)
            try:
                store.read()
            except StoreError as error:
                problems.append(f"{region}: {problem_of(error.__cause__ or error)}")
                tell(problems[-1])
            else:
                return store, region
        raise StoreError("the record could not be read: " + "; ".join(problems))

    def requester(self, region: str) -> str:
        """Who asks: the caller's ARN, or `user@host` where STS does not answer.

        Args:
            region: whose STS is asked; it needs no other region.
        """
        sts = self.clients.get("sts", region, read_timeout_s=IDENTITY_TIMEOUT_S, attempts=1)
        answer = ask(sts.get_caller_identity)
        if answer.value and answer.value.get("Arn"):
            return str(answer.value["Arn"])
        return f"{getpass.getuser()}@{socket.gethostname()}"
