"""What a refusal is, and what a rule may ask before it gives one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

COMBINATION = "InvalidParameterCombination"
VALUE = "InvalidParameterValue"


@dataclass(frozen=True)
class Refusal:
    """An error that AWS would answer with.

    Attributes:
        code: AWS's error code.
        message: AWS's text, or ours where theirs is not known.
        status: The HTTP status.
    """

    code: str
    message: str
    status: int = 400


Record: TypeAlias = Mapping[str, Any]
Parameters: TypeAlias = Mapping[str, str]


class Inventory(Protocol):
    """What exists in the request's region (and globally) when a rule is asked."""

    def cluster(self, identifier: str) -> Record | None:
        """A cluster by its identifier or ARN."""
        ...

    def global_cluster(self, identifier: str) -> Record | None:
        """A global cluster by its identifier."""
        ...

    def writer_of(self, global_cluster: Record) -> Record | None:
        """The cluster that is a global cluster's writer."""
        ...

    def instance(self, identifier: str) -> Record | None:
        """An instance of the request's region."""
        ...

    def instances_of(self, cluster: Record) -> list[Record]:
        """A cluster's instances."""
        ...

    def replicas_of(self, cluster: Record) -> list[Record]:
        """The clusters outside a global cluster that replicate from a cluster, in all regions."""
        ...

    def clusters(self) -> list[Record]:
        """All clusters of the region."""
        ...

    def parameters_of(self, cluster: Record) -> Mapping[str, str]:
        """What a cluster's parameter group sets."""
        ...

    def subnet_groups(self) -> Mapping[str, Record]:
        """The region's subnet groups by name."""
        ...


Rule: TypeAlias = Callable[[Parameters, Inventory], Refusal | None]
