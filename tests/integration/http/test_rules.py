"""Orders that break rules: every broken rule is named, and nothing is spent."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from darkroom.adapters.in_memory.generator import InMemoryImageGenerator
from integration.http.generators import KARLO_LIKE, WITHOUT_SEEDS
from integration.http.house import ORDER, House, open_house


def pointers(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 400
    problem = answer.json()
    assert (problem["type"], problem["charged"]) == ("/problems/invalid-request", "no")
    return [broken.get("pointer", broken.get("header")) for broken in problem["errors"]]


async def test_five_wrong_fields_are_named_in_one_answer_and_nothing_is_drawn() -> None:
    generator = InMemoryImageGenerator()
    async with open_house(generator=generator) as house:
        answer = await house.order(prompt=" ", width="64", height=9000, seed=[1, -1], guidance_scale=True)
    assert pointers(answer) == ["/prompt", "/width", "/height", "/seed/1", "/guidance_scale"]
    assert generator.asked == []


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"version": None}, "/version"),
        ({"version": 2}, "/version"),
        ({"version": "v9"}, "/version"),
        ({"prompt": None}, "/prompt"),
        ({"prompt": ""}, "/prompt"),
        ({"prompt": "\n \t"}, "/prompt"),
        ({"prompt": "a\0b"}, "/prompt"),
        ({"prompt": "a\x1bb"}, "/prompt"),
        ({"prompt": ["a"]}, "/prompt"),
        ({"prompt": "x" * 32_001}, "/prompt"),
        ({"negative_prompt": 0}, "/negative_prompt"),
        ({"negative_prompt": " "}, "/negative_prompt"),
        ({"width": None}, "/width"),
        ({"width": 15}, "/width"),
        ({"width": 64.0}, "/width"),
        ({"height": "48"}, "/height"),
        ({"height": False}, "/height"),
        ({"seed": []}, "/seed"),
        ({"seed": 1}, "/seed"),
        ({"seed": {"0": 1}}, "/seed"),
        ({"seed": [2**32]}, "/seed/0"),
        ({"seed": [0, 1.5]}, "/seed/1"),
        ({"seed": [None]}, "/seed/0"),
        ({"seed": list(range(9))}, "/seed"),
        ({"seed": [1, 2], "samples": 3}, "/seed"),
        ({"num_inference_steps": 9}, "/num_inference_steps"),
        ({"num_inference_steps": 10**30}, "/num_inference_steps"),
        ({"guidance_scale": 0.99}, "/guidance_scale"),
        ({"guidance_scale": "5"}, "/guidance_scale"),
        ({"samples": 0}, "/samples"),
        ({"samples": 9}, "/samples"),
        ({"cfg": 1}, "/cfg"),
        ({"a/b~c": 1}, "/a~1b~0c"),
        ({"": 1}, "/"),
    ],
    ids=str,
)
async def test_each_rule_has_its_pointer(house: House, changes: dict[str, Any], wrong: str) -> None:
    assert pointers(await house.order(**changes)) == [wrong]


async def test_orders_must_keep_the_limits_of_their_model() -> None:
    async with open_house(generator=InMemoryImageGenerator(KARLO_LIKE, WITHOUT_SEEDS)) as house:
        karlo = await house.order(version="v2.0", prompt="x" * 257, width=383, height=641)
        listed = await house.order(
            version="listed", width=1024, height=1000, seed=[1], negative_prompt="x", guidance_scale=5
        )
        fine = await house.order(version="v2.0", prompt="x" * 256, width=384, height=640)
    assert pointers(karlo) == ["/prompt", "/width", "/height"]
    assert sorted(pointers(listed)) == ["/guidance_scale", "/height", "/negative_prompt", "/seed", "/width"]
    assert fine.status_code == 200


async def test_with_an_unknown_version_the_general_limits_apply_to_the_rest(house: House) -> None:
    assert pointers(await house.order(version="v9", width=8193, height=16)) == ["/version", "/width"]


async def test_a_wrong_header_is_named_beside_the_wrong_fields(house: House) -> None:
    answer = await house.order({"Idempotency-Key": "x" * 256}, width=1)
    assert pointers(answer) == ["Idempotency-Key", "/width"]


@pytest.mark.parametrize("key", ["", "ä", "a\tb"])
async def test_a_key_that_is_not_printable_ascii_is_refused(house: House, key: str) -> None:
    answer = await house.client.post("/api/images", json=ORDER, headers={b"Idempotency-Key": key.encode("latin-1")})
    assert pointers(answer) == ["Idempotency-Key"]


async def test_two_keys_are_refused(house: House) -> None:
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "a")]
    assert pointers(await house.client.post("/api/images", json=ORDER, headers=headers)) == ["Idempotency-Key"]


async def test_a_field_that_is_given_twice_is_named(house: House) -> None:
    body = b'{"version": "memory", "prompt": "a", "prompt": "b", "width": 64, "height": 1}'
    answer = await house.client.post("/api/images", content=body, headers={"Content-Type": "application/json"})
    assert pointers(answer) == ["/prompt", "/height"]


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b'"{}"', b"true", b'[{"version": "memory"}]'])
async def test_a_body_that_is_not_an_object_is_refused_as_a_whole(house: House, body: bytes) -> None:
    answer = await house.client.post("/api/images", content=body, headers={"Content-Type": "application/json"})
    assert pointers(answer) == [""]
