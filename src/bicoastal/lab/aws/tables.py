"""What MiniStack does not tell of a global table: its consistency, and the region of its witness.

A witness holds no table, so that nothing but the description shows it. Source:
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_CONSISTENCY, _WITNESS = "_lab_consistency", "_lab_witness"


def update_table(
    dynamodb: Any, original: Callable[[Mapping[str, Any]], Any], data: Mapping[str, Any]
) -> Any:
    """Replaces ``_update_table``: keeps what a global table is made with.

    Args:
        dynamodb: MiniStack's module.
        original: its own function.
        data: the request.

    Returns:
        The response.
    """
    name, changes = dynamodb._normalize_table_name(data.get("TableName")), _changes(data)
    answer = original(data)
    if changes and answer[0] == 200:
        account, table = dynamodb.get_account_id(), dynamodb._tables[name]
        for region in dynamodb._replica_group(table) or [dynamodb.get_region()]:
            dynamodb._tables.get_scoped(account, region, name).update(changes)
    return answer


def _changes(data: Mapping[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if "MultiRegionConsistency" in data:
        changes[_CONSISTENCY] = data["MultiRegionConsistency"]
    for update in data.get("GlobalTableWitnessUpdates") or ():
        changes[_WITNESS] = update["Create"]["RegionName"] if "Create" in update else None
    return changes


def table_description(
    dynamodb: Any, original: Callable[[str], dict[str, Any]], name: str
) -> dict[str, Any]:
    """Replaces ``_table_description``: adds the consistency and the witness.

    Args:
        dynamodb: MiniStack's module.
        original: its own function.
        name: the table's name.

    Returns:
        The description.
    """
    description, table = original(name), dynamodb._tables[name]
    if "Replicas" in description:
        description["MultiRegionConsistency"] = table.get(_CONSISTENCY, "EVENTUAL")
    if witness := table.get(_WITNESS):
        description["GlobalTableWitnesses"] = [{"RegionName": witness, "WitnessStatus": "ACTIVE"}]
    return description
