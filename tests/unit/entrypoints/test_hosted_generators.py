"""Settings of the generators over HTTP."""

from pathlib import Path

import pytest

from darkroom.domain.model.image_file import MediaType
from darkroom.entrypoints.container.generators import open_generator
from darkroom.entrypoints.settings import BadSettings, Settings

BFL = {"DARKROOM_GENERATORS": "bfl", "DARKROOM_BFL_API_KEY": "bfl-test"}
FAL = {"DARKROOM_GENERATORS": "fal", "DARKROOM_FAL_API_KEY": "id:secret"}
COMFYUI = {
    "DARKROOM_GENERATORS": "comfyui",
    "DARKROOM_COMFYUI_BASE_URL": "http://127.0.0.1:8188",
    "DARKROOM_COMFYUI_MODELS": "sdxl=sd_xl_base_1.0.safetensors",
}
GEMINI = {"DARKROOM_GENERATORS": "gemini", "DARKROOM_GEMINI_API_KEY": "AIza-test"}
OPENAI = {"DARKROOM_GENERATORS": "openai", "DARKROOM_OPENAI_API_KEY": "sk-test"}
OPENROUTER = {
    "DARKROOM_GENERATORS": "openrouter",
    "DARKROOM_OPENROUTER_API_KEY": "sk-or-test",
    "DARKROOM_OPENROUTER_MODELS": "seedream=bytedance-seed/seedream-4.5 1024x1024 only=bytedance",
}
REPLICATE = {"DARKROOM_GENERATORS": "replicate", "DARKROOM_REPLICATE_API_TOKEN": "r8_test"}
WEBUI = {"DARKROOM_GENERATORS": "webui", "DARKROOM_WEBUI_BASE_URL": "http://127.0.0.1:7860"}
STABILITY = {"DARKROOM_GENERATORS": "stability", "DARKROOM_STABILITY_API_KEY": "sk-test"}


async def offered(environment: dict[str, str]) -> dict[str, MediaType]:
    """The media type that each model on offer draws."""
    settings = Settings.read(environment)
    (name,) = settings.generators.names
    async with open_generator(settings, name) as generator:
        return {card.version.value: card.media_type for card in generator.cards}


async def test_openai_needs_only_a_key() -> None:
    assert await offered(OPENAI) == {"gpt-image-2": MediaType.PNG}


async def test_an_openai_compatible_engine_needs_an_address_and_models() -> None:
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


async def test_comfyui_needs_only_an_address_and_a_checkpoint() -> None:
    assert await offered(COMFYUI) == {"sdxl": MediaType.PNG}


async def test_bfl_needs_only_a_key() -> None:
    assert await offered(BFL) == {"flux-2-pro": MediaType.PNG, "flux-2-flex": MediaType.PNG}


async def test_fal_needs_only_a_key() -> None:
    assert await offered(FAL) == {"flux-dev": MediaType.PNG}


async def test_gemini_needs_only_a_key() -> None:
    assert await offered(GEMINI) == {"gemini-3.1-flash-image": MediaType.PNG}


async def test_stability_ai_needs_only_a_key() -> None:
    assert len(await offered(STABILITY)) == 6


async def test_stability_ai_offers_the_models_that_were_chosen() -> None:
    chosen = {"DARKROOM_STABILITY_MODELS": "sd3.5-flash,stable-image-core", "DARKROOM_STABILITY_OUTPUT_FORMAT": "jpeg"}

    assert await offered(STABILITY | chosen) == {"sd3.5-flash": MediaType.JPEG, "stable-image-core": MediaType.JPEG}


async def test_openrouter_offers_the_models_that_were_declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert await offered(OPENROUTER) == {"seedream": MediaType.PNG}


@pytest.mark.parametrize("name", ["DARKROOM_OPENROUTER_API_KEY", "DARKROOM_OPENROUTER_MODELS"])
async def test_openrouter_needs_a_key_and_models(name: str) -> None:
    with pytest.raises(BadSettings, match=f"{name} is missing"):
        await offered(OPENROUTER | {name: ""})


@pytest.mark.parametrize(
    ("models", "says"),
    [
        ("seedream", "'seedream' must say which model that is"),
        ("a=seedream-4.5", "'a' must say which model that is"),
        ("a=b/../c", "'a' must say which model that is"),
        ("a=b/c large", "'large' must be resolutions, sizes, seed, only=MAKER"),
        ("a=b/c seed", "'a': seed goes with a list of sizes"),
        ("a=b/c 1024x1024", "'a' lists its sizes, so it must say who makes it"),
        ("a=b/c 1024x1024 1K only=d", "'a' lists its sizes, so it must say who makes it, only=MAKER, and no"),
        ("a=b/c 1024x1024 1024x1024 only=d", "'1024x1024' must be resolutions, sizes, seed"),
        ("a=b/c output_format=svg", "output_format must be png, jpeg, webp"),
        ("a=b/c output_compression=101", "output_compression must be a whole number from 0 to 100"),
        ("a=b/c, a=b/d", "'a' is named twice"),
    ],
)
async def test_a_wrong_model_line_of_openrouter_prevents_the_start(
    models: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadSettings, match=f"DARKROOM_OPENROUTER_MODELS: {says}"):
        await offered(OPENROUTER | {"DARKROOM_OPENROUTER_MODELS": models})


