"""Karlo's own faults."""

from __future__ import annotations

import pytest

from simulators.karlo.errors import KARLO_ERRORS, KarloError
from unit.simulators.karlo_client import KarloClient

ERRORS = list(KARLO_ERRORS.values())


def fault_of(error: KarloError, side: str = "before") -> str:
    return f"error{error.code}-{side}-charge" if error.may_have_spent else f"error{error.code}"


def test_all_documented_codes_exist() -> None:
    assert sorted(KARLO_ERRORS) == [-9798, -903, -603, -401, -12, -11, -10, -9, -8, -7, -6, -5, -4, -3, -2, -1]


@pytest.mark.parametrize("error", ERRORS, ids=fault_of)
async def test_an_error_comes_with_its_status(client: KarloClient, error: KarloError) -> None:
    client.karlo.faults.set(fault_of(error))

    assert await client.order() == (error.status, {"code": error.code, "msg": error.msg})
    assert client.karlo.charged_images == 0


@pytest.mark.parametrize("error", ERRORS, ids=fault_of)
@pytest.mark.parametrize("status", [200, 401, 503])
async def test_an_error_may_come_with_a_status_that_contradicts_it(
    client: KarloClient, error: KarloError, status: int
) -> None:
    client.karlo.faults.set(fault_of(error), status=status)

    assert await client.order() == (status, {"code": error.code, "msg": error.msg})


@pytest.mark.parametrize("error", [error for error in ERRORS if error.may_have_spent], ids=fault_of)
async def test_an_error_may_come_after_the_charge(client: KarloClient, error: KarloError) -> None:
    client.karlo.faults.set(fault_of(error, "after"))

    assert (await client.order())[1]["code"] == error.code
    assert client.karlo.charged_images == 1


@pytest.mark.parametrize(
    ("fault", "body"),
    [
        ("error-unknown-code-before-charge", {"code": -777, "msg": "new here"}),
        ("error-code-as-string", {"code": "-10", "msg": "API limit has been exceeded"}),
        ("error-without-code", {"msg": "something is wrong"}),
    ],
)
async def test_an_error_may_be_malformed(client: KarloClient, fault: str, body: object) -> None:
    client.karlo.faults.set(fault)

    assert await client.order() == (400, body)


@pytest.mark.parametrize(("fault", "images"), [("images-null", None), ("images-object", {})])
async def test_images_may_not_be_a_list(client: KarloClient, fault: str, images: object) -> None:
    client.karlo.faults.set(fault)

    status, answer = await client.order()
    assert (status, answer["images"]) == (200, images)


async def test_images_may_be_missing(client: KarloClient) -> None:
    client.karlo.faults.set("images-missing")

    assert (await client.order())[1].keys() == {"id", "model_version"}


async def test_images_may_be_strings(client: KarloClient) -> None:
    client.karlo.faults.set("images-of-strings")

    (link,) = (await client.order())[1]["images"]
    assert (await client.fetch(link))[0] == 200


async def test_one_image_may_be_flagged(client: KarloClient) -> None:
    client.karlo.faults.set("nsfw-flagged", index=1)

    images = await client.draw(samples=2, nsfw_checker=True)
    assert [image["nsfw_content_detected"] for image in images] == [False, True]
    assert images[1]["nsfw_score"] > 0.9
