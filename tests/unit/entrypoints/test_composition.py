from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from darkroom.adapters.in_memory.generator import WIDEST_CARD, InMemoryImageGenerator, tile
from darkroom.domain.model.generation import GeneratedImage, Generation, GenerationRequest, State
from darkroom.domain.model.limits import Caller
from darkroom.domain.model.money import Money
from darkroom.domain.model.order import read_order
from darkroom.domain.model.values import ImageSize
from darkroom.domain.ports import ImageGenerator, Receipt
from darkroom.entrypoints.container.composition import Container, open_container
from darkroom.entrypoints.http.auth.access import Access
from darkroom.entrypoints.http.auth.tokens import TokenVerifier
from darkroom.entrypoints.http.errors import KeysUnavailable
from darkroom.entrypoints.settings import BadSettings, Settings

ORDER = {"version": "memory", "prompt": "a fox", "width": 64, "height": 64}


class AnotherProvider(ImageGenerator):
    cards = (WIDEST_CARD,)

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        return Receipt(images=(GeneratedImage(index=0, seed=request.seeds[0], data=tile(64, 64, 0xFF0000)),))


@asynccontextmanager
async def opened(folder: Path, *generators: ImageGenerator, **settings: str) -> AsyncIterator[Container]:
    read = Settings.read({"DARKROOM_DATA_DIR": str(folder / "state"), **settings})
    async with open_container(read, generators=generators or [InMemoryImageGenerator()]) as container:
        try:
            yield container
        finally:
            await container.application().generate.work.drain()


async def drawn(container: Container, order: Mapping[str, object] = ORDER) -> Generation:
    return (await container.application().generate(read_order(order, container.cards()), Caller("me"))).generation


async def test_another_provider_takes_five_lines(tmp_path: Path) -> None:
    async with opened(tmp_path, AnotherProvider()) as container:
        generation = await drawn(container)
        assert generation.state is State.STORED
        keys = container.storage().keys()
        assert [key async for key in keys] == [image.key for image in generation.images]


async def test_prices_of_the_operator_replace_those_of_the_cards(tmp_path: Path) -> None:
    settings = {"DARKROOM_PRICES": "memory=0.02 USD,v2.0=0.05 USD", "DARKROOM_ALIASES": "v2.1=memory,v2.0=memory"}
    async with opened(tmp_path, **settings) as container:
        prices = {version: card.price for version, card in container.cards().items()}
        generation = await drawn(container, ORDER | {"samples": 3})
    dear, cheap = Money(Decimal("0.05"), "USD"), Money(Decimal("0.02"), "USD")
    assert prices == {"memory": cheap, "v2.1": cheap, "v2.0": dear}
    assert generation.cost == Money(Decimal("0.06"), "USD")


async def test_an_alias_has_its_own_prices_by_size_or_those_of_its_model(tmp_path: Path) -> None:
    settings = {
        "DARKROOM_PRICES": "memory@1024x1024=0.04 USD,memory=0.03+0.01 USD/MP,v2.0@64x64=0.1 USD",
        "DARKROOM_ALIASES": "v2.1=memory,v2.0=memory",
    }
    async with opened(tmp_path, **settings) as container:
        costs = {
            version: [str(card.cost_of(ImageSize(width, 1024), 1)) for width in (64, 1024, 2048)]
            for version, card in container.cards().items()
        }
    by_model = ["0.03 USD", "0.04 USD", "0.04 USD"]
    assert costs == {"memory": by_model, "v2.1": by_model, "v2.0": ["0.1 USD"] * 3}


async def test_the_operator_can_set_the_ending_date_of_a_model_and_of_its_aliases(tmp_path: Path) -> None:
    settings = {"DARKROOM_ENDING_DATES": "memory=2027-03-31", "DARKROOM_ALIASES": "v2.1=memory"}
    async with opened(tmp_path, **settings) as container:
        assert {card.ends for card in container.cards().values()} == {date(2027, 3, 31)}


async def test_an_ending_date_of_a_model_that_is_not_on_offer_prevents_the_start(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="DARKROOM_ENDING_DATES must be of models on offer"):
        async with opened(tmp_path, DARKROOM_ENDING_DATES="v2.1=2027-03-31"):
            raise AssertionError("the container was opened")