async def test_replicate_needs_only_a_token() -> None:
    assert await offered(REPLICATE) == {"flux-schnell": MediaType.PNG}


async def test_replicate_offers_the_models_that_were_declared() -> None:
    declared = {
        "DARKROOM_REPLICATE_MODELS": "flux=black-forest-labs/flux-dev 1:1=1024x1024 seed output_format=webp",
        "DARKROOM_REPLICATE_IMAGE_HOSTS": "cdn.example.com",
    }

    assert await offered(REPLICATE | declared) == {"flux": MediaType.WEBP}


async def test_a_web_ui_needs_only_an_address() -> None:
    assert await offered(WEBUI) == {"webui": MediaType.PNG}


async def test_a_web_ui_offers_the_checkpoints_that_were_named() -> None:
    named = {
        "DARKROOM_WEBUI_MODELS": "sdxl=sd_xl_base_1.0, any",
        "DARKROOM_WEBUI_AUTH": "me:secret",
        "DARKROOM_WEBUI_SAMPLER": "DPM++ 2M",
        "DARKROOM_WEBUI_SCHEDULER": "Karras",
    }

    assert await offered(WEBUI | named) == {"sdxl": MediaType.PNG, "any": MediaType.PNG}


@pytest.mark.parametrize(
    "environment",
    [BFL, FAL, GEMINI, OPENAI, STABILITY, REPLICATE, WEBUI],
    ids=["bfl", "fal", "gemini", "openai", "stability", "replicate", "webui"],
)
async def test_a_missing_setting_prevents_the_start(environment: dict[str, str]) -> None:
    (name,) = environment.keys() - {"DARKROOM_GENERATORS"}

    with pytest.raises(BadSettings, match=f"{name} is missing"):
        await offered(environment | {name: ""})


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        (
            COMFYUI | {"DARKROOM_COMFYUI_MODELS": "own=nowhere.json"},
            "DARKROOM_COMFYUI_MODELS: nowhere.json cannot be",
        ),
        (COMFYUI | {"DARKROOM_COMFYUI_MODELS": "a=b.ckpt steps"}, "DARKROOM_COMFYUI_MODELS: 'steps' must be paid"),
        (GEMINI | {"DARKROOM_GEMINI_MODELS": "a/b"}, "DARKROOM_GEMINI_MODELS: 'a/b' must be a model's name"),
        (GEMINI | {"DARKROOM_GEMINI_MODELS": "a=3K"}, "DARKROOM_GEMINI_MODELS: '3K' must name a ratio for each size"),
        (GEMINI | {"DARKROOM_GEMINI_MODELS": "a=1K steps"}, "DARKROOM_GEMINI_MODELS: '1K steps' must be sizes"),
        (
            GEMINI | {"DARKROOM_GEMINI_MODELS": "a=tokens=60"},
            "DARKROOM_GEMINI_MODELS: tokens=60 must be USD for a million",
        ),
        (GEMINI | {"DARKROOM_GEMINI_MODELS": "a=1K, a"}, "DARKROOM_GEMINI_MODELS: 'a' is named twice"),
        (OPENAI | {"DARKROOM_OPENAI_MODELS": "flux-dev"}, "DARKROOM_OPENAI_MODELS: 'flux-dev' must say what it draws"),
        (
            OPENAI | {"DARKROOM_OPENAI_IMAGE_HOSTS": "10.0.0.1"},
            "DARKROOM_OPENAI_IMAGE_HOSTS: '10.0.0.1' is not a public",
        ),
        (
            OPENAI | {"DARKROOM_OPENAI_OUTPUT_COMPRESSION": "80"},
            "DARKROOM_OPENAI_OUTPUT_FORMAT: the compression of png",
        ),
        (OPENAI | {"DARKROOM_OPENAI_QUALITY": "hd"}, "DARKROOM_OPENAI_QUALITY must be auto, low"),
        (
            REPLICATE | {"DARKROOM_REPLICATE_MODELS": "sdxl"},
            "DARKROOM_REPLICATE_MODELS: 'sdxl' must name the model that draws",
        ),
        (
            REPLICATE | {"DARKROOM_REPLICATE_IMAGE_HOSTS": "10.0.0.1"},
            "DARKROOM_REPLICATE_IMAGE_HOSTS: '10.0.0.1' is no",
        ),
        (WEBUI | {"DARKROOM_WEBUI_MODELS": "sdxl="}, "DARKROOM_WEBUI_MODELS: 'sdxl' must name a checkpoint"),
        (WEBUI | {"DARKROOM_WEBUI_AUTH": "me"}, "DARKROOM_WEBUI_AUTH must be user:password"),
        (STABILITY | {"DARKROOM_STABILITY_MODELS": "sdxl"}, "DARKROOM_STABILITY_MODELS: 'sdxl' must be one of"),
        (STABILITY | {"DARKROOM_STABILITY_OUTPUT_FORMAT": "webp"}, "DARKROOM_STABILITY_OUTPUT_FORMAT must be png or"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_wrong_setting_prevents_the_start_and_is_named_in_one_line(
    environment: dict[str, str], says: str
) -> None:
    with pytest.raises(BadSettings, match=says) as stopped:
        await offered(environment)

    assert len(stopped.value.problems) == 1
