"""The generator for OpenRouter against its simulator: the rules for every generator, and its own."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from darkroom.adapters.conformance import ProviderContract, Situation, draw, plain_request
from darkroom.domain.model.errors import GeneratorRefused, InvalidValue, UnusableImage
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.money import Money
from darkroom.domain.model.values import ImageSize
from darkroom.domain.ports import ImageGenerator
from integration.generators.openrouter_provider import OpenRouterProvider, openrouter_provider
from simulators.openrouter.models import FLUX, GEMINI, GPT, SEEDREAM, SHAPELESS, VECTOR

BY_HAND = f"seedream={SEEDREAM} 1:1@1K=1024x1024|16:9@2K=2752x1536 seed only=bytedance"


@pytest.fixture
async def provider() -> AsyncIterator[OpenRouterProvider]:
    async with openrouter_provider() as running:
        yield running


class TestOpenRouter(ProviderContract):
    situations = OpenRouterProvider.situations()

    @pytest.fixture
    async def generator(self, provider: OpenRouterProvider, tmp_path: Path) -> AsyncIterator[ImageGenerator]:
        async with provider.opened(tmp_path) as generator:
            yield generator

    @pytest.fixture
    async def impatient(self, provider: OpenRouterProvider, tmp_path: Path) -> AsyncIterator[ImageGenerator]:
        async with provider.opened(tmp_path, patience=2.0) as generator:
            yield generator


def kept_in(folder: Path) -> list[Path]:
    return list(folder.rglob("*.json"))


async def card_of(provider: OpenRouterProvider, folder: Path, entry: str) -> ModelCard:
    async with provider.opened(folder, models=[entry]) as generator:
        (card,) = generator.cards
        return card


async def test_a_call_names_one_maker_and_allows_no_fallback(provider: OpenRouterProvider, tmp_path: Path) -> None:
    async with provider.opened(tmp_path, models=[f"a={GPT} quality=high background=opaque"]) as generator:
        (card,) = generator.cards
        await draw(generator, replace(plain_request(card), size=ImageSize(1264, 848)))

    (call,) = provider.simulator.calls
    assert call.headers["authorization"] == f"Bearer {provider.api_key}"
    assert call.headers["connection"] == "close"
    assert call.body == {
        "model": GPT,
        "prompt": plain_request(card).prompt.value,
        "n": 1,
        "aspect_ratio": "3:2",
        "quality": "high",
        "background": "opaque",
        "output_format": "png",
        "provider": {"only": ["openai"], "allow_fallbacks": False},
    }


async def test_a_card_shows_what_openrouter_publishes_about_the_first_maker(
    provider: OpenRouterProvider, tmp_path: Path
) -> None:
    seedream = await card_of(provider, tmp_path, f"a={SEEDREAM}")
    flux = await card_of(provider, tmp_path, f"a={FLUX}")
    gpt = await card_of(provider, tmp_path, f"a={GPT} output_format=webp")
    gemini = await card_of(provider, tmp_path, f"a={GEMINI}")

    # Ratios that are not shapes, such as auto, are left out.
    assert [len(card.sizes or ()) for card in (seedream, flux, gpt, gemini)] == [4 * 3, 3, 3, 2 * 3]
    assert [card.honours for card in (seedream, flux, gpt, gemini)] == [("seed",), ("seed",), (), ()]
    assert [card.seed_max for card in (seedream, flux)] == [2**31 - 1, 2**32 - 2]
    assert [str(card.price) for card in (seedream, flux, gpt, gemini)] == ["0.04 USD", "None", "None", "0.151 USD"]
    assert [card.media_type for card in (flux, gpt)] == [MediaType.PNG, MediaType.WEBP]


async def test_the_operator_may_choose_the_maker_and_the_resolutions(
    provider: OpenRouterProvider, tmp_path: Path
) -> None:
    smaller = await card_of(provider, tmp_path, f"a={GEMINI} 1K|2K")
    # Two records of one maker disagree: only what both accept is offered, at the higher price.
    vertex = await card_of(provider, tmp_path, f"a={GEMINI} only=google-vertex/global")

    assert (len(smaller.sizes or ()), str(smaller.price)) == (4, "0.101 USD")
    assert vertex.sizes == (ImageSize(1024, 1024), ImageSize(1200, 896))
    assert (vertex.seed_min, vertex.seed_max, str(vertex.price)) == (100, 1000, "0.08 USD")


async def test_a_start_without_a_network_uses_the_last_known_description(
    provider: OpenRouterProvider, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    provider.simulator.expiration_dates[SEEDREAM] = "2027-03-01"
    before = await card_of(provider, tmp_path, f"a={SEEDREAM}")
    await provider.suffer(Situation.UNREACHABLE)
    after = await card_of(provider, tmp_path, f"a={SEEDREAM}")

    assert before == after
    assert after.ends == date(2027, 3, 1)
    assert "is offered as OpenRouter described it last" in caplog.text


async def test_the_last_known_end_of_a_model_is_kept_until_openrouter_describes_it_again(
    provider: OpenRouterProvider, tmp_path: Path
) -> None:
    simulator = provider.simulator
    simulator.describes_models = False
    days = [(await card_of(provider, tmp_path, f"a={SEEDREAM}")).ends]
    simulator.describes_models, simulator.expiration_dates[SEEDREAM] = True, "2027-03-01"
    days.append((await card_of(provider, tmp_path, f"a={SEEDREAM}")).ends)
    simulator.describes_models = False
    days.append((await card_of(provider, tmp_path, f"a={SEEDREAM}")).ends)
    simulator.describes_models, simulator.expiration_dates[SEEDREAM] = True, None
    days.append((await card_of(provider, tmp_path, f"a={SEEDREAM}")).ends)

    assert days == [None, date(2027, 3, 1), date(2027, 3, 1), None]


async def test_a_changed_description_takes_effect_at_the_next_start(
    provider: OpenRouterProvider, tmp_path: Path
) -> None:
    before = await card_of(provider, tmp_path, f"a={SEEDREAM}")
    provider.simulator.models[SEEDREAM][0]["pricing"][0]["cost_usd"] = 0.05
    after = await card_of(provider, tmp_path, f"a={SEEDREAM}")

    assert (str(before.price), str(after.price)) == ("0.04 USD", "0.05 USD")


@pytest.mark.parametrize("entry", [BY_HAND, f"seedream={SEEDREAM} 1024x1024|1536x1024 only=bytedance"])
async def test_a_model_that_is_declared_by_hand_needs_no_network(
    provider: OpenRouterProvider, tmp_path: Path, entry: str
) -> None:
    await provider.suffer(Situation.UNREACHABLE)
    async with provider.opened(tmp_path, models=[entry]) as generator:
        (card,) = generator.cards
        await provider.recover()
        request = replace(plain_request(card), size=(card.sizes or ())[1])
        images, failure = await draw(generator, request)

    assert (failure, ImageSize(images[0].file.width, images[0].file.height)) == (None, request.size)
    assert [one.width for one in provider.asked] == [request.size.width]
    assert kept_in(tmp_path) == []


@pytest.mark.parametrize("kept", [b"{", b"[]", b"\xff", b'{"endpoints": [1, {"provider_tag": 2}, {"pricing": {}}]}'])
async def test_a_broken_copy_of_a_description_stops_the_start(
    provider: OpenRouterProvider, tmp_path: Path, kept: bytes
) -> None:
    await card_of(provider, tmp_path, f"a={SEEDREAM}")
    (file,) = kept_in(tmp_path)
    file.write_bytes(kept)
    await provider.suffer(Situation.UNREACHABLE)

    with pytest.raises(InvalidValue, match=r"was not read before: list its sizes|is made by no maker"):
        await card_of(provider, tmp_path, f"a={SEEDREAM}")


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("a=unknown/model", "'a': OpenRouter does not draw with unknown/model"),
        (f"a={SEEDREAM} only=openai", f"'a': {SEEDREAM} is made by bytedance, not by openai"),
        (f"a={SEEDREAM} 4K", f"'a': {SEEDREAM} is not drawn at 4K"),
        (f"a={SEEDREAM} quality=high", f"'a': quality is not accepted by {SEEDREAM}"),
        (f"a={GPT} quality=best", f"'a': quality must be one of auto, low, medium, high by {GPT}"),
        (f"a={SHAPELESS}", f"as in a={SHAPELESS} 1024x1024 only=MAKER"),
        (f"a={VECTOR}", f"'a': {VECTOR} draws svg"),
    ],
)
async def test_a_model_that_cannot_be_offered_stops_the_start_with_one_line(
    provider: OpenRouterProvider, tmp_path: Path, entry: str, says: str
) -> None:
    with pytest.raises(InvalidValue, match=re.escape(says)) as stopped:
        await card_of(provider, tmp_path, entry)
    assert "\n" not in str(stopped.value)


async def test_an_image_of_another_shape_than_ordered_is_returned_as_it_is(
    provider: OpenRouterProvider, tmp_path: Path
) -> None:
    provider.simulator.faults.set("image-clamped")
    async with provider.opened(tmp_path, models=[f"a={SEEDREAM}"]) as generator:
        (card,) = generator.cards
        images, failure = await draw(generator, replace(plain_request(card), size=ImageSize(1584, 672)))

    assert (failure, images[0].file.width, images[0].file.height) == (None, 1200, 896)


@pytest.mark.parametrize(
    ("fault", "cost"), [(None, Money.parse("0.08 USD")), ("usage-missing", None), ("cost-null", None)]
)
async def test_the_cost_of_a_call_is_read_from_its_answer(
    provider: OpenRouterProvider, tmp_path: Path, fault: str | None, cost: Money | None
) -> None:
    if fault:
        provider.simulator.faults.set(fault, times=1)
    async with provider.opened(tmp_path, models=[f"a={SEEDREAM}"]) as generator:
        receipt = await generator.submit(plain_request(generator.cards[0], samples=2), "key")

    assert receipt.cost == cost


async def test_svg_is_charged_but_is_not_an_image(provider: OpenRouterProvider, tmp_path: Path) -> None:
    provider.simulator.faults.set("image-svg-drawn")
    async with provider.opened(tmp_path, models=[f"a={SEEDREAM}"]) as generator:
        request = plain_request(generator.cards[0])
        images, failure = await draw(generator, request)
        receipt = await generator.submit(request, "key")

    assert (images, type(failure)) == ({}, UnusableImage)
    assert [piece[:4] for piece in receipt.evidence if isinstance(piece, bytes)] == [b"<svg"]


async def test_check_reports_a_wrong_key(provider: OpenRouterProvider, tmp_path: Path) -> None:
    async with provider.opened(tmp_path, models=[BY_HAND], api_key="sk-wrong") as generator:
        with pytest.raises(GeneratorRefused, match="refuses our key"):
            await generator.check()
