"""The record's store: one item, written only if nobody else has written it since it was read.

The item lives in a DynamoDB table (in AWS a global table with multi-Region strong consistency).
Every write is conditional on the epoch, the state and the version that were read, and extends the
audit trail inside the item. Sources:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
(conflicting writes to a strongly consistent global table: ReplicatedWriteConflictException).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from bicoastal.failover.audit import Entry, Note, link, to_json
from bicoastal.failover.errors import Conflict, RecordError, StoreError
from bicoastal.failover.state import Record

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

AUDIT_LIMIT = 64
_CONFLICTS = (
    "ConditionalCheckFailedException",
    "ReplicatedWriteConflictException",
    "TransactionConflictException",
)


class RecordStore:
    """Reads and writes the record.

    Args:
        client: DynamoDB client of the caller's own region.
        table: table name; its partition key is `cluster`.
        cluster: global cluster identifier.
        home_region: the writer as long as no record has been written.
        audit_limit: entries to keep; the oldest are dropped, the chain stays verifiable.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        cluster: str,
        home_region: str,
        *,
        audit_limit: int = AUDIT_LIMIT,
    ) -> None:
        self._client = client
        self._table = table
        self._cluster = cluster
        self.home_region = home_region
        self._limit = audit_limit
        # The trail as of the version last read: a write extends it, under that very version.
        self._trail: tuple[int, list[str]] | None = None

    def read(self) -> Record:
        """Read the record, consistently.

        Returns:
            The record; when none was written yet, a disarmed one of version 0.

        Raises:
            StoreError: DynamoDB did not answer.
            RecordError: the item cannot be understood.
        """
        try:
            answer = self._client.get_item(
                TableName=self._table, Key={"cluster": {"S": self._cluster}}, ConsistentRead=True
            )
        except (ClientError, BotoCoreError) as error:
            raise StoreError(f"the record could not be read: {error}") from error
        item = answer.get("Item")
        if item is None:
            self._trail = (0, [])
            return Record(cluster=self._cluster, writer=self.home_region)
        try:
            record = Record.from_dict(json.loads(item["record"]["S"]))
            self._trail = (record.version, [entry["S"] for entry in item["audit"]["L"]])
        except (KeyError, ValueError) as error:
            message = f"the record of {self._cluster} in table {self._table} is damaged: {error}"
            raise RecordError(message) from None
        return record

    def write(self, old: Record, new: Record, note: Note | None) -> Record:
        """Write the record if it is still as it was read.

        Args:
            old: the record as read.
            new: the record to write; its version is set here.
            note: the audit entry's content; None leaves the trail alone, for writes that only
                move the time of the latest bad round.

        Returns:
            The record as written.

        Raises:
            Conflict: somebody else has written since; nothing was written.
            StoreError: DynamoDB did not answer; whether it was written is unknown.
            RecordError: the item cannot be understood.
        """
        trail = self._trail_of(old)
        written = replace(new, version=old.version + 1)
        if note is not None:
            trail = [*trail, link(trail, old, written, note).to_json()][-self._limit :]
        self._put(old, written, trail)
        self._trail = (written.version, trail)
        return written

    def audit(self) -> tuple[Entry, ...]:
        """The audit trail, oldest first.

        Raises:
            StoreError: DynamoDB did not answer.
            RecordError: the item cannot be understood.
        """
        self.read()
        return tuple(Entry.from_json(entry) for entry in (self._trail or (0, []))[1])

    def _trail_of(self, record: Record) -> list[str]:
        if self._trail is None or self._trail[0] != record.version:
            self.read()
        version, trail = self._trail or (0, [])
        if version != record.version:
            raise Conflict(f"the record is no longer of version {record.version}")
        return trail

    def _put(self, old: Record, new: Record, trail: Sequence[str]) -> None:
        # All these names, `cluster` too, are reserved words of DynamoDB's expressions.
        condition: dict[str, Any] = {
            "ConditionExpression": "attribute_not_exists(#c)",
            "ExpressionAttributeNames": {"#c": "cluster"},
        }
        if old.version:
            condition = {
                "ConditionExpression": "#e = :e AND #s = :s AND #v = :v",
                "ExpressionAttributeNames": {"#e": "epoch", "#s": "state", "#v": "version"},
                "ExpressionAttributeValues": {
                    ":e": {"N": str(old.epoch)},
                    ":s": {"S": old.state.value},
                    ":v": {"N": str(old.version)},
                },
            }
        try:
            self._client.put_item(
                TableName=self._table,
                Item={
                    "cluster": {"S": self._cluster},
                    "epoch": {"N": str(new.epoch)},
                    "state": {"S": new.state.value},
                    "version": {"N": str(new.version)},
                    "record": {"S": to_json(new.to_dict())},
                    "audit": {"L": [{"S": entry} for entry in trail]},
                },
                **condition,
            )
        except (ClientError, BotoCoreError) as error:
            self._trail = None
            if isinstance(error, ClientError) and _code(error) in _CONFLICTS:
                raise Conflict(f"the record is no longer of version {old.version}") from None
            raise StoreError(f"the record could not be written: {error}") from error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
