"""Each fault of the menu spoils a call, charges according to its stage, and has no effect once it is off."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from simulators.faults import SHARED_MENU
from simulators.faults.fault import AnyFault, BeforeCharge, OfBytes, OfFetch
from simulators.karlo.faults import KARLO_MENU
from simulators.karlo.order import KarloOrder
from unit.simulators.karlo_client import KarloClient

SEEDS = [4292169748, 7]
OPTIONS: dict[str, Any] = {"size": 3_000_000}
LATE_OR_NEVER = {"slow", "drip", "fetch-slow", "fetch-drip", "fetch-black-hole"} | {
    f"black-hole-{side}-charge" for side in ("before", "after")
}
MENU = [fault for fault in (*SHARED_MENU, *KARLO_MENU) if fault.name not in LATE_OR_NEVER]


async def is_right(client: KarloClient) -> bool:
    """Whether an order is answered as by Karlo, with exactly the images that were ordered."""
    wanted = [KarloOrder("v2.1", "a lighthouse", 384, 392).picture(seed).encoded() for seed in SEEDS]
    try:
        status, answer = await client.order(seed=SEEDS, samples=2)
        images = answer["images"]
        return (
            status == 200
            and [(image["seed"], image["nsfw_score"]) for image in images] == [(seed, None) for seed in SEEDS]
            and len({image["id"] for image in images}) == 2
            and all(isinstance(image["id"], str) and image["id"] for image in images)
            and all(image["image"].startswith(f"{client.karlo.base_url}/dna/") for image in images)
            and [await client.fetch(image["image"]) for image in images]
            == [(200, "image/webp", data) for data in wanted]
        )
    except (aiohttp.ClientError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return False


# Faults that this client does not notice, because it orders links and does not interpret the bytes.
UNNOTICED = {"base64-as-data-uri", "base64-wrapped", "labelled"}


@pytest.mark.parametrize("fault", [one for one in MENU if one.name not in UNNOTICED], ids=lambda fault: fault.name)
async def test_spoils_a_call_until_it_is_off(client: KarloClient, fault: AnyFault) -> None:
    karlo = client.karlo
    karlo.faults.set(fault.name, **{name: value for name, value in OPTIONS.items() if name in fault.reads})

    assert not await is_right(client)
    assert karlo.charged_images == (0 if isinstance(fault, BeforeCharge) else 2)
    assert karlo.calls[0].faults == ([] if isinstance(fault, OfFetch | OfBytes) else [fault.name])

    karlo.faults.clear()
    assert await is_right(client)
    assert karlo.charged_images == (2 if isinstance(fault, BeforeCharge) else 4)


async def test_without_a_fault_the_answer_is_right(client: KarloClient) -> None:
    assert await is_right(client)
    assert client.karlo.calls[0].faults == []
