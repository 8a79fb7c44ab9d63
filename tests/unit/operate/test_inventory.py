"""Whose a resource is: told by its name or, where AWS makes the names up, by its tags."""

from __future__ import annotations

from typing import Any

import pytest

from bicoastal.operate import inventory
from bicoastal.operate.inventory import Entry, of_stack
from bicoastal.settings import load
from bicoastal.settings.rules.adopting import WHOLE

from .played import clients
from .samples import HOME, SETTINGS

OWN = {"Environment": "dev", "Project": "bicoastal"}


@pytest.mark.parametrize(
    ("entry", "is_ours"),
    (
        (Entry(HOME, "DB cluster", "aurora-use1-dev", "aurora-use1-dev"), True),
        (Entry(HOME, "DB cluster", "aurora-use1-prod", "aurora-use1-prod"), False),
        (Entry(HOME, "SNS topic", "arn:aws:sns:r:1:notify-use1-dev", "notify-use1-dev"), True),
        (Entry(HOME, "VPC", "vpc-1", "vpc-1", {**OWN, "Name": "x"}), True),
        (Entry(HOME, "VPC", "vpc-1", "vpc-1", {**OWN, "Environment": "prod"}), False),
        (Entry(HOME, "VPC", "vpc-1", "vpc-1", {**OWN, "Project": "other"}), False),
        (Entry(HOME, "VPC", "vpc-use1-dev", "vpc-use1-dev", {}), False),
    ),
)
def test_whose_it_is(monkeypatch: pytest.MonkeyPatch, entry: Entry, is_ours: bool) -> None:
    def entries(client: Any, regions: tuple[str, ...]) -> list[Entry]:
        assert regions == SETTINGS.regions.all
        return [entry]

    monkeypatch.setattr(inventory, "_entries", entries)
    client: Any = None
    assert of_stack(client, SETTINGS) == ((str(entry),) if is_ours else ())


# The second has the names that the stack's own would have.
@pytest.mark.parametrize(
    ("cluster", "instance"), (("orders", "orders-1"), ("aurora-use1-dev", "db-use1-1-dev"))
)
def test_what_was_adopted_is_not_left_over(
    monkeypatch: pytest.MonkeyPatch, cluster: str, instance: str
) -> None:
    adopt = {**WHOLE, "cluster": cluster, "instances": [instance], "logGroups": ["error"]}
    settings = load({"adopt": adopt})
    kept = (cluster, instance, f"/aws/rds/cluster/{cluster}/error")
    own = (f"/aws/rds/cluster/{cluster}/slowquery", "aurora-usw2-dev")
    found = [Entry(HOME, "thing", name, name) for name in (*kept, *own)]
    monkeypatch.setattr(inventory, "_entries", lambda *_: found)
    client: Any = None
    assert of_stack(client, settings) == tuple(map(str, found[-2:]))


def test_records_in_somebody_elses_zone_are_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "db-dev.example.com."
    kinds = ((name, "CNAME", "use1"), (name, "TXT", ""), (name, "CNAME", ""), ("x.", "CNAME", ""))
    records = [{"Name": n, "Type": t} | ({"SetIdentifier": i} if i else {}) for n, t, i in kinds]
    monkeypatch.setattr(inventory, "_entries", lambda *_: [])
    client = clients(list_resource_record_sets={"ResourceRecordSets": records}).get
    theirs = SETTINGS.model_copy(
        update={"hosted_zone_id": "Z1", "domain_name": "DB-dev.example.com"}
    )
    assert of_stack(client, theirs) == (
        f"global DNS record {name}",
        f"global DNS record {name} use1",
    )
    assert of_stack(client, SETTINGS) == ()
