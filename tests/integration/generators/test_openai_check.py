"""What `check` reports about an endpoint of the Images API, tested with stand-in servers over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from darkroom.adapters.generators.openai_images import open_openai_images, parse_models
from darkroom.domain.model.errors import GeneratorRefused, GeneratorUnavailable

Said = tuple[int, object, Mapping[str, str]]


@asynccontextmanager
async def answering(said: Mapping[str, Said]) -> AsyncIterator[str]:
    """A server that gives the answers in `said`, by path, and 404 for any other path."""

    async def answer(request: web.Request) -> web.StreamResponse:
        status, body, headers = said.get(request.path, (404, {"detail": "Not Found"}, {}))
        return web.json_response(body, status=status, headers=headers)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


async def checked(said: Mapping[str, Said], *models: str, **options: Any) -> str:  # noqa: ANN401
    async with (
        answering(said) as base_url,
        open_openai_images(
            api_key="k", base_url=base_url, models=parse_models(models or ["gpt-image-2"]), **options
        ) as generator,
    ):
        return await generator.check()


def listing(*entries: dict[str, object], **headers: str) -> Mapping[str, Said]:
    return {"/v1/models": (200, {"object": "list", "data": list(entries)}, headers)}


async def test_names_of_models_are_compared_with_the_list() -> None:
    assert "has gpt-image-2" in await checked(listing({"id": "gpt-image-2"}, {"id": "other"}))
    assert "has gpt-image-2" in await checked(listing({"id": "gpt-*"}))
    with pytest.raises(GeneratorRefused, match="does not have flux, gpt-image-9"):
        await checked(listing({"id": "gpt-image-2"}), "flux=64-512", "mine=64-512 model=gpt-image-9")


async def test_names_are_not_compared_at_azure_which_lists_models_and_not_deployments() -> None:
    said = await checked(listing({"id": "gpt-image-2"}), "mine=1024x1024 kind=gpt-image", query="api-version=preview")

    assert "could not be compared" in said


@pytest.mark.parametrize(
    ("field", "day"),
    [
        ({"deprecation": "2026-12-24"}, "2026-12-24"),
        ({"deprecation": {"inference": 1_798_070_400}}, "2026-12-24"),
        ({"shutdown_date": "2026-12-24T00:00:00Z"}, "2026-12-24"),
        ({"expiration_date": "2026-12-24"}, "2026-12-24"),
    ],
)
async def test_a_model_that_ends_is_named_with_the_day(field: dict[str, object], day: str) -> None:
    assert f"gpt-image-2 ends on {day}" in await checked(
        listing({"id": "gpt-image-2", "created": 1_776_729_600, **field})
    )


async def test_an_api_that_ends_is_named_with_the_day() -> None:
    said = await checked(listing({"id": "gpt-image-2"}, Sunset="Thu, 24 Dec 2026 00:00:00 GMT"))

    assert "this API ends on 2026-12-24" in said


async def test_if_the_list_is_refused_one_model_is_asked_for() -> None:
    said: dict[str, Said] = {"/v1/models": (400, {}, {}), "/v1/models/gpt-image-2": (200, {"id": "gpt-image-2"}, {})}
    assert "does not refuse the key" in await checked(said)

    said["/v1/models/gpt-image-2"] = (401, {}, {})
    with pytest.raises(GeneratorRefused, match="refuses our key"):
        await checked(said)


async def test_a_key_that_could_not_be_tried_is_not_reported_as_accepted() -> None:
    said = await checked({"/v1/models": (400, {"error": {"message": "No connected db."}}, {})})

    assert "the key could not be tested: no free request is answered (HTTP 400)" in said
    assert "does not refuse" not in said


async def test_litellm_is_recognised_and_warned_about() -> None:
    said = {"/v1/models": (200, {"data": [{"id": "gpt-image-2"}]}, {"x-litellm-version": "1.108.7"})}

    assert "sends one call up to three times" in await checked(said)


@pytest.mark.parametrize("status", [500, 503])
async def test_a_failing_server_is_reported(status: int) -> None:
    with pytest.raises(GeneratorUnavailable, match=f"HTTP {status}"):
        await checked({"/v1/models": (status, {}, {})})
