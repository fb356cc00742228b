"""The door for clients of OpenAI's Images API: its fields, its answers, its errors."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import httpx
import pytest

from darkroom.adapters.in_memory.generator import WIDEST_CARD, InMemoryImageGenerator
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import (
    Charged,
    DrawingFailed,
    GeneratorRefused,
    GeneratorUnavailable,
    OutcomeUnknown,
    PromptRejected,
    StorageFault,
    UnusableImage,
)
from darkroom.domain.model.generation import StoredImage
from darkroom.domain.model.image_file import ImageFile
from integration.http.generators import KARLO_LIKE, WITHOUT_SEEDS, FailingGenerator, StingyGenerator
from integration.http.house import House, bearer, open_house

ASKED: dict[str, Any] = {"model": "memory", "prompt": "a lighthouse in a storm", "size": "64x48"}


async def ask(
    house: House,
    headers: dict[str, str] | None = None,
    **changes: Any,  # noqa: ANN401  # what JSON holds
) -> httpx.Response:
    return await house.client.post("/v1/images/generations", json=ASKED | changes, headers=headers)


def refused(answer: httpx.Response) -> tuple[int, str, str | None, str]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["param"], error["charged"]


async def test_an_image_comes_as_a_link_and_as_bytes(house: House) -> None:
    before = int(time.time())
    answer = await ask(house, seed=7)
    (image,) = answer.json()["data"]

    assert before <= answer.json()["created"] <= time.time()
    assert image["seed"] == 7
    key = image["url"].removeprefix("memory:")
    storage = house.services.storage
    assert isinstance(storage, InMemoryImageStorage)
    assert base64.b64decode(image["b64_json"], validate=True) == storage.kept[key][0]
    shown = (await house.client.get(answer.headers["location"])).json()
    assert (shown["id"] in answer.headers["location"], shown["images"][0]["id"]) == (True, image["id"])


@pytest.mark.parametrize(("asked", "given"), [("url", "url"), ("b64_json", "b64_json")])
async def test_only_the_requested_response_format_is_returned(house: House, asked: str, given: str) -> None:
    images = (await ask(house, n=3, response_format=asked)).json()["data"]
    assert [sorted(image) for image in images] == [sorted([given, "id", "seed"])] * 3


async def test_our_additional_fields_reach_the_generator() -> None:
    generator = InMemoryImageGenerator()
    async with open_house(generator=generator) as house:
        ours: dict[str, Any] = {
            "seed": [3, 4],
            "negative_prompt": "fog",
            "num_inference_steps": 20,
            "guidance_scale": 7,
        }
        assert (await ask(house, n=2, **ours)).status_code == 200
    ((request, _),) = generator.asked
    assert [seed.value for seed in request.seeds] == [3, 4]
    assert request.parameters.given == {"negative_prompt": "fog", "num_inference_steps": 20, "guidance_scale": 7.0}
    assert (request.size.width, request.size.height) == (64, 48)


@pytest.mark.parametrize(
    ("model", "size", "drawn"),
    [("memory", "auto", (1024, 1024)), ("v2.0", None, (640, 640)), ("listed", "auto", (1024, 1024))],
)
async def test_the_default_size_is_that_of_the_model_card(model: str, size: str | None, drawn: tuple[int, int]) -> None:
    generator = InMemoryImageGenerator(WIDEST_CARD, KARLO_LIKE, WITHOUT_SEEDS)
    async with open_house(
        generator=generator, memory_bytes=1
    ) as house:  # an image larger than the room takes all of it
        answer = await ask(house, model=model, size=size)
    image = ImageFile.inspect(base64.b64decode(answer.json()["data"][0]["b64_json"]))
    assert (image.width, image.height) == drawn


async def test_neutral_values_that_clients_always_send_are_accepted(house: House) -> None:
    neutral: dict[str, Any] = {
        "quality": "standard",
        "style": "vivid",
        "background": "auto",
        "moderation": "auto",
        "user": "u" * 512,
        "safety_identifier": "\ud800",  # half a surrogate pair is a string too, and is not kept
        "output_format": "png",
        "stream": False,
        "n": None,
        "partial_images": None,
    }
    body = json.dumps(ASKED | neutral)
    headers = {"Content-Type": "application/json"}
    assert (await house.client.post("/v1/images/generations", content=body, headers=headers)).status_code == 200


async def test_the_bodies_of_open_webui_and_langchain_are_drawn(house: House) -> None:
    """The bodies that Open WebUI 0.12.4 and langchain-community 0.4.2 send, and the field that each reads."""
    webui = {"model": "memory", "prompt": "a fox", "n": 1, "size": "512x512", "response_format": "b64_json"}
    langchain = {"model": "memory", "prompt": "a fox", "n": 1, "size": "1024x1024"}
    answers = [await house.client.post("/v1/images/generations", json=body) for body in (webui, langchain)]
    (for_webui,), (for_langchain,) = (answer.json()["data"] for answer in answers)
    file = ImageFile.inspect(base64.b64decode(for_webui["b64_json"]))
    assert (file.width, file.height) == (512, 512)
    assert for_langchain["url"].startswith("memory:")


@pytest.mark.parametrize(
    ("field", "value", "param"),
    [
        ("quality", "hd", "quality"),
        ("stream", True, "stream"),
        ("stream", 0, "stream"),
        ("style", "natural", "style"),
        ("user", "u" * 513, "user"),
        ("user", 7, "user"),
        ("output_format", "webp", "output_format"),
        ("output_compression", 100, "output_compression"),
        ("partial_images", 2, "partial_images"),
        ("response_format", "png", "response_format"),
        ("response_format", [], "response_format"),
        ("size", "64", "size"),
        ("size", "64X48", "size"),
        ("size", "64x99999", "size"),
        ("size", "4096x64", "size"),
        ("size", [64, 48], "size"),
        ("n", 9, "n"),
        ("n", "1", "n"),
        ("seed", True, "seed[0]"),
        ("seed", [1, -1], "seed[1]"),
        ("prompt", None, "prompt"),
        ("model", "dall-e-3", "model"),
        ("model", None, "model"),
        ("model", [], "model"),
        ("version", "memory", "version"),
        ("width", 64, "width"),
        ("a/b", None, "a/b"),
    ],
)
async def test_a_field_that_is_not_honoured_is_refused_by_name(
    house: House, field: str, value: object, param: str
) -> None:
    changes: dict[str, Any] = {field: value}
    answer = await ask(house, **changes)
    assert refused(answer) == (400, "invalid-request", param, "no")
    assert param in answer.json()["error"]["message"]


async def test_every_broken_rule_is_named_in_one_answer(house: House) -> None:
    answer = await ask(house, {"Idempotency-Key": ""}, size="1x1", quality="hd", n=0, wish=1)
    for name in ("Idempotency-Key", "size", "quality", "n must", "wish"):
        assert name in answer.json()["error"]["message"], name


async def test_a_field_given_twice_and_a_body_that_is_not_json_are_refused(house: House) -> None:
    headers = {"Content-Type": "application/json"}
    twice = b'{"model": "memory", "prompt": "a", "size": "64x48", "size": "64x64"}'
    answers = [
        await house.client.post("/v1/images/generations", content=body, headers=headers)
        for body in (twice, b"{", b"[]")
    ]
    assert [refused(answer)[:2] for answer in answers] == [
        (400, "invalid-request"),
        (400, "malformed-body"),
        (400, "invalid-request"),
    ]
    assert "size is given more than once" in answers[0].json()["error"]["message"]


@pytest.mark.parametrize(
    ("failure", "status", "charged"),
    [
        (GeneratorRefused("no"), 502, "no"),
        (GeneratorUnavailable("later"), 503, "no"),
        (PromptRejected("no such words"), 400, "no"),
        (PromptRejected("no such image", charged=Charged.YES), 424, "yes"),
        (OutcomeUnknown("cut off"), 424, "unknown"),
        (UnusableImage("no image"), 424, "yes"),
    ],
)
async def test_a_failure_that_may_have_cost_money_is_answered_so_that_no_client_repeats_it(
    failure: DrawingFailed, status: int, charged: str
) -> None:
    async with open_house(generator=FailingGenerator(failure)) as house:
        answer = await ask(house, {"X-Request-ID": "this-one"})
        shown = (await house.client.get(answer.headers["location"])).json()
    assert refused(answer) == (status, failure.code, None, charged)
    assert answer.headers.get("x-should-retry") == ("false" if status == 424 else None)
    assert ("retry-after" in answer.headers) == (status == 503)
    assert answer.json()["error"]["request_id"] == "this-one"
    assert shown["problem"]["type"] == f"/problems/{failure.code}"


async def test_images_that_were_stored_despite_a_failure_are_listed() -> None:
    async with open_house(generator=StingyGenerator(None)) as house:
        answer = await ask(house, n=2)
    assert refused(answer) == (424, "unusable-image", None, "yes")
    assert len(answer.json()["error"]["images"]) == 1


class UnreadableStorage(InMemoryImageStorage):
    async def get(self, image: StoredImage) -> bytes:
        raise StorageFault("away")


async def test_an_image_that_cannot_be_read_back_still_has_its_link() -> None:
    async with open_house(storage=UnreadableStorage()) as house:
        both, only = await ask(house), await ask(house, response_format="b64_json")
    assert sorted(both.json()["data"][0]) == ["id", "seed", "url"]
    assert refused(only) == (424, "storage-unavailable", None, "yes")
    assert only.headers["location"].startswith("/api/generations/")


async def test_a_key_stands_for_the_same_order_at_both_doors() -> None:
    generator, key = InMemoryImageGenerator(), {"Idempotency-Key": "mine"}
    async with open_house(generator=generator) as house:
        first, again = await ask(house, key), await ask(house, key)
        other_door = await house.order(key)
        reused = await ask(house, key, prompt="another")
    assert (first.json(), again.headers["idempotency-replay"]) == (again.json(), "true")
    assert other_door.json()[0]["id"] == first.json()["data"][0]["id"]
    assert refused(reused)[:2] == (422, "idempotency-key-reused")
    assert len(generator.asked) == 1


async def test_equal_orders_without_a_key_are_drawn_separately() -> None:
    generator = InMemoryImageGenerator()
    async with open_house(generator=generator) as house:
        ids = {(await ask(house)).json()["data"][0]["id"] for _ in range(3)}
    assert (len(ids), len(generator.asked)) == (3, 3)


async def test_models_are_listed_and_shown_one_by_one() -> None:
    async with open_house(generator=InMemoryImageGenerator(KARLO_LIKE, WITHOUT_SEEDS)) as house:
        listed = (await house.client.get("/v1/models")).json()
        one, none = await house.client.get("/v1/models/v2.0"), await house.client.get("/v1/models/a%2Fb")
    assert listed["object"] == "list"
    assert listed["data"][0] == {"id": "v2.0", "object": "model", "created": 0, "owned_by": "karlo"} == one.json()
    assert refused(none) == (404, "not-found", None, "no")


async def test_an_unknown_path_is_answered_with_the_paths_that_are_offered(house: House) -> None:
    for path in ("/v1/images/edits", "/v1/images/variations", "/v1/chat/completions", "/v1"):
        answer = await house.client.post(path)
        assert refused(answer) == (404, "not-found", None, "no")
        assert "POST /v1/images/generations" in answer.json()["error"]["message"]
    assert (await house.client.get("/v1/images/generations")).headers["allow"] == "OPTIONS, POST"


async def test_tokens_are_checked_as_at_the_other_doors(house: House) -> None:
    bad = await ask(house, {"Authorization": "Bearer sk-proj-nothing"})
    assert refused(bad)[:2] == (401, "unauthorized")
    assert bad.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert refused(await house.client.get("/v1/models?x=1")) == (400, "invalid-request", "x", "no")
    assert (await house.client.get("/v1/models", headers=bearer(sub="eve"))).status_code == 200


async def test_the_door_can_be_switched_off() -> None:
    async with open_house(images_api=False) as house:
        answers = [await ask(house), await house.client.get("/v1/models")]
        document = (await house.client.get("/docs/openapi.json")).json()
    assert [answer.json()["type"] for answer in answers] == ["/problems/not-found"] * 2
    assert not [path for path in document["paths"] if path.startswith("/v1")]
    assert "ImagesRequest" not in document["components"]["schemas"]


async def test_optional_fields_have_no_default_in_the_schema(house: House) -> None:
    schema = (await house.client.get("/docs/openapi.json")).json()["components"]["schemas"]["ImagesRequest"]
    (memory,) = schema["anyOf"]
    assert memory["required"] == ["model", "prompt"]
    assert "num_inference_steps" in memory["properties"]
    assert not [name for name, rule in memory["properties"].items() if "default" in rule]
