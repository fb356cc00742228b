"""The generators by name, and how each is opened. What is not chosen is not imported: some bring much along."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from darkroom.domain.ports import ImageGenerator
from darkroom.entrypoints.container import plugins
from darkroom.entrypoints.container.data_folder import data_folder
from darkroom.entrypoints.container.opening import opened, read_from
from darkroom.entrypoints.settings import (
    BadSettings,
    DiffusersSettings,
    GeminiSettings,
    KarloSettings,
    OpenAISettings,
    OpenRouterSettings,
    ReplicateSettings,
    Settings,
    StabilitySettings,
    WebUISettings,
)

Opener = Callable[[Settings], AbstractAsyncContextManager[ImageGenerator]]


def open_generator(settings: Settings, name: str) -> AbstractAsyncContextManager[ImageGenerator]:
    """The generator of that name.

    Raises:
        BadSettings: there is none, or it cannot be opened as it is set.
    """
    if opener := GENERATORS.get(name):
        return opener(settings)
    elsewhere = plugins.offered(plugins.GENERATORS)
    if name in elsewhere:
        return plugins.open_plugin(plugins.GENERATORS, name, ImageGenerator)
    known = ", ".join([*GENERATORS, *elsewhere])
    raise BadSettings(f"DARKROOM_GENERATORS must name some of {known}, not {name!r}")


@asynccontextmanager
async def _open_sketch(settings: Settings) -> AsyncIterator[ImageGenerator]:
    from darkroom.adapters.generators.sketch import SketchImageGenerator

    del settings
    yield SketchImageGenerator()


@asynccontextmanager
async def _open_karlo(settings: Settings) -> AsyncIterator[ImageGenerator]:
    from darkroom.adapters.generators.karlo import open_karlo

    karlo = settings.of(KarloSettings)
    opening = open_karlo(
        api_key=karlo.api_key.value,
        base_url=karlo.base_url,
        image_hosts=karlo.image_hosts,
        return_type=karlo.return_type,
        image_format=karlo.image_format,
        nsfw_checker=karlo.nsfw_checker,
        call_timeout=karlo.timeout,
        fetch_timeout=settings.generators.fetch_timeout,
        image_memory=settings.limits.memory_bytes,
        trust_env=settings.generators.trust_env,
    )
    async with opened(opening, "DARKROOM_KARLO_IMAGE_HOSTS") as generator:
        yield generator


@asynccontextmanager
async def _open_openai(settings: Settings) -> AsyncIterator[ImageGenerator]:
    from darkroom.adapters.generators.openai_images import GPTImageOptions, open_openai_images, parse_models

    openai = settings.of(OpenAISettings)
    with read_from("DARKROOM_OPENAI_MODELS"):
        models = parse_models(openai.models)
    with read_from("DARKROOM_OPENAI_OUTPUT_FORMAT"):
        options = GPTImageOptions(
            output_format=openai.output_format,
            output_compression=openai.output_compression,
            quality=openai.quality,
            background=openai.background,
            moderation=openai.moderation,
        )
    opening = open_openai_images(
        api_key=openai.api_key.value,
        base_url=openai.base_url,
        models=models,
        options=options,
        response_format=openai.response_format,
        image_hosts=openai.image_hosts,
        call_timeout=openai.timeout,
        fetch_timeout=settings.generators.fetch_timeout,
        image_memory=settings.limits.memory_bytes,
        trust_env=settings.generators.trust_env,
    )
    async with opened(opening, "DARKROOM_OPENAI_IMAGE_HOSTS") as generator:
        yield generator


@asynccontextmanager
async def _open_stability(settings: Settings) -> AsyncIterator[ImageGenerator]:
    from darkroom.adapters.generators.stability import MODELS, open_stability

    stability = settings.of(StabilitySettings)
    opening = open_stability(
        api_key=stability.api_key.value,
        base_url=stability.base_url,
        models=stability.models or tuple(MODELS),
        output_format=stability.output_format,
        call_timeout=stability.timeout,
        trust_env=settings.generators.trust_env,
    )
    async with opened(opening, "DARKROOM_STABILITY_MODELS") as generator:
        yield generator


@asynccontextmanager
async def _open_webui(settings: Settings) -> AsyncIterator[ImageGenerator]:
    from darkroom.adapters.generators.webui import CallOptions, open_webui

    webui = settings.of(WebUISettings)
    opening = open_webui(
        base_url=webui.base_url,
        models=webui.models,
        auth=webui.auth.value if webui.auth else None,
        options=CallOptions(webui.sampler, webui.scheduler),
        call_timeout=webui.timeout,
        trust_env=settings.generators.trust_env,
    )
    async with opened(opening, "DARKROOM_WEBUI_MODELS") as generator:
        yield generator


@asynccontextmanager
async def _open_replicate(settings: Settings) -> AsyncIterator[ImageGenerator]:
    from darkroom.adapters.generators.replicate import open_replicate, parse_models

    replicate = settings.of(ReplicateSettings)
    with read_from("DARKROOM_REPLICATE_MODELS"):
        models = parse_models(replicate.models)
    opening = open_replicate(
        api_token=replicate.api_token.value,
        base_url=replicate.base_url,
        models=models,
        image_hosts=replicate.image_hosts,
        drawing_timeout=replicate.timeout,
        fetch_timeout=settings.generators.fetch_timeout,
        image_memory=settings.limits.memory_bytes,
        trust_env=settings.generators.trust_env,
    )
    async with opened(opening, "DARKROOM_REPLICATE_IMAGE_HOSTS") as generator:
        yield generator


@asynccontextmanager
async def _open_gemini(settings: Settings) -> AsyncIterator[ImageGenerator]:
    from darkroom.adapters.generators.gemini import open_gemini, parse_models

    gemini = settings.of(GeminiSettings)
    with read_from("DARKROOM_GEMINI_MODELS"):
        models = parse_models(gemini.models)
    opening = open_gemini(
        api_key=gemini.api_key.value,
        base_url=gemini.base_url,
        models=models,
        call_timeout=gemini.timeout,
        trust_env=settings.generators.trust_env,
    )
    async with opened(opening, "DARKROOM_GEMINI_BASE_URL") as generator:
        yield generator


@asynccontextmanager
async def _open_openrouter(settings: Settings) -> AsyncIterator[ImageGenerator]:
    from darkroom.adapters.generators.openrouter import open_openrouter, parse_models

    openrouter = settings.of(OpenRouterSettings)
    with read_from("DARKROOM_OPENROUTER_MODELS"):
        models = parse_models(openrouter.models)
    opening = open_openrouter(
        api_key=openrouter.api_key.value,
        base_url=openrouter.base_url,
        models=models,
        folder=data_folder(settings),
        call_timeout=openrouter.timeout,
        trust_env=settings.generators.trust_env,
    )
    async with opened(opening, "DARKROOM_OPENROUTER_MODELS") as generator:
        yield generator


@asynccontextmanager
async def _open_diffusers(settings: Settings) -> AsyncIterator[ImageGenerator]:
    from darkroom.adapters.generators.declared_models import read_sizes
    from darkroom.adapters.generators.diffusers import open_diffusers, parse_sources

    diffusers = settings.of(DiffusersSettings)
    with read_from("DARKROOM_DIFFUSERS_SIZES"):
        sizes = read_sizes(diffusers.sizes) if diffusers.sizes else None
    with read_from("DARKROOM_DIFFUSERS_MODELS"):
        sources = parse_sources(diffusers.models)
    opening = open_diffusers(
        sources=sources, sizes=sizes, device=diffusers.device, dtype=diffusers.dtype, batch=diffusers.batch
    )
    async with opened(opening, "DARKROOM_DIFFUSERS_MODELS") as generator:
        yield generator


# Another provider is one more line here.
GENERATORS: Final[Mapping[str, Opener]] = {
    "diffusers": _open_diffusers,
    "gemini": _open_gemini,
    "karlo": _open_karlo,
    "openai": _open_openai,
    "openrouter": _open_openrouter,
    "replicate": _open_replicate,
    "sketch": _open_sketch,
    "stability": _open_stability,
    "webui": _open_webui,
}
