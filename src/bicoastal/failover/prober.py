"""A witness: probes one member, as deep as it can, and says UP, DOWN or UNKNOWN and why.

DOWN is said only of silence: refused, timed out, reset, or connected without a greeting (a hung
server still accepts connections, because its kernel does). Whoever answers is not dead: too many
connections, slow answers and refused writes are UP and a veto. What the witness itself may be the
cause of (name resolution, credentials, TLS) is UNKNOWN. Before it says DOWN it proves, in the same
round, that it can reach another member.
"""

from __future__ import annotations

import ssl
import time
from dataclasses import replace

from bicoastal.failover.config import ProberConfig
from bicoastal.failover.greeting import Finding, greeted
from bicoastal.failover.login import Credentials, Login
from bicoastal.failover.votes import Verdict, Vote, unknown

__all__ = ["Credentials", "probe"]


def probe(
    config: ProberConfig,
    member: str,
    *,
    timeout_s: float,
    credentials: Credentials | None = None,
    tls: ssl.SSLContext | None = None,
) -> Vote:
    """Probe one member.

    Args:
        config: where the members listen, as whom to log in, and where to write.
        member: region of the member to probe.
        timeout_s: seconds that each depth may take.
        credentials: makes the probe user's password; without it, or without a probe user, the
            greeting is the deepest that is probed.
        tls: how to encrypt the login; None never sends a password in clear.

    Returns:
        The vote; never raises for anything that a network or a server can do.
    """
    started = time.monotonic()
    endpoint = config.members.get(member)
    if endpoint is None:
        known = ", ".join(sorted(config.members))
        return unknown(config.region, member, f"not a member; the members are {known}")
    with greeted(endpoint, timeout_s) as (connection, found):
        finding = found
        healthy = found.verdict is Verdict.UP and not found.overloaded
        if connection and healthy and config.probe_user is not None and credentials is not None:
            login = Login(
                config.region,
                member,
                endpoint,
                config.probe_user,
                credentials,
                tls,
                timeout_s,
                config.heartbeat,
            )
            finding = replace(login.attempt(connection), version=finding.version)
    if finding.verdict is Verdict.DOWN:
        finding = _prove(config, member, finding, timeout_s)
    elapsed_s = round(time.monotonic() - started, 4)
    return Vote(witness=config.region, member=member, elapsed_s=elapsed_s, **vars(finding))


def _prove(config: ProberConfig, member: str, finding: Finding, timeout_s: float) -> Finding:
    """Keep DOWN only if another member, preferably the witness's own, answers right now.

    Further standbys come last: one that is lost as well must not take the time of the vote.
    """
    others = sorted(
        set(config.members) - {member},
        key=lambda region: (region != config.region, region in config.further),
    )
    for other in others:
        with greeted(config.members[other], timeout_s) as (_, check):
            if check.verdict is Verdict.UP:
                return replace(finding, reason=f"{finding.reason}; {other} answers")
    tried = ", ".join(others) or "no other member"
    reason = f"{finding.reason}; but {tried} cannot be reached either: the witness may be cut off"
    return replace(finding, verdict=Verdict.UNKNOWN, reason=reason)
