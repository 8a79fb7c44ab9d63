"""The entry points of the two Lambda functions; what they build is kept for warm invocations.

What imports boto3 is imported by whom it serves: a witness that only probes needs none of it, and
its cold start, during which it has no vote, is half as long.
"""

from __future__ import annotations

import math
import os
import ssl
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bicoastal.failover import config, token
from bicoastal.failover import prober as probing
from bicoastal.failover.errors import ConfigError

if TYPE_CHECKING:
    from bicoastal.failover.config import Endpoint
    from bicoastal.failover.gateway import Clients

# Where the zip is unpacked: the folder that holds the package.
_ROOT = Path(__file__).parents[2]


def prober(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Vote about one member.

    Args:
        event: `{"region": <member to probe>, "round": <number>}`.
        context: Lambda's context; not needed.

    Returns:
        The vote as JSON values.

    Raises:
        ConfigError: the function's configuration cannot be used, or no region is asked about.
    """
    del context
    settings = _prober_config(_variable())
    member = event.get("region")
    if not isinstance(member, str):
        raise ConfigError('the event must be {"region": <member>}')
    vote = probing.probe(
        settings,
        member,
        timeout_s=settings.timeout(_pace()),
        credentials=_token,
        tls=_tls(settings.ca_file) if settings.probe_user else None,
    )
    return vote.to_dict()


def controller(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Run the controller for about a minute.

    Args:
        event: may limit the number of rounds: `{"rounds": n}`.
        context: Lambda's context, or anything without `get_remaining_time_in_millis`.

    Returns:
        A summary, see `Controller.run`.

    Raises:
        ConfigError: the function's configuration or the number of rounds cannot be used.
    """
    from bicoastal.failover.controller import Controller  # noqa: PLC0415 - needs boto3
    from bicoastal.failover.gateway import Gateway  # noqa: PLC0415 - needs boto3
    from bicoastal.failover.store import RecordStore  # noqa: PLC0415 - needs boto3

    rounds = event.get("rounds")
    if rounds is not None and (type(rounds) is not int or rounds < 1):
        raise ConfigError(f"rounds must be a whole number above 0, not {rounds!r}")
    settings = _controller_config(_variable())
    pace = _pace()
    dynamodb = _clients().get("dynamodb", settings.region, read_timeout_s=2.0)
    store = RecordStore(dynamodb, settings.table, settings.cluster, settings.home_region)
    world = Gateway(settings, pace, _clients())
    remaining = getattr(context, "get_remaining_time_in_millis", lambda: math.inf)
    return Controller(settings, pace, store, world).run(
        rounds=rounds, remaining=lambda: remaining() / 1000
    )


def _variable() -> str:
    text = os.environ.get(config.CONFIG_VARIABLE)
    if not text:
        message = f"environment variable {config.CONFIG_VARIABLE} is missing; deploy the stack"
        raise ConfigError(message)
    return text


def _pace() -> float:
    return config.pace(os.environ.get(config.PACE_VARIABLE))


_prober_config = cache(config.ProberConfig.from_json)
_controller_config = cache(config.ControllerConfig.from_json)


@cache
def _clients() -> Clients:
    from bicoastal.failover.gateway import Clients  # noqa: PLC0415 - needs boto3

    return Clients()


def _token(member: str, endpoint: Endpoint, user: str) -> str:
    key = token.Key.of(os.environ)
    return token.sign(key, member, endpoint.host, endpoint.port, user, at=time.time())


@cache
def _tls(ca_file: str | None) -> ssl.SSLContext:
    """TLS for the login: verified where the authorities are known, otherwise encrypted only."""
    if ca_file is not None:
        return ssl.create_default_context(cafile=str(_ROOT / ca_file))
    # Amazon's database authorities are in no system's store. The server is reached over private
    # addresses, and what could be stolen is a 15-minute token of the probe user.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