async def test_a_model_that_a_spending_limit_cannot_count_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path, DARKROOM_SPEND_PER_DAY="9 USD"):
        assert "DARKROOM_SPEND_PER_DAY does not count memory: it has no price" in caplog.text


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"DARKROOM_PRICES": "v9=1 USD"}, "DARKROOM_PRICES must be for models on offer, not v9"),
        ({"DARKROOM_PRICES": "memory@9x9=1 USD"}, "DARKROOM_PRICES must be for models on offer, not memory@9x9"),
        (
            {"DARKROOM_PRICES": "memory@4096x16=1 USD"},
            "DARKROOM_PRICES must be for sizes that memory draws, not 4096x16",
        ),
        (
            {"DARKROOM_PRICES": "memory=1 USD", "DARKROOM_SPEND_PER_DAY": "9 KRW"},
            "DARKROOM_SPEND_PER_DAY must be in USD, as memory is",
        ),
        ({"DARKROOM_ALIASES": "a=b"}, "DARKROOM_ALIASES must stand for models on offer, not a=b"),
        (
            {"DARKROOM_ALIASES": "memory=memory"},
            "DARKROOM_ALIASES must be names that no generator offers, not memory",
        ),
        ({"DARKROOM_FALLBACKS": "v9=memory"}, "DARKROOM_FALLBACKS must be for models on offer, not v9"),
        ({"DARKROOM_FALLBACKS": "memory=v9"}, "DARKROOM_FALLBACKS must be models on offer, not v9"),
        (
            {"DARKROOM_ALIASES": "v2.1=memory", "DARKROOM_FALLBACKS": "v2.1=memory"},
            "DARKROOM_FALLBACKS must name each model once for v2.1, not memory after memory",
        ),
    ],
)
async def test_inconsistent_settings_prevent_the_start(
    tmp_path: Path, settings: Mapping[str, str], problem: str
) -> None:
    with pytest.raises(BadSettings, match=problem):
        async with opened(tmp_path, **settings):
            pass


async def test_a_plain_http_bucket_is_warned_about(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    s3 = {"DARKROOM_STORAGE": "s3", "DARKROOM_S3_BUCKET": "b", "DARKROOM_S3_ENDPOINT_URL": "http://s3.invalid:8333"}
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    async with opened(tmp_path, **s3, **keys):  # an unavailable storage does not prevent the start
        assert "DARKROOM_S3_ENDPOINT_URL is plain http: anyone on the way can read images" in caplog.text


async def test_an_unknown_generator_prevents_the_start(tmp_path: Path) -> None:
    settings = Settings.read({"DARKROOM_DATA_DIR": str(tmp_path), "DARKROOM_GENERATORS": "dalle"})
    with pytest.raises(BadSettings, match=r"DARKROOM_GENERATORS must name some of .*sketch.*, not 'dalle'"):
        async with open_container(settings):
            pass


async def test_without_a_secret_webhooks_are_neither_accepted_nor_sent(tmp_path: Path) -> None:
    async with opened(tmp_path) as container:
        assert container.services().webhooks is None
        assert container.application().deliver is None
    async with opened(tmp_path, DARKROOM_WEBHOOK_SECRETS="whsec_" + "A" * 32) as container:
        assert container.services().webhooks is not None
        assert container.application().deliver is not None


class Everyone(TokenVerifier):
    async def verify(self, token: str) -> Access:
        return Access(Caller(token))


async def test_an_issuer_is_not_asked_for_keys_if_another_verifier_is_given(tmp_path: Path) -> None:
    settings = Settings.read(
        {
            "DARKROOM_DATA_DIR": str(tmp_path),
            "DARKROOM_JWT_DISCOVERY": "true",
            "DARKROOM_JWT_ISSUER": "http://127.0.0.1:1",  # nothing answers there
            "DARKROOM_PAGE_CLIENT_ID": "the-page",
        }
    )
    with pytest.raises(KeysUnavailable):
        async with open_container(settings):
            pass
    async with open_container(settings, tokens=Everyone()) as container:
        assert container.services().sign_in is None


async def test_an_image_host_that_can_never_be_used_prevents_the_start(tmp_path: Path) -> None:
    settings = Settings.read(
        {
            "DARKROOM_DATA_DIR": str(tmp_path),
            "DARKROOM_GENERATORS": "karlo",
            "DARKROOM_KARLO_API_KEY": "key",
            "DARKROOM_KARLO_BASE_URL": "http://127.0.0.1:9001",
            "DARKROOM_KARLO_IMAGE_HOSTS": "10.0.0.1",
        }
    )
    with pytest.raises(BadSettings, match=r"DARKROOM_KARLO_IMAGE_HOSTS: '10\.0\.0\.1' is not a public address"):
        async with open_container(settings):
            pass
