"""The simulated Karlo's answers, and the images behind its links."""

from __future__ import annotations

import base64
import io
import re
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image

from simulators.karlo import karlo_simulator
from simulators.links import LIFETIME
from unit.simulators.karlo_client import ORDER, KarloClient

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


async def test_an_answer_has_the_captured_structure(client: KarloClient) -> None:
    status, answer = await client.order(version="v2.0", seed=[4292169748])

    assert status == 200
    assert answer.keys() == {"id", "model_version", "images"}
    assert re.fullmatch("[0-9a-f]{16}", answer["id"])
    assert answer["model_version"] == "v2.0.4.0.prod"
    (image,) = answer["images"]
    assert image == image | {"seed": 4292169748, "nsfw_content_detected": None, "nsfw_score": None}
    assert image.keys() == {"id", "image", "seed", "nsfw_content_detected", "nsfw_score"}


async def test_an_image_id_is_the_pod_in_base64_and_a_uuid(client: KarloClient) -> None:
    ids = [image["id"] for image in await client.draw(samples=3)]

    for image_id in ids:
        assert re.fullmatch(f".+-{UUID}", image_id)
        assert base64.b64decode(image_id[:-37], validate=True).startswith(b"karlo-")
    assert len(set(ids)) == 3
    assert all(character in "".join(ids) for character in "=+/")


async def test_images_come_in_the_order_of_the_seeds(client: KarloClient) -> None:
    seeds = [4294967295, 0, 2147483648, 7]

    assert [image["seed"] for image in await client.draw(seed=seeds, samples=4)] == seeds


async def test_random_seeds_are_chosen_if_none_are_given(client: KarloClient) -> None:
    seeds = {image["seed"] for _ in range(4) for image in await client.draw(samples=8)}

    assert len(seeds) == 32
    assert max(seeds) > 2**31
    assert all(0 <= seed < 2**32 for seed in seeds)


@pytest.mark.parametrize("image_format", ["webp", "jpeg", "png"])
async def test_a_link_leads_to_an_image_of_the_size_and_format_ordered(client: KarloClient, image_format: str) -> None:
    link = await client.link(width=1024, height=384, image_format=image_format)

    status, media_type, data = await client.fetch(link)
    assert (status, media_type) == (200, f"image/{image_format}")
    assert urlsplit(link).path.endswith(f".{image_format}")
    with Image.open(io.BytesIO(data)) as image:
        assert (image.size, image.format) == ((1024, 384), image_format.upper())


async def test_an_upscaled_image_is_larger_by_the_scale(client: KarloClient) -> None:
    with Image.open(io.BytesIO(await client.image(upscale=True, scale=4))) as image:
        assert image.size == (ORDER["width"] * 4, ORDER["height"] * 4)


async def test_an_image_may_be_inside_the_answer(client: KarloClient) -> None:
    (entry,) = await client.draw(seed=[7], return_type="base64_string")

    assert base64.b64decode(entry["image"], validate=True) == await client.image(seed=[7])


async def test_equal_parameters_give_the_same_image(client: KarloClient) -> None:
    assert await client.image(seed=[7]) == await client.image(seed=[7])


@pytest.mark.parametrize(
    "fields",
    [
        {"seed": [8]},
        {"prompt": "a bridge"},
        {"negative_prompt": "fog"},
        {"version": "v2.0"},
        {"num_inference_steps": 51},
        {"guidance_scale": 5.5},
        {"prior_num_inference_steps": 26},
        {"prior_guidance_scale": 5.5},
        {"scheduler": "decoder_ddpm_v_prediction"},
        {"image_quality": 71},
    ],
    ids=str,
)
async def test_another_value_of_any_parameter_gives_another_image(
    client: KarloClient, fields: dict[str, object]
) -> None:
    assert await client.image(**{"seed": [7]} | fields) != await client.image(seed=[7])


async def test_the_nsfw_checker_reports_when_requested(client: KarloClient) -> None:
    (image,) = await client.draw(nsfw_checker=True)

    assert image["nsfw_content_detected"] is False
    assert 0 <= image["nsfw_score"] <= 1


async def test_a_link_works_for_ten_minutes(client: KarloClient) -> None:
    now = 1_704_937_631.0
    async with karlo_simulator(clock=lambda: now) as karlo:
        client = KarloClient(karlo, client.session)
        first, second = (urlsplit(image["image"]) for image in await client.draw(samples=2))
        query = parse_qs(first.query)
        assert re.fullmatch(rf"/dna/karlo/image/2024-01-11/10/{UUID}\.webp", first.path)
        assert query.keys() == {"credential", "expires", "signature"}
        assert len(query["credential"][0]) == 32
        assert query["expires"] == parse_qs(second.query)["expires"] == [str(int(now) + LIFETIME)]

        now += LIFETIME - 1
        assert (await client.fetch(first.geturl()))[0] == 200
        now += 1
        assert (await client.fetch(first.geturl()))[0] == 403
        # The next order removes expired images; their links remain dead.
        await client.draw()
        assert (await client.fetch(second.geturl()))[0] == 403


async def test_a_tampered_link_does_not_open(client: KarloClient) -> None:
    link, other = [image["image"] for image in await client.draw(samples=2)]

    assert (await client.fetch(link))[0] == 200
    for false in (link.partition("?")[0], other.partition("?")[0] + "?" + urlsplit(link).query, link + "A"):
        assert (await client.fetch(false))[0] == 403


async def test_takes_the_configured_time_for_each_image(client: KarloClient) -> None:
    async with karlo_simulator(seconds_per_image=0.05) as karlo:
        began = time.monotonic()
        await KarloClient(karlo, client.session).draw(samples=3)
        assert time.monotonic() - began > 0.14
