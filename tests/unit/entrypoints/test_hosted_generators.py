"""The Images API and Stability AI, as they are set."""

import pytest

from domain.image_file import MediaType
from entrypoints.container.generators import open_generator
from entrypoints.settings import BadSettings, Settings

OPENAI = {"DARKROOM_GENERATORS": "openai", "DARKROOM_OPENAI_API_KEY": "sk-test"}
STABILITY = {"DARKROOM_GENERATORS": "stability", "DARKROOM_STABILITY_API_KEY": "sk-test"}


async def offered(environment: dict[str, str]) -> dict[str, MediaType]:
    """What each model on offer draws."""
    settings = Settings.read(environment)
    (name,) = settings.generators.names
    async with open_generator(settings, name) as generator:
        return {card.version.value: card.media_type for card in generator.cards}


async def test_a_key_is_all_that_openai_needs() -> None:
    assert await offered(OPENAI) == {"gpt-image-2": MediaType.PNG}


async def test_an_engine_needs_an_address_and_its_models() -> None:
    engine = {
        "DARKROOM_OPENAI_BASE_URL": "http://127.0.0.1:8000/v1",
        "DARKROOM_OPENAI_MODELS": "flux-dev=512-2048/16 seed num_inference_steps=28, gpt-image-1.5",
        "DARKROOM_OPENAI_OUTPUT_FORMAT": "webp",
        "DARKROOM_OPENAI_OUTPUT_COMPRESSION": "80",
        "DARKROOM_OPENAI_QUALITY": "low",
        "DARKROOM_OPENAI_BACKGROUND": "opaque",
        "DARKROOM_OPENAI_MODERATION": "low",
        "DARKROOM_OPENAI_RESPONSE_FORMAT": "url",
        "DARKROOM_OPENAI_IMAGE_HOSTS": "cdn.example.com",
        "DARKROOM_OPENAI_TIMEOUT": "60",
    }

    assert await offered(OPENAI | engine) == {"flux-dev": MediaType.PNG, "gpt-image-1.5": MediaType.WEBP}


async def test_a_key_is_all_that_stability_ai_needs() -> None:
    assert len(await offered(STABILITY)) == 6


async def test_stability_ai_offers_the_models_that_were_chosen() -> None:
    chosen = {"DARKROOM_STABILITY_MODELS": "sd3.5-flash,stable-image-core", "DARKROOM_STABILITY_OUTPUT_FORMAT": "jpeg"}

    assert await offered(STABILITY | chosen) == {"sd3.5-flash": MediaType.JPEG, "stable-image-core": MediaType.JPEG}


@pytest.mark.parametrize("environment", [OPENAI, STABILITY], ids=["openai", "stability"])
async def test_without_a_key_the_start_stops(environment: dict[str, str]) -> None:
    (name,) = [name for name in environment if name.endswith("_API_KEY")]

    with pytest.raises(BadSettings, match=f"{name} is missing"):
        await offered(environment | {name: ""})


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        (OPENAI | {"DARKROOM_OPENAI_MODELS": "flux-dev"}, "DARKROOM_OPENAI_MODELS: 'flux-dev' must say what it draws"),
        (OPENAI | {"DARKROOM_OPENAI_IMAGE_HOSTS": "10.0.0.1"}, "DARKROOM_OPENAI_IMAGE_HOSTS: '10.0.0.1' is no public"),
        (OPENAI | {"DARKROOM_OPENAI_OUTPUT_COMPRESSION": "80"}, "DARKROOM_OPENAI_OUTPUT_FORMAT: png is not compressed"),
        (OPENAI | {"DARKROOM_OPENAI_QUALITY": "hd"}, "DARKROOM_OPENAI_QUALITY must be auto, low"),
        (STABILITY | {"DARKROOM_STABILITY_MODELS": "sdxl"}, "DARKROOM_STABILITY_MODELS: 'sdxl' must be one of"),
        (STABILITY | {"DARKROOM_STABILITY_OUTPUT_FORMAT": "webp"}, "DARKROOM_STABILITY_OUTPUT_FORMAT must be png or"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_cannot_be_used_stops_the_start_in_a_line_that_names_it(
    environment: dict[str, str], says: str
) -> None:
    with pytest.raises(BadSettings, match=says) as stopped:
        await offered(environment)

    assert len(stopped.value.problems) == 1
