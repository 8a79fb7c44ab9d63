"""The hosted zone that the failover records go into."""

from __future__ import annotations

from bicoastal.failover.gateway import Clients
from bicoastal.live.asking import asked, client, if_there
from bicoastal.settings import Settings
from bicoastal.settings.account import Fact


def read(clients: Clients, settings: Settings) -> Fact[str | None]:
    """The name of the hosted zone.

    Args:
        clients: boto3's clients.
        settings: the zone's id; without one the program makes a zone, and nothing is asked.

    Returns:
        The name, or None if there is no such zone.
    """
    zone, region = settings.hosted_zone_id, settings.regions.home
    if zone is None:
        return None

    def question() -> str:
        found = client(clients, "route53", region).get_hosted_zone(Id=zone)
        return str(found["HostedZone"]["Name"])

    return asked("route53:GetHostedZone", region, lambda: if_there(question, "NoSuchHostedZone"))
