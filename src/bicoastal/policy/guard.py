"""What a guard is: a rule for resources, whoever wrote the program that registers them.

A guard speaks for a rule of the settings' catalogue wherever there is one: its id, its severity,
what it wants and its source are that rule's. `BC8xx` are rules that settings cannot break, because
the program never does what they forbid. Each guard has examples that the tests run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bicoastal.settings import RULES, Severity


class _Unknown:
    """The one value of `UNKNOWN`."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()
"""A value that a preview cannot know; no guard judges it, and none takes it for absent."""


@dataclass(frozen=True)
class Resource:
    """A resource, as plain values.

    Attributes:
        type: type token, such as `aws:rds/cluster:Cluster`.
        props: its properties, in camel case; what is not known yet is `UNKNOWN`.
        urn: what Pulumi calls it.
        region: the region that it is made in; empty if it is not known or has none.
        uses: property -> URNs of the resources that its value comes from.
    """

    type: str
    props: Mapping[str, Any]
    urn: str = ""
    region: str = ""
    uses: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Whether a property is given, known or not; false, 0 and empty values are not."""
        return bool(self.props.get(name))

    def lacks(self, name: str) -> bool:
        """Whether a property is absent, false, 0 or empty, and known to be."""
        return not self.has(name)

    def known(self, name: str) -> Any:
        """A property's value; `None` if it is absent or not known yet."""
        value = self.props.get(name)
        return None if value is UNKNOWN else value

    def text(self, name: str) -> str:
        """A property's value if it is known text; otherwise empty."""
        value = self.props.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> float | None:
        """A property's value if it is a known number."""
        value = self.props.get(name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if is_number else None  # type: ignore[arg-type]  # narrowed above

    def group(self, name: str) -> Mapping[str, Any]:
        """A property that holds a mapping; empty if it does not, or is not known yet."""
        value = self.props.get(name)
        return value if isinstance(value, Mapping) else {}


@dataclass(frozen=True)
class Violation:
    """What a guard found.

    Attributes:
        message: what is wrong, and the cure.
        urn: the resource; empty if the message is of the one that was looked at, or of the stack.
    """

    message: str
    urn: str = ""


Config = Mapping[str, Any]
ResourceCheck = Callable[[Resource, Config], Iterable[str]]
StackCheck = Callable[[Sequence[Resource], Config], Iterable[Violation]]
Props = Mapping[str, Any]


@dataclass(frozen=True)
class Guard:
    """A rule for resources.

    Attributes:
        name: what Pulumi calls the policy, such as `bc801-storage-encrypted`.
        rule_id: the rule that it speaks for.
        severity: `error` refuses; `warning` and `info` advise.
        summary: one line: what the rule wants.
        source: the address of the page that states it.
        types: the types that it looks at.
        config: default -> of each key that may be configured.
    """

    name: str
    rule_id: str
    severity: Severity
    summary: str
    source: str
    types: tuple[str, ...]
    config: Config


@dataclass(frozen=True)
class ResourceGuard(Guard):
    """A guard that looks at one resource, before it is made or changed.

    Attributes:
        check: yields what is wrong with a resource of one of its types.
        passes: type and properties in which it finds nothing.
        fails: type and properties in which it finds something.
    """

    check: ResourceCheck
    passes: tuple[Props, ...]
    fails: tuple[Props, ...]

    def judge(self, resource: Resource, config: Config | None = None) -> Iterator[str]:
        """Everything that is wrong with a resource; nothing if it is of another type."""
        if resource.type in self.types:
            yield from self.check(resource, {**self.config, **(config or {})})


@dataclass(frozen=True)
class StackGuard(Guard):
    """A guard that looks at a whole stack, because one resource alone does not tell.

    Attributes:
        check: yields what is wrong with the resources of a stack.
        passes: stacks in which it finds nothing.
        fails: stacks in which it finds something.
    """

    check: StackCheck
    passes: tuple[tuple[Resource, ...], ...]
    fails: tuple[tuple[Resource, ...], ...]

    def judge(
        self, resources: Sequence[Resource], config: Config | None = None
    ) -> Iterator[Violation]:
        """Everything that is wrong with a stack."""
        yield from self.check(resources, {**self.config, **(config or {})})


def spoken_for(rule_id: str, name: str) -> dict[str, Any]:
    """What a guard takes over from the catalogue's rule that it speaks for.

    Args:
        rule_id: the rule's id.
        name: what the policy is about, in words joined by hyphens.

    Returns:
        Arguments of a guard.
    """
    rule = RULES[rule_id]
    return {
        "name": f"{rule_id.lower()}-{name}",
        "rule_id": rule_id,
        "severity": rule.severity,
        "summary": rule.summary,
        "source": rule.source,
    }


def own(rule_id: str, name: str, severity: Severity, summary: str, source: str) -> dict[str, Any]:
    """What a guard says of itself that has no rule in the catalogue.

    Args:
        rule_id: `BC8xx`.
        name: what the policy is about, in words joined by hyphens.
        severity: how bad a violation is.
        summary: one line: what it wants.
        source: the address of the page that states it.

    Returns:
        Arguments of a guard.
    """
    return {
        "name": f"{rule_id.lower()}-{name}",
        "rule_id": rule_id,
        "severity": severity,
        "summary": summary,
        "source": source,
    }
