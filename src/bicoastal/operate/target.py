"""What is operated: a stack, found by the names that its settings give, and where to ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bicoastal.failover.config import (
    LATCH_DIMENSION,
    LATCH_METRIC,
    LATCH_NAMESPACE,
    ControllerConfig,
    Latch,
    Member,
)
from bicoastal.operate.errors import BadRequest
from bicoastal.settings import Names, Settings


@dataclass(frozen=True)
class Target:
    """A stack and the regions to ask.

    Attributes:
        settings: what was deployed.
        region: the only region whose API is asked for the record and the topology; None asks the
            standby first and then the home region, which is the one that may be lost.
        any_topology: also one in which nothing fails over by itself; for what only looks, asks for
            a change of the record, promotes by hand, or destroys.
    """

    settings: Settings
    region: str | None = None
    any_topology: bool = False

    def __post_init__(self) -> None:
        if not (self.settings.is_global or self.any_topology):
            raise BadRequest(
                f"topology is {self.settings.topology}, in which nothing fails over but by hand "
                "(failover), and nothing moves back: this command knows global databases only; "
                "docs/deploying.md has the steps"
            )
        if self.region is not None:
            self.check_member(self.region, "--region")

    def check_member(self, region: str, option: str) -> None:
        """Refuse a region that holds no member.

        Args:
            region: the region.
            option: where it was named, for the message.

        Raises:
            BadRequest: it holds none.
        """
        members = self.settings.regions.members
        if region not in members:
            raise BadRequest(f"{option} must be one of {', '.join(members)}, not {region!r}")

    def unnamed(self, region: str) -> tuple[str, ...]:
        """Why clients who ask for the stack's name would not find a writer in a region.

        Args:
            region: the writer to be.

        Returns:
            The reason, if there is one.
        """
        mode = self.settings.dns.mode
        if region not in self.settings.regions.further_standbys or mode == "global-endpoint":
            return ()
        why = (
            f"dns.mode is {mode}, whose two answers are the home and the standby region: clients "
            f"would find no writer in {region} (choose dns.mode: global-endpoint first)"
        )
        return (why,)

    @property
    def names(self) -> Names:
        """The names of everything."""
        return Names(self.settings)

    @property
    def order(self) -> tuple[str, ...]:
        """The regions to ask for the record and the topology, in that order."""
        home, standby = self.settings.regions.pair
        return (standby, home) if self.region is None else (self.region,)

    @property
    def latch_regions(self) -> tuple[str, ...]:
        """Where the latch's metric lives; empty when DNS does not follow it."""
        return self.settings.regions.witnesses if self.settings.dns.mode == "latch" else ()

    def controller_config(self, region: str, arns: Mapping[str, str]) -> ControllerConfig:
        """What the controller of a region is configured with, as far as the names tell.

        Args:
            region: the controller's region.
            arns: the members' ARNs by region, as far as they are known.

        Returns:
            The configuration.
        """
        settings, names = self.settings, self.names
        regions, failover = settings.regions, settings.failover
        own = arns.get(region, "")
        return ControllerConfig(
            cluster=names.global_cluster,
            region=region,
            home_region=regions.home,
            members={
                member: Member(arns.get(member, ""), names.cluster(member))
                for member in regions.members
            },
            witnesses={witness: names.prober(witness) for witness in regions.witnesses},
            table=names.record_table,
            latch=Latch(
                namespace=LATCH_NAMESPACE,
                metric=LATCH_METRIC,
                dimension_name=LATCH_DIMENSION,
                dimension_value=names.global_cluster,
                regions=self.latch_regions,
            ),
            topic_arn=_topic_arn(own, names.topic(region)),
            mode=failover.mode,
            probe_interval_s=failover.probe_interval_s,
            threshold=failover.threshold,
            grace_s=failover.grace_s,
            quorum=failover.quorum,
            cooldown_s=failover.cooldown_s,
            rpo_budget_s=failover.rpo_budget_s,
            promotion_timeout_s=failover.promotion_timeout_s,
            clean_rounds=failover.clean_rounds,
            topology=settings.topology,
            further=regions.further_standbys,
        )


def _topic_arn(cluster_arn: str, topic: str) -> str | None:
    """The topic beside a cluster: same partition, region and account."""
    if not cluster_arn:
        return None
    _, partition, _, region, account, *_ = cluster_arn.split(":")
    return f"arn:{partition}:sns:{region}:{account}:{topic}"
