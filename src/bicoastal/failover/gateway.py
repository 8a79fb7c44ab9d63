"""All calls to AWS in one place, thin: short timeouts, few attempts, data in and values out.

Endpoints come from the environment as boto3 resolves them by itself, which is how the functions
run unchanged in the lab. Nothing here decides anything.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from bicoastal.failover.config import (
    BINLOG_REPLICA,
    GLOBAL_LAG,
    REPLICA_LAG,
    ControllerConfig,
)
from bicoastal.failover.errors import FailoverError
from bicoastal.failover.votes import Topology, Vote

CONNECT_TIMEOUT_S = 1.0
READ_TIMEOUT_S = 3.0
# Metric -> by what its values are divided to have seconds; the better one first.
LAG_METRICS = {"AuroraGlobalDBRPOLag": 1000, GLOBAL_LAG: 1000}
REPLICA_LAG_METRICS = {REPLICA_LAG: 1}
_SUBJECT_LIMIT = 100


class GatewayError(FailoverError):
    """A call to AWS failed; `code` is AWS's error code, empty when there was no answer."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Clients:
    """boto3 clients by service and region, made once; boto3's own session is not thread-safe.

    Args:
        endpoint: a region's address, where it is not the one that boto3 resolves by itself.
        session: boto3's, used by nobody else; a new one when left out.
    """

    def __init__(
        self,
        endpoint: Callable[[str], str | None] = lambda _region: None,
        session: Any = None,  # typed by literals, which a variable is not
    ) -> None:
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._session: Any = session or boto3.session.Session()
        self._made: dict[tuple[str, str, float, int], Any] = {}

    def get(
        self,
        service: str,
        region: str,
        *,
        read_timeout_s: float = READ_TIMEOUT_S,
        attempts: int = 2,
    ) -> Any:
        """A client, the same one for the same arguments.

        Args:
            service: boto3's name of the service.
            region: region that the client talks to.
            read_timeout_s: seconds to wait for an answer.
            attempts: how often a call is tried in all.

        Returns:
            The client.
        """
        key = (service, region, read_timeout_s, attempts)
        with self._lock:
            if key not in self._made:
                config = Config(
                    connect_timeout=CONNECT_TIMEOUT_S,
                    read_timeout=read_timeout_s,
                    retries={"total_max_attempts": attempts, "mode": "standard"},
                )
                self._made[key] = self._session.client(
                    service,
                    region_name=region,
                    endpoint_url=self._endpoint(region),
                    config=config,
                )
            return self._made[key]


