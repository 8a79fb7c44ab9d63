"""Serving the provider to the Pulumi CLI over gRPC.

The CLI looks for an executable `pulumi-resource-aws` on the PATH, starts it with the engine's
address and reads the port from its first line of output:
https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/plugin.go
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import grpc  # type: ignore[import-untyped]  # no stubs are published with it
import grpc.aio  # type: ignore[import-untyped]
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime.proto import provider_pb2_grpc

from bicoastal.errors import BicoastalError
from bicoastal.lab.provider.provider import LabProvider

VERSION = "7.51.1"
"""The version of pulumi-aws whose resources are understood."""


class Servicer(ProviderServicer):
    """Pulumi's own servicer, but its errors are AWS's words alone, without a traceback."""

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Complete the inputs."""
        return await _plainly(super().Check, request, context)

    async def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Create a resource."""
        return await _plainly(super().Create, request, context)

    async def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Read a resource."""
        return await _plainly(super().Read, request, context)

    async def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Change a resource."""
        return await _plainly(super().Update, request, context)

    async def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Delete a resource."""
        return await _plainly(super().Delete, request, context)

    async def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Answer a question."""
        return await _plainly(super().Invoke, request, context)


async def _plainly(method: Callable[[Any, Any], Awaitable[Any]], request: Any, context: Any) -> Any:
    try:
        return await method(request, context)
    except Exception as error:
        # The SDK raises a new exception with the traceback in its text; ours is behind it.
        cause = error.__context__ if error.__context__ is not None else error
        if not isinstance(cause, BicoastalError):
            raise
        await context.abort(grpc.StatusCode.UNKNOWN, str(cause))


async def serve(provider: LabProvider, announce: Callable[[int], object]) -> None:
    """Serve until SIGTERM or SIGINT, on a free port of 127.0.0.1.

    Args:
        provider: what to serve.
        announce: is told the port.
    """
    server = grpc.aio.server()
    servicer = Servicer([], VERSION, provider, engine_address="")
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await server.start()
    announce(port)
    await stopped.wait()
    await server.stop(grace=1)


def main(environ: Mapping[str, str]) -> int:
    """Serve the provider for the embedded AWS that AWS_ENDPOINT_URL names.

    Args:
        environ: the environment.

    Returns:
        Exit status: 0, or 2 if the environment names no embedded AWS.
    """
    try:
        provider = LabProvider(environ.get("AWS_ENDPOINT_URL", ""))
    except BicoastalError as error:
        sys.stderr.write(f"AWS_ENDPOINT_URL: {error}\n")
        return 2
    asyncio.run(serve(provider, _announce))
    return 0


def _announce(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
