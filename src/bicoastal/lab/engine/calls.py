"""Providers: one configured copy per provider resource, and the event loop their calls run in.

A provider's methods are coroutines; the engine asks for them from several threads. They all run
in one loop of their own, so that an interrupted program does not take the calls with it.
"""

from __future__ import annotations

import asyncio
import copy
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self, TypeVar

from pulumi.provider.experimental.provider import ConfigureRequest, Provider

from bicoastal.errors import DeploymentError
from bicoastal.lab.engine.values import PropertyValue, from_plain

T = TypeVar("T")

WORKERS = 16
"""How many calls may be under way at once."""


class CallLoop:
    """An event loop in a thread of its own; use as a context manager."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._executor = ThreadPoolExecutor(WORKERS, thread_name_prefix="provider")
        self._loop.set_default_executor(self._executor)
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="provider-loop", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._executor.shutdown()
        self._loop.close()

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        """Run the coroutine and wait for it, from any other thread."""
        return asyncio.run_coroutine_threadsafe(call, self._loop).result()


class ProviderPool:
    """The configured providers of one stack.

    Args:
        template: the provider that is copied for every provider resource, or None if the stack
            is only ever previewed.
        default_region: AWS region of the default provider (configuration `aws:region`).
    """

    def __init__(self, template: Provider | None, default_region: str) -> None:
        self._template = template
        self._default_region = default_region
        self._lock = threading.Lock()
        self._configured: dict[str, Provider] = {}

    async def configure(self, reference: str, inputs: Mapping[str, PropertyValue]) -> None:
        """Make a provider of that configuration.

        Args:
            reference: `<urn>::<id>` of the provider resource.
            inputs: its inputs, such as `region`.
        """
        if self._template is None:
            message = "the deployment has no provider: it can only be previewed"
            raise DeploymentError(message)
        provider = copy.copy(self._template)
        request = ConfigureRequest(
            variables={}, args=dict(inputs), accept_secrets=True, accept_resources=False
        )
        await provider.configure(request)
        with self._lock:
            self._configured[reference] = provider

    async def get(self, reference: str) -> Provider:
        """Return the provider; the default one is configured when it is first asked for.

        Raises:
            DeploymentError: there is no such provider.
        """
        if reference == "" and reference not in self._configured:
            await self.configure("", {"region": from_plain(self._default_region)})
        provider = self._configured.get(reference)
        if provider is None:
            message = f"unknown provider {reference!r}"
            raise DeploymentError(message)
        return provider

    async def cancel(self) -> None:
        """Ask every provider to give up what it is waiting for."""
        for provider in list(self._configured.values()):
            await provider.cancel()
