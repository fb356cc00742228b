"""Faults of the images in an answer."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlsplit

import pytest

from unit.simulators.karlo_client import KarloClient

SEEDS = [4294967295, 7, 8]


async def draw_with(client: KarloClient, fault: str, **fields: object) -> list[dict[str, Any]]:
    return await client.draw(prompt=f"a lighthouse [fault:{fault}]", seed=SEEDS, samples=3, **fields)


async def link_with(client: KarloClient, fault: str) -> str:
    return await client.link(prompt=f"a lighthouse [fault:link-{fault}]")


@pytest.mark.parametrize(
    ("fault", "seeds"),
    [
        ("images-too-few", [4294967295, 7]),
        ("images-too-many", [4294967295, 7, 8, 9]),
        ("images-none", []),
        ("images-out-of-order", [7, 8, 4294967295]),
        ("images-duplicated", [4294967295] * 3),
        ("seed-altered", [0, 8, 9]),
        ("seed-altered index=1", [4294967295, 8, 8]),
        ("seed-null", [None] * 3),
        ("seed-string", ["7"] * 3),
        ("seed-negative index=2", [4294967295, 7, -1]),
        ("seed-too-large index=0", [4294967296, 7, 8]),
    ],
)
async def test_seeds(client: KarloClient, fault: str, seeds: list[object]) -> None:
    assert [image["seed"] for image in await draw_with(client, fault)] == seeds
    assert client.karlo.charged_images == 3


async def test_an_extra_image_has_its_own_id(client: KarloClient) -> None:
    assert len({image["id"] for image in await draw_with(client, "images-too-many")}) == 4


async def test_duplicates_are_equal_in_every_member(client: KarloClient) -> None:
    first, second, third = await draw_with(client, "images-duplicated")

    assert first == second == third


@pytest.mark.parametrize("key", ["id", "seed", "image"])
async def test_a_member_may_be_missing(client: KarloClient, key: str) -> None:
    assert [key in image for image in await draw_with(client, f"{key}-missing index=1")] == [True, False, True]


@pytest.mark.parametrize(
    ("fault", "key", "value"),
    [
        ("id-null", "id", None),
        ("id-number", "id", 7),
        ("id-empty", "id", ""),
        ("seed-boolean", "seed", True),
        ("seed-fraction", "seed", 0.5),
        ("seed-huge", "seed", 10**400),
        ("image-null", "image", None),
        ("image-number", "image", 7),
        ("image-object", "image", {}),
        ("image-empty", "image", ""),
    ],
)
async def test_a_member_may_be_of_the_wrong_type(client: KarloClient, fault: str, key: str, value: object) -> None:
    image = (await draw_with(client, fault))[0]

    assert image[key] == value
    assert type(image[key]) is type(value)


@pytest.mark.parametrize(
    ("fault", "beginning"),
    [
        ("other-scheme", "ftp://127.0.0.1:"),
        ("private-address", "https://10.0.0.1:"),
        ("metadata-address", "http://169.254.169.254/"),
        ("backslash", "http://localhost\\@127.0.0.1/"),
        ("file", "file:///etc/passwd"),
        ("data", "data:image/png;base64,"),
        ("relative", "/dna/karlo/image/"),
        ("schemeless", "//127.0.0.1:"),
        ("not-a-link", "http://[oops"),
    ],
)
async def test_a_link_begins_with(client: KarloClient, fault: str, beginning: str) -> None:
    assert (await link_with(client, fault)).startswith(beginning)


@pytest.mark.parametrize(
    ("fault", "host"),
    [
        ("other-host", "localhost"),
        ("decimal-address", "2130706433"),
        ("mapped-address", "::ffff:127.0.0.1"),
        ("userinfo", "127.0.0.1"),
        ("host-as-userinfo", "localhost"),
    ],
)
async def test_a_hostile_link_serves_the_image_to_a_client_that_follows_it(
    client: KarloClient, fault: str, host: str
) -> None:
    link = await link_with(client, fault)
    url = urlsplit(link)

    assert not link.startswith(f"{client.karlo.base_url}/")
    assert url.hostname == host
    assert url.port == urlsplit(client.karlo.base_url).port
    assert ("userinfo" in fault) == (url.username is not None)
    heard = await client.hear_fetch(f"{client.karlo.base_url}{url.path}?{url.query}")
    assert heard.body.startswith(b"RIFF")


async def test_a_link_to_another_port_serves_the_image(client: KarloClient) -> None:
    link = await link_with(client, "other-port")

    assert link.startswith(f"{client.karlo.elsewhere}/")
    assert (await client.fetch(link))[0] == 200


async def test_a_lookalike_host_begins_like_the_right_one(client: KarloClient) -> None:
    assert (await link_with(client, "lookalike-host")).startswith(f"{client.karlo.base_url}.example.test/")


async def test_a_link_may_contain_line_ends(client: KarloClient) -> None:
    assert (await link_with(client, "control-characters")).endswith("\r\nX-Injected: 1")


async def test_a_link_may_be_very_long(client: KarloClient) -> None:
    assert len(await link_with(client, "very-long")) > 1_000_000


async def test_a_tampered_link_is_dead(client: KarloClient) -> None:
    link = await link_with(client, "tampered")

    assert link.startswith(f"{client.karlo.base_url}/")
    assert (await client.fetch(link))[0] == 403


async def test_base64_may_be_invalid(client: KarloClient) -> None:
    for image in await draw_with(client, "base64-garbage", return_type="base64_string"):
        with pytest.raises(ValueError, match="base64"):
            base64.b64decode(image["image"], validate=True)


async def test_base64_may_be_truncated(client: KarloClient) -> None:
    for image in await draw_with(client, "base64-cut-short", return_type="base64_string"):
        assert base64.b64decode(image["image"][:-1], validate=True).startswith(b"RIFF")
        with pytest.raises(ValueError, match="base64"):
            base64.b64decode(image["image"], validate=True)


async def test_an_image_inside_the_answer_may_be_spoiled(client: KarloClient) -> None:
    images = await draw_with(client, "image-html index=1", return_type="base64_string")

    beginnings = [base64.b64decode(image["image"])[:4] for image in images]
    assert beginnings == [b"RIFF", b"<!do", b"RIFF"]
