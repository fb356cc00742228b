"""A prompt that one provider rejects, in any wording, is not passed on to the next; tested through the service."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest

from darkroom.adapters.generators.by_version import ByVersionImageGenerator
from darkroom.adapters.generators.named import NamedImageGenerator
from darkroom.adapters.generators.openai_images import open_openai_images, parse_models
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from harness.waiting import until
from integration.http.house import open_house
from simulators.openai_images import openai_images_simulator

SIZES: Final = "64-1024/8 seed"
ORDER: Final[dict[str, Any]] = {"version": "flux-dev", "prompt": "a fox in fog", "width": 512, "height": 512}


@pytest.mark.parametrize(
    ("fault", "status", "charged", "handed_on"),
    [
        ("moderated-in-other-words", 400, "unknown", False),
        ("refused-in-a-success-before-charge", 400, "unknown", False),
        ("error-content-policy", 400, "unknown", False),
        ("error-moderation-input", 400, "no", False),
        ("conflict-before-charge", 502, "unknown", False),
        ("error-rate-limit", 200, None, True),
        ("error-invalid-key", 200, None, True),
    ],
)
async def test_a_rejected_prompt_is_not_passed_on_to_the_next_model(
    fault: str, status: int, charged: str | None, *, handed_on: bool
) -> None:
    async with (
        openai_images_simulator() as first,
        openai_images_simulator() as second,
        open_openai_images(
            api_key=first.api_key, base_url=f"{first.base_url}/v1", models=parse_models([f"flux-dev={SIZES}"])
        ) as asked_first,
        open_openai_images(
            api_key=second.api_key,
            base_url=f"{second.base_url}/v1",
            models=parse_models([f"flux-second={SIZES} model=flux-dev"]),
        ) as asked_next,
    ):
        generator = ByVersionImageGenerator([asked_first, NamedImageGenerator(asked_next, "openai.second")])
        first.faults.set(fault)
        async with open_house(generator=generator, chains={"flux-dev": ("flux-dev", "flux-second")}) as house:
            answer = await house.order(**ORDER)

    assert (len(first.calls), len(second.calls)) == (1, 1 if handed_on else 0)
    assert answer.status_code == status
    if charged is None:
        assert answer.headers["darkroom-generator"] == "openai.second"
    else:
        assert answer.json()["charged"] == charged
        assert "litellm" not in answer.text, "the provider's own words are shown to the caller"


@pytest.mark.parametrize("shown", [False, True])
async def test_the_providers_message_is_shown_only_if_the_operator_allows_it(*, shown: bool) -> None:
    async with (
        openai_images_simulator() as provider,
        open_openai_images(
            api_key=provider.api_key, base_url=f"{provider.base_url}/v1", models=parse_models([f"flux-dev={SIZES}"])
        ) as generator,
    ):
        provider.faults.set("error-billing-limit")
        async with open_house(generator=generator, show_provider_messages=shown) as house:
            answer = await house.order(**ORDER)
            again = await house.client.get(answer.json()["instance"])

    said = "Billing hard limit has been reached."
    assert answer.json().get("provider_message") == (said if shown else None)
    assert again.json()["problem"].get("provider_message") == (said if shown else None)


class Minute(InMemoryGenerationLedger):
    """A ledger whose quota per minute is asked for often, and is free again as soon as a test sets `over`."""

    over = False
    refusals = 0

    async def reserve(self, generator: str, images: int, per_minute: int) -> float:
        wait = 0.0 if self.over else min(0.1, await super().reserve(generator, images, per_minute))
        self.refusals += wait > 0
        return wait


async def test_samples_that_are_sent_one_by_one_count_against_the_quota() -> None:
    minute = Minute()
    async with (
        openai_images_simulator() as provider,
        open_openai_images(
            api_key=provider.api_key, base_url=f"{provider.base_url}/v1", models=parse_models([f"flux-dev={SIZES}"])
        ) as generator,
        open_house(generator=generator, ledger=minute, images_per_minute={"openai": 2}) as house,
    ):
        ordering = asyncio.create_task(house.order(**ORDER, samples=3))
        await until(lambda: minute.refusals >= 3 and len(provider.calls) >= 2)
        assert len(provider.calls) == 2, "the third sample was sent before the minute was over"
        minute.over = True
        assert (await ordering).status_code == 200
        assert len(provider.calls) == 3
