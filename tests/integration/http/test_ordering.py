"""`POST /api/images`, when all goes well."""

from __future__ import annotations

import pytest

from darkroom.adapters.in_memory.generator import InMemoryImageGenerator
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.parameters import NONE_GIVEN, Parameters
from darkroom.domain.model.values import Prompt, Seed
from integration.http.generators import KARLO_LIKE, WITHOUT_SEEDS
from integration.http.house import House, bare, open_house


async def test_images_come_back_as_a_bare_array_in_the_order_of_the_seeds() -> None:
    storage = InMemoryImageStorage()
    async with open_house(storage=storage) as house:
        answer = await house.order(seed=[4_294_967_295, 0, 7])
    assert answer.status_code == 200
    assert [image["seed"] for image in answer.json()] == [4_294_967_295, 0, 7]
    assert {image["image"] for image in answer.json()} == {f"memory:{key}" for key in storage.kept}
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert "idempotency-replay" not in answer.headers


async def test_the_generator_receives_the_order_unchanged() -> None:
    generator = InMemoryImageGenerator()
    async with open_house(generator=generator) as house:
        await house.order(
            prompt="ein Leuchtturm 灯台\n\tim Sturm",
            negative_prompt="people",
            seed=[3],
            num_inference_steps=25,
            guidance_scale=7,
            samples=1,
        )
    ((request, _),) = generator.asked
    assert request.prompt == Prompt("ein Leuchtturm 灯台\n\tim Sturm")
    assert (request.size.width, request.size.height) == (64, 48)
    assert request.seeds == (Seed(3),)
    assert request.parameters == Parameters.of(negative_prompt="people", num_inference_steps=25, guidance_scale=7)


async def test_null_for_an_optional_field_is_the_same_as_leaving_it_out() -> None:
    generator = InMemoryImageGenerator()
    async with open_house(generator=generator) as house:
        answer = await house.order(
            negative_prompt=None, seed=None, num_inference_steps=None, guidance_scale=None, samples=None
        )
    assert answer.status_code == 200
    ((request, _),) = generator.asked
    assert request.parameters == NONE_GIVEN
    assert request.samples == 1


async def test_seeds_are_chosen_at_random_if_none_are_given(house: House) -> None:
    seeds = [image["seed"] for image in (await house.order(samples=8)).json()]
    assert len(set(seeds)) == 8


async def test_the_link_header_leads_to_the_generation(house: House) -> None:
    answer = await house.order()
    address = answer.links["describedby"]["url"]
    assert answer.headers["link"] == f'<{address}>; rel="describedby"'
    shown = (await house.client.get(address)).json()
    assert (shown["state"], bare(shown["images"])) == ("stored", answer.json())


async def test_a_model_without_seeds_gives_images_without_seeds() -> None:
    async with open_house(generator=InMemoryImageGenerator(KARLO_LIKE, WITHOUT_SEEDS)) as house:
        answer = await house.order(version="listed", width=1792, height=1024)
        shown = await house.client.get(answer.links["describedby"]["url"])
    assert [image["seed"] for image in answer.json()] == [None]
    assert shown.json()["order"]["seed"] is None
    assert shown.json()["cost"] == {"amount": "0.04", "currency": "USD"}


@pytest.mark.parametrize("sent", ["a", "A-b_9" * 12, "x" * 64])
async def test_a_request_id_that_fits_is_kept(house: House, sent: str) -> None:
    assert (await house.order({"X-Request-ID": sent})).headers["x-request-id"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "a/b", "ä", "<script>"])
async def test_a_request_id_that_does_not_fit_is_replaced(house: House, sent: str) -> None:
    answer = await house.client.get("/nowhere", headers={b"X-Request-ID": sent.encode("latin-1")})
    assert answer.headers["x-request-id"] not in ("", sent)
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_two_request_ids_are_replaced_by_a_new_one(house: House) -> None:
    answer = await house.client.get("/health/live", headers=[("X-Request-ID", "a"), ("X-Request-ID", "b")])
    assert answer.headers.get_list("x-request-id") != ["a"]
    assert len(answer.headers.get_list("x-request-id")) == 1
