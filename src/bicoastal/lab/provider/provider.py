"""The provider itself: Pulumi's calls on one side, one handler per resource type on the other."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import threading
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pulumi.provider.experimental.provider import (
    CheckFailure,
    CheckRequest,
    CheckResponse,
    ConfigureRequest,
    ConfigureResponse,
    CreateRequest,
    CreateResponse,
    DeleteRequest,
    DiffRequest,
    DiffResponse,
    GetSchemaRequest,
    GetSchemaResponse,
    InvokeRequest,
    InvokeResponse,
    Provider,
    ReadRequest,
    ReadResponse,
    UpdateRequest,
    UpdateResponse,
)

from bicoastal.lab.engine.values import (
    PropertyValue,
    Secret,
    from_plain,
    reveal,
    secret_strings,
    to_plain,
)
from bicoastal.lab.provider.aws import Aws, Clients, Credentials, ProviderError, explained
from bicoastal.lab.provider.handler import Handler
from bicoastal.lab.provider.invokes import INVOKES
from bicoastal.lab.provider.registry import HANDLERS, SERVICES

Properties = Mapping[str, PropertyValue]

INPUTS_KEY: Final = "__inputs"
"""The output that holds the inputs as they were, for the next comparison. Pulumi's SDK hides
outputs whose name begins with two underscores from programs."""


class LabProvider(Provider):
    """Creates the stack's resources in an embedded AWS.

    One object is configured for one region. Copies (`copy.copy`) share their connections, so the
    engine makes one copy per provider resource.

    Args:
        endpoint_url: where the embedded AWS listens; must be on the loopback interface.
        credentials: keys that it takes.
        patience: seconds after which waiting for a resource is given up.

    Raises:
        ProviderError: the address is not a loopback address.
    """

    def __init__(
        self,
        endpoint_url: str,
        credentials: Credentials | None = None,
        *,
        patience: float = 300.0,
    ) -> None:
        self._clients = Clients(endpoint_url, credentials or Credentials())
        self._patience = patience
        self._stop = threading.Event()
        self._region = "us-east-1"
        self._default_tags: dict[str, str] = {}

    def warm(self, regions: Iterable[str]) -> None:
        """Make the clients of some regions beforehand.

        That takes about half a second of computing, which is best spent while something else is
        waited for, such as the start of the embedded AWS.

        Args:
            regions: AWS regions that will be needed.
        """
        for region in regions:
            for service in SERVICES:
                self._clients.get(service, region)

    def client(self, service: str, region: str) -> Any:
        """Give the client that the handlers use.

        Args:
            service: boto3's name of the service.
            region: AWS region.

        Returns:
            The client, the same one for the same arguments.
        """
        return self._clients.get(service, region)

    async def get_schema(self, request: GetSchemaRequest) -> GetSchemaResponse:
        """Return the least that is a schema: programs in Python bring their own."""
        del request
        return GetSchemaResponse(schema=json.dumps({"name": "aws", "resources": {}}))

    async def configure(self, request: ConfigureRequest) -> ConfigureResponse:
        """Take region and default tags from the provider's inputs."""
        args = reveal(to_plain(request.args))
        self._region = (
            args.get("region") or request.variables.get("aws:config:region") or "us-east-1"
        )
        default_tags = args.get("defaultTags") or {}
        if isinstance(default_tags, str):  # a provider's inputs are texts; others are JSON in them
            default_tags = json.loads(default_tags)
        self._default_tags = dict(default_tags.get("tags") or {})
        self._stop = threading.Event()
        return ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def cancel(self) -> None:
        """Give up what is being waited for now; what is asked for later is not affected."""
        self._stop.set()
        self._stop = threading.Event()

    async def check(self, request: CheckRequest) -> CheckResponse:
        """Complete the inputs: a name where there is none, and all tags."""
        handler = _handler(request.urn)
        inputs = dict(request.new_inputs)
        failures = [
            CheckFailure(name, "is required") for name in handler.required if name not in inputs
        ]
        if handler.named and handler.named not in inputs:
            old = request.old_inputs.get(handler.named)
            inputs[handler.named] = old or from_plain(_made_up_name(request.urn))
        if handler.taggable:
            own = inputs.get("tags")
            tags = {**self._default_tags, **(reveal(to_plain(own)) if own is not None else {})}
            inputs["tagsAll"] = from_plain(tags)
        return CheckResponse(inputs=inputs, failures=failures)

    async def diff(self, request: DiffRequest) -> DiffResponse:
        """Compare with the inputs of the last time."""
        handler = _handler(request.urn)
        old = reveal(to_plain(request.old_state)).get(INPUTS_KEY) or {}
        new = handler.stored(reveal(to_plain(request.new_inputs)))
        changed = sorted(
            name
            for name in {*old, *new}
            if old.get(name) != new.get(name) and name not in request.ignore_changes
        )
        return DiffResponse(
            changes=bool(changed),
            replaces=[name for name in changed if name in handler.fixed],
            diffs=changed,
            # Names are given by the program, so two of a kind cannot be there at once.
            delete_before_replace=True,
        )

    async def create(self, request: CreateRequest) -> CreateResponse:
        """Create a resource; one that could only be made in part is taken away again."""
        if request.preview:
            return CreateResponse("", dict(request.properties))
        id_, outputs = await asyncio.to_thread(self._create, request.urn, request.properties)
        return CreateResponse(id_, outputs)

    async def read(self, request: ReadRequest) -> ReadResponse:
        """Read a resource; an empty answer means that it does not exist.

        For a resource of the stack the inputs come back as AWS has them: a refresh. So they do
        for one that is imported, of which nothing but the inputs is known yet.
        """
        handler = _handler(request.urn)
        known = {
            name: value
            for name, value in {**request.inputs, **request.properties}.items()
            if name not in handler.write_only
        }
        found = await asyncio.to_thread(self._read, request.urn, request.resource_id, known)
        if found is None:
            return ReadResponse()
        if request.inputs and not request.properties:
            known[INPUTS_KEY] = _notes(handler, reveal(to_plain(request.inputs)), known)
        properties, inputs = {**known, **found}, dict(request.inputs)
        if INPUTS_KEY in known:
            notes, live = await asyncio.to_thread(
                self._live, handler, request.resource_id, known, request.inputs
            )
            properties[INPUTS_KEY] = _as_secret_as(known[INPUTS_KEY], notes)
            inputs = {k: v for k, v in inputs.items() if k not in live} | {
                name: _as_secret_as(request.inputs.get(name), value)
                for name, value in live.items()
                if value is not None
            }
        return ReadResponse(request.resource_id, properties, inputs)

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        """Change a resource in place."""
        if request.preview:
            return UpdateResponse(dict(request.news))
        outputs = await asyncio.to_thread(
            self._update, request.urn, request.resource_id, request.olds, request.news
        )
        return UpdateResponse(outputs)

    async def delete(self, request: DeleteRequest) -> None:
        """Delete a resource; one that is gone already is no error."""
        await asyncio.to_thread(self._delete, request.urn, request.resource_id, request.properties)

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        """Answer a question."""
        function = INVOKES.get(request.tok)
        if function is None:
            return InvokeResponse(failures=[CheckFailure(request.tok, "is not known to the lab")])
        args = reveal(to_plain(request.args))
        answer = await asyncio.to_thread(self._ask, function, args)
        return InvokeResponse({name: from_plain(value) for name, value in answer.items()})

    def _aws(self, plain: Mapping[str, Any]) -> Aws:
        """Return the region where a resource is: its own `region`, or the provider's."""
        region = plain.get("region")
        return Aws(
            self._clients,
            region if isinstance(region, str) else self._region,
            self._stop,
            self._patience,
        )

    def _create(self, urn: str, properties: Properties) -> tuple[str, dict[str, PropertyValue]]:
        handler = _handler(urn)
        inputs = reveal(to_plain(properties))
        aws = self._aws(inputs)
        with explained():
            try:
                id_ = handler.create(aws, inputs)
                found = handler.read(aws, id_, inputs) or {}
            except BaseException:
                if aws.made is not None:
                    # What went wrong is more telling than a clean-up that fails as well.
                    with contextlib.suppress(Exception):
                        handler.delete(self._aws(inputs), aws.made, inputs)
                raise
        return id_, _outputs(handler, properties, inputs, found)

    def _read(self, urn: str, id_: str, known: Properties) -> dict[str, PropertyValue] | None:
        plain = reveal(to_plain(known))
        with explained():
            found = _handler(urn).read(self._aws(plain), id_, plain)
        if found is None:
            return None
        return {name: from_plain(value) for name, value in found.items()}

    def _live(
        self, handler: Handler, id_: str, known: Properties, inputs: Properties
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Ask for the inputs as AWS has them; return the notes with them, and them alone."""
        notes = reveal(to_plain(known[INPUTS_KEY]))
        with explained():
            live = handler.live(self._aws(reveal(to_plain(inputs))), id_, notes)
        kept = {name: value for name, value in notes.items() if name not in live}
        return kept | {n: value for n, value in live.items() if value is not None}, live

    def _update(
        self, urn: str, id_: str, olds: Properties, news: Properties
    ) -> dict[str, PropertyValue]:
        handler = _handler(urn)
        inputs = reveal(to_plain(news))
        old = reveal(to_plain(olds)).get(INPUTS_KEY) or {}
        aws = self._aws(inputs)
        with explained():
            handler.update(aws, id_, old, inputs)
            found = handler.read(aws, id_, inputs) or {}
        return _outputs(handler, news, inputs, found)

    def _delete(self, urn: str, id_: str, properties: Properties) -> None:
        plain = reveal(to_plain(properties))
        with explained():
            _handler(urn).delete(self._aws(plain), id_, plain)

    def _ask(self, function: Any, args: Mapping[str, Any]) -> dict[str, Any]:
        with explained():
            return dict(function(self._aws(args), args))


def _handler(urn: str) -> Handler:
    """Return the handler of a resource's type.

    The URN has the types of all its parents: `parent$child`.
    """
    type_ = urn.split("::")[2].rpartition("$")[2]
    handler = HANDLERS.get(type_)
    if handler is None:
        message = f"the lab's provider does not know the resource type {type_}"
        raise ProviderError(message, "UnknownType")
    return handler


def _made_up_name(urn: str) -> str:
    """Make a name from the logical name: always the same, so that nothing is ever made twice."""
    name = urn.rpartition("::")[2]
    return f"{name}-{hashlib.sha256(urn.encode()).hexdigest()[:7]}"


def _as_secret_as(old: PropertyValue | None, value: Any) -> PropertyValue:
    """Make a property value that is secret if the old one is."""
    secret = old is not None and old.contains_secret()
    return from_plain(Secret(value) if secret else value)


def _outputs(
    handler: Handler, properties: Properties, inputs: Mapping[str, Any], found: Mapping[str, Any]
) -> dict[str, PropertyValue]:
    """Put together what is told of a resource: inputs, what AWS says, notes for the next time."""
    outputs = {name: value for name, value in properties.items() if name not in handler.write_only}
    outputs |= {
        name: from_plain(value)
        for name, value in found.items()
        if name not in outputs or not outputs[name].contains_secret()
    }
    outputs[INPUTS_KEY] = _notes(handler, inputs, outputs)
    return outputs


def _notes(handler: Handler, inputs: Mapping[str, Any], outputs: Properties) -> PropertyValue:
    """The inputs for the next comparison; secret as a whole if anything of the outputs is."""
    notes = handler.stored(inputs)
    secret = bool(secret_strings(to_plain(outputs)))
    return from_plain(Secret(notes) if secret else notes)