class Gateway:
    """The controller's view of AWS.

    Args:
        config: the controller's configuration.
        pace: by how much durations are divided.
        clients: boto3 clients.
        by_hand: whether a person promotes; only they may promote a replica by binary log.
    """

    def __init__(
        self, config: ControllerConfig, pace: float, clients: Clients, *, by_hand: bool = False
    ) -> None:
        self._config = config
        self._by_hand = by_hand
        self._clients = clients
        self._vote_timeout_s = config.vote_timeout(pace)
        self._is_replica = config.topology == BINLOG_REPLICA

    def vote(self, witness: str, member: str, number: int) -> Vote:
        """Ask a witness about a member.

        Args:
            witness: region of the witness.
            member: region of the member.
            number: the round's number, for the logs.

        Returns:
            The vote.

        Raises:
            GatewayError: the function did not answer, failed, or answered nonsense.
        """
        with _explained(f"the witness in {witness} did not vote"):
            client = self._clients.get(
                "lambda", witness, read_timeout_s=self._vote_timeout_s, attempts=1
            )
            answer = client.invoke(
                FunctionName=self._config.witnesses[witness],
                Payload=json.dumps({"region": member, "round": number}).encode(),
            )
            payload = answer["Payload"].read()
        if answer.get("FunctionError"):
            raise GatewayError(f"the witness in {witness} failed: {payload[:200]!r}")
        try:
            vote = Vote.from_dict(json.loads(payload))
        except (TypeError, ValueError) as error:
            raise GatewayError(f"the witness in {witness} answered nonsense: {error}") from None
        if (vote.witness, vote.member) != (witness, member):
            raise GatewayError(
                f"asked {witness} about {member}, but {vote.witness} answered about {vote.member}"
            )
        return vote

    def topology(self) -> Topology:
        """Describe the database, from the controller's own region.

        Returns:
            Who is the writer, whether anything is under way, whether the own member is ready.

        Raises:
            GatewayError: RDS did not answer, or does not know the database.
        """
        if self._is_replica:
            return self._replica_topology()
        own = self._config.members[self._config.region]
        client = self._clients.get("rds", self._config.region)
        with _explained("the global database could not be described"):
            cluster = client.describe_global_clusters(GlobalClusterIdentifier=self._config.cluster)[
                "GlobalClusters"
            ][0]
            member = client.describe_db_clusters(DBClusterIdentifier=own.cluster_id)["DBClusters"][
                0
            ]
        failover = cluster.get("FailoverState") or {}
        members = cluster.get("GlobalClusterMembers", [])
        standbys = [m for m in members if not m.get("IsWriter")]
        writers = [m for m in members if m.get("IsWriter")]
        versions = (member.get("EngineVersion"), cluster.get("EngineVersion"))
        return Topology(
            writer=_region(writers[0]["DBClusterArn"]) if len(writers) == 1 else None,
            settled=cluster.get("Status") == "available" and not failover.get("Status"),
            failover_target=failover.get("ToDbClusterArn"),
            standby_ready=own.arn in [m["DBClusterArn"] for m in standbys]
            and member.get("Status") == "available"
            and bool(member.get("DBClusterMembers")),
            connected=any(
                m["DBClusterArn"] == own.arn and m.get("SynchronizationStatus") == "connected"
                for m in standbys
            ),
            versions=versions if all(versions) else None,
        )

    def _replica_topology(self) -> Topology:
        """Outside a global database each cluster knows only whom it replicates from itself.

        Source:
        https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Replication.CrossRegion.html
        """
        own = self._config.members[self._config.region]
        with _explained("the cluster of this region could not be described"):
            member = self._clients.get("rds", self._config.region).describe_db_clusters(
                DBClusterIdentifier=own.cluster_id
            )["DBClusters"][0]
        source = member.get("ReplicationSourceIdentifier")
        is_available = member.get("Status") == "available"
        return Topology(
            writer=_region(source) if source else self._config.region,
            settled=is_available,
            standby_ready=bool(source) and is_available and bool(member.get("DBClusterMembers")),
            connected=bool(source),
        )

    def promote(self, target_arn: str) -> str:
        """Promote a member, accepting data loss; asked once, never retried here.

        Sources:
        https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_FailoverGlobalCluster.html
        https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_PromoteReadReplicaDBCluster.html

        Args:
            target_arn: ARN of the member, which lies in the controller's own region.

        Returns:
            AWS's request id.

        Raises:
            GatewayError: refused, or no answer; then whether it was accepted is unknown. A replica
                outside a global database is promoted by people only: nothing fences its source.
        """
        if self._is_replica and not self._by_hand:
            raise GatewayError(f"{target_arn} is a replica by binary log; promote it by hand")
        client = self._clients.get("rds", self._config.region, read_timeout_s=10.0, attempts=1)
        with _explained(f"the promotion of {target_arn} was not accepted"):
            if self._is_replica:
                own = self._config.members[self._config.region]
                answer = client.promote_read_replica_db_cluster(DBClusterIdentifier=own.cluster_id)
            else:
                answer = client.failover_global_cluster(
                    GlobalClusterIdentifier=self._config.cluster,
                    TargetDbClusterIdentifier=target_arn,
                    AllowDataLoss=True,
                )
        return str(answer.get("ResponseMetadata", {}).get("RequestId", ""))

    def put_latch(self, region: str, value: int, at: float) -> None:
        """Put the latch's value into one region.

        Args:
            region: the region.
            value: 1 while the home region is the writer, otherwise 0.
            at: when it was decided, seconds since the epoch; so that a call which arrives late
                does not speak for the time in which it arrives.

        Raises:
            GatewayError: not accepted.
        """
        latch = self._config.latch
        dimensions = [{"Name": latch.dimension_name, "Value": latch.dimension_value}]
        datum = {
            "MetricName": latch.metric,
            "Dimensions": dimensions,
            "Timestamp": datetime.fromtimestamp(at, UTC),
            "Value": float(value),
        }
        with _explained(f"the latch was not set in {region}"):
            self._clients.get("cloudwatch", region).put_metric_data(
                Namespace=latch.namespace, MetricData=[datum]
            )

    def lag(self, before: float) -> tuple[float, float] | None:
        """The last replication lag that was published before a moment.

        The metrics exist only in a standby's region. Source:
        https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html

        Args:
            before: the moment, seconds since the epoch: when the writer was last well, because
                afterwards the metric says nothing about what would be lost.

        Returns:
            Lag in seconds and when it was measured (seconds since the epoch), or None.

        Raises:
            GatewayError: CloudWatch did not answer.
        """
        own = self._config.members[self._config.region]
        client = self._clients.get("cloudwatch", self._config.region)
        end = datetime.fromtimestamp(before, UTC)
        metrics = REPLICA_LAG_METRICS if self._is_replica else LAG_METRICS
        for metric, per_second in metrics.items():
            with _explained("the replication lag could not be read"):
                points = client.get_metric_statistics(
                    Namespace="AWS/RDS",
                    MetricName=metric,
                    Dimensions=[{"Name": "DBClusterIdentifier", "Value": own.cluster_id}],
                    StartTime=end - timedelta(minutes=30),
                    EndTime=end,
                    Period=60,
                    Statistics=["Maximum"],
                )["Datapoints"]
            known = [point for point in points if point["Maximum"] >= 0]  # -1: it does not know
            if known:
                last = max(known, key=lambda point: point["Timestamp"])
                return last["Maximum"] / per_second, last["Timestamp"].timestamp()
        return None

    def page(self, subject: str, message: str) -> None:
        """Wake a human, where a topic is configured.

        Args:
            subject: cut to SNS's 100 characters.
            message: the whole story.

        Raises:
            GatewayError: SNS did not accept it.
        """
        if self._config.topic_arn is None:
            return
        with _explained("the page was not sent"):
            self._clients.get("sns", self._config.region).publish(
                TopicArn=self._config.topic_arn, Subject=subject[:_SUBJECT_LIMIT], Message=message
            )


def _region(arn: str) -> str:
    return arn.split(":")[3]


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Turn whatever a call or an unexpected answer raises into one kind of error."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        raise GatewayError(f"{what}: {error}", code) from error
    except (BotoCoreError, ResponseParserError, OSError) as error:
        raise GatewayError(f"{what}: {error}") from error
    except (KeyError, IndexError) as error:
        raise GatewayError(f"{what}: unexpected answer ({error!r})") from error
