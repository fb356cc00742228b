"""OpenRouter's descriptions of models, read at the start and kept for starts without a network."""

import asyncio
import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import httpx

from darkroom.adapters.durable_folder import DurableFolder
from darkroom.adapters.generators.openrouter.descriptors import Description
from darkroom.adapters.generators.openrouter.models import Named, OpenRouterModel
from darkroom.adapters.outbound_http.endpoint import Endpoint
from darkroom.adapters.outbound_http.free_calls import FreeCalls
from darkroom.adapters.outbound_http.headers import HEADERS
from darkroom.domain.model.errors import DrawingFailed, GeneratorUnavailable, InvalidValue

log = logging.getLogger(__name__)

_LONGEST: Final = 1024 * 1024  # bytes of one model's description


class Catalogue:
    """Reads descriptions of models, and keeps each in a folder, in a file named after the model."""

    FOLDER: Final = "openrouter"

    def __init__(self, endpoint: Endpoint, free: FreeCalls, folder: DurableFolder) -> None:
        self._endpoint, self._free, self._folder = endpoint, free, folder

    async def models(self, named: Mapping[str, Named]) -> dict[str, OpenRouterModel]:
        """Return the models that the operator names, by version; those not declared by hand are looked up.

        Raises:
            InvalidValue: one cannot be offered, or OpenRouter is unreachable and no description of it is kept.
        """
        found = await asyncio.gather(*map(self._model, named.values()))
        return dict(zip(named, found, strict=True))

    async def _model(self, named: Named) -> OpenRouterModel:
        return named.declared() if named.by_hand else named.described(await self._description(named))

    async def _description(self, named: Named) -> Description:
        file = f"{self.FOLDER}/{named.name.replace('/', '@')}.json"
        kept = await asyncio.to_thread(self._kept, file)
        try:
            document = await self._asked(named, kept or {})
        except DrawingFailed as reason:
            if kept is None:
                raise InvalidValue(
                    f"what {named.name} accepts could not be read from OpenRouter ({reason}) and was not read before: "
                    f"list its sizes, as in {named.version}={named.name} 1:1=1024x1024 only=MAKER"
                ) from reason
            log.warning("%s is offered as OpenRouter described it last: it cannot be asked now: %s", named.name, reason)
            document = kept
        else:
            await asyncio.to_thread(self._keep, file, document)
        return Description.read(document, document.get("expiration_date"))

    async def _asked(self, named: Named, kept: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a model's endpoints and its `expiration_date`, which is the `kept` one if it cannot be read."""
        endpoints = await self._get(f"/images/models/{named.name}/endpoints", named)
        try:
            model = (await self._get(f"/model/{named.name}", named)).get("data")
        except (DrawingFailed, InvalidValue) as reason:
            log.warning("OpenRouter does not say when %s ends: %s", named.name, reason)
            model = kept
        ends = model.get("expiration_date") if isinstance(model, Mapping) else None
        return {"endpoints": endpoints.get("endpoints"), "expiration_date": ends}

    async def _get(self, path: str, named: Named) -> Mapping[str, Any]:
        headers = {**HEADERS, "Accept": "application/json", "Authorization": f"Bearer {self._endpoint.api_key}"}
        request = httpx.Request("GET", self._endpoint.url(path), headers=headers)
        answer = await self._free.send(request, longest=_LONGEST)
        if answer.status == HTTPStatus.NOT_FOUND:
            raise InvalidValue(f"{named.version!r}: OpenRouter does not draw with {named.name}")
        document = answer.document()
        if not answer.is_success or not document:
            raise GeneratorUnavailable(f"HTTP {answer.status}")
        return document

    def _kept(self, file: str) -> Mapping[str, Any] | None:
        try:
            document = json.loads(self._folder.read(file) or b"null")
        except (OSError, ValueError, RecursionError) as fault:
            log.warning("the last answer of OpenRouter cannot be read from %s/%s: %s", self._folder, file, fault)
            return None
        return document if isinstance(document, dict) else None

    def _keep(self, file: str, document: Mapping[str, Any]) -> None:
        """Keep a description for a start without a network; failing to do so only logs a warning."""
        try:
            self._folder.replace((file, json.dumps(document).encode()))
        except OSError as fault:
            log.warning("the answer of OpenRouter cannot be kept in %s/%s: %s", self._folder, file, fault)
