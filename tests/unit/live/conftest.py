"""AWS by hand: botocore's Stubber, for answers that the embedded AWS does not give."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

HOME, STANDBY, WITNESS = "us-east-1", "us-west-2", "us-east-2"
ACCOUNT = "123456789012"


class Stubs:
    """Stands for `Clients`: what is not stubbed is an error of the test."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._made: dict[tuple[str, str], tuple[Any, Stubber]] = {}

    def get(self, service: str, region: str, **_options: Any) -> Any:
        return self._of(service, region)[0]

    def answer(self, service: str, operation: str, answer: Any, region: str = HOME) -> None:
        self._of(service, region)[1].add_response(operation, answer)

    def refuse(self, service: str, operation: str, code: str, region: str = HOME) -> None:
        self._of(service, region)[1].add_client_error(operation, code, "said so")

    def _of(self, service: str, region: str) -> tuple[Any, Stubber]:
        if (service, region) not in self._made:
            client = self._session.client(
                service, region, aws_access_key_id="test", aws_secret_access_key="test"
            )
            stubber = Stubber(client)
            stubber.activate()
            self._made[service, region] = client, stubber
        return self._made[service, region]


@pytest.fixture(scope="session")
def session() -> Any:
    return boto3.session.Session()


@pytest.fixture
def stubs(session: Any) -> Any:
    return Stubs(session)
