"""What every resource type has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Final

from bicoastal.lab.provider.aws import Aws, ProviderError

Inputs = Mapping[str, Any]
"""A resource's inputs or outputs: plain values, camelCase names."""


class Everything(Collection[str]):
    """All property names: for types of which nothing can be changed in place."""

    def __contains__(self, name: object) -> bool:
        return name not in {"tags", "tagsAll"}

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0


EVERYTHING: Final = Everything()


class Handler(ABC):
    """One resource type: how it is created, read, changed and deleted.

    Class attributes:
        type: type token.
        required: inputs without which it cannot be made.
        fixed: inputs whose change needs a new resource.
        named: the input that gets a name made up from the logical name if it has none.
        taggable: whether it takes tags; `tagsAll` is then among the inputs.
        write_only: inputs that must not be found in the outputs.
    """

    type: ClassVar[str]
    required: ClassVar[tuple[str, ...]] = ()
    fixed: ClassVar[Collection[str]] = EVERYTHING
    named: ClassVar[str | None] = None
    taggable: ClassVar[bool] = False
    write_only: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create it and wait until it can be used; return its id.

        A handler that does more than one call sets `aws.made` to the id after the first, so that
        a half-made resource is deleted again if a later call fails.
        """

    @abstractmethod
    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Return what AWS says about it beyond the inputs, or None if it does not exist."""

    def live(self, aws: Aws, id_: str, asked: Inputs) -> dict[str, Any]:
        """Return the inputs that AWS reads back, for a refresh; None for what is not set.

        Only what the real provider reads into its state may be here: a difference between it and
        the program is acted on. A property that is computed as well as optional stands here only
        if it was asked for.

        Args:
            aws: the region.
            id_: the resource's id.
            asked: the inputs as they were asked for.
        """
        del aws, id_, asked
        return {}

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change it in place.

        Raises:
            ProviderError: nothing of it can be changed in place.
        """
        del aws, id_, old, new
        message = f"{self.type} cannot be changed in place"
        raise ProviderError(message)

    @abstractmethod
    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete it and wait until it is gone; one that is gone already is no error."""

    def stored(self, inputs: Inputs) -> dict[str, Any]:
        """Return the inputs as they are kept to be compared with later ones."""
        return {name: value for name, value in inputs.items() if name not in self.write_only}


def differs(old: Inputs, new: Inputs, *names: str) -> bool:
    """Say whether one of the inputs is another than before."""
    return any(old.get(name) != new.get(name) for name in names)


def read_back(found: Inputs, asked: Inputs, names: Mapping[str, str]) -> dict[str, Any]:
    """Pick what was asked for from what AWS says.

    Args:
        found: AWS's description.
        asked: the inputs as they were asked for.
        names: property to AWS's name of it.
    """
    return {name: found.get(theirs) for name, theirs in names.items() if name in asked}
