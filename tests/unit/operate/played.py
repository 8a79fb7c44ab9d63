"""AWS as the examinations ask it: each method answers what the test says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import jmespath

from bicoastal.operate.doctor.finding import Finding

from .fake_rds import refused


def clients(**methods: Any) -> Any:
    """Clients that are all alike.

    Args:
        **methods: a method's name to its answer, to the error that it raises, or to a function.
    """

    def answer(value: Any) -> Callable[..., Any]:
        def method(**arguments: Any) -> Any:
            if isinstance(value, Exception):
                raise value
            return value(**arguments) if callable(value) else value

        return method

    def paginator(name: str) -> Any:
        def paginate(**arguments: Any) -> Any:
            page = answer(methods[name])(**arguments)
            return SimpleNamespace(search=lambda expression: jmespath.search(expression, page))

        return SimpleNamespace(paginate=paginate)

    client = SimpleNamespace(
        get_paginator=paginator, **{name: answer(value) for name, value in methods.items()}
    )
    return SimpleNamespace(get=lambda *_, **__: client)


def absent(code: str) -> Exception:
    return refused(code)


def ids(found: Iterable[Finding]) -> list[str]:
    return [finding.id for finding in found]
