"""Opens the generators by name. Only those in use are imported, since some need large libraries."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Final

from darkroom.domain.ports import ImageGenerator
from darkroom.entrypoints.container import plugins
from darkroom.entrypoints.container.data_folder import data_folder
from darkroom.entrypoints.container.opening import opened, read_from
from darkroom.entrypoints.settings import (
    BadSettings,
    DiffusersSettings,
    KarloSettings,
    OpenAISettings,
    Secret,
    Settings,
    StabilitySettings,
    WebUISettings,
)
from darkroom.entrypoints.settings.endpoints import in_words_of
from darkroom.entrypoints.settings.generators import GENERATOR_GROUPS
from darkroom.entrypoints.settings.setting import declared_in

if TYPE_CHECKING:
    from darkroom.adapters.outbound_http.intake import Intake

Opener = Callable[[Settings, "Intake | None"], AbstractAsyncContextManager[ImageGenerator]]


def open_generator(
    settings: Settings, name: str, intake: "Intake | None" = None
) -> AbstractAsyncContextManager[ImageGenerator]:
    """Return the opener of the generator `name`, which receives images within `intake`; None means its default.

    Raises:
        BadSettings: there is no such generator, or (on entering) it cannot be opened with these settings.
    """
    kind, dot, _ = name.partition(".")
    if dot and name in settings.endpoints:
        return _open_endpoint(settings.for_generator(name), intake, name, GENERATORS[kind])
    if opener := GENERATORS.get(name):
        return opener(settings, intake)
    elsewhere = plugins.offered(plugins.GENERATORS)
    if name in elsewhere:
        return plugins.open_plugin(plugins.GENERATORS, name, ImageGenerator)
    known = ", ".join([*GENERATORS, *elsewhere])
    raise BadSettings(f"DARKROOM_GENERATORS must name some of {known}, not {name!r}")


@asynccontextmanager
async def _open_endpoint(
    settings: Settings, intake: "Intake | None", name: str, opener: Opener
) -> AsyncIterator[ImageGenerator]:
    """Open one of several endpoints of a kind; faults in its settings are reported under the endpoint's names."""
    from darkroom.adapters.generators.named import NamedImageGenerator

    try:
        async with opener(settings, intake) as generator:
            yield NamedImageGenerator(generator, name)
    except BadSettings as wrong:
        raise BadSettings(*(in_words_of(name, problem) for problem in wrong.problems)) from wrong


@asynccontextmanager
async def _open_sketch(settings: Settings, intake: "Intake | None") -> AsyncIterator[ImageGenerator]:
    from darkroom.adapters.generators.sketch import SketchImageGenerator

    del settings, intake
    yield SketchImageGenerator()


@asynccontextmanager
async def _open_karlo(settings: Settings, intake: "Intake | None") -> AsyncIterator[ImageGenerator]:
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
        intake=intake,
        trust_env=settings.generators.trust_env,
    )
    async with opened(opening, "DARKROOM_KARLO_IMAGE_HOSTS") as generator:
        yield generator


@asynccontextmanager
async def _open_openai(settings: Settings, intake: "Intake | None") -> AsyncIterator[ImageGenerator]:
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
        key_header=openai.header,
        query=openai.query,
        image_hosts=openai.image_hosts,
        links_with_key=openai.links_with_key,
        call_timeout=openai.timeout,
        fetch_timeout=settings.generators.fetch_timeout,
        intake=intake,
        trust_env=settings.generators.trust_env,
    )
    async with opened(opening, "DARKROOM_OPENAI_IMAGE_HOSTS") as generator:
        yield generator


@asynccontextmanager
async def _open_stability(settings: Settings, intake: "Intake | None") -> AsyncIterator[ImageGenerator]:
    from darkroom.adapters.generators.stability import MODELS, open_stability

    stability = settings.of(StabilitySettings)
    opening = open_stability(
        api_key=stability.api_key.value,
        base_url=stability.base_url,
        models=stability.models or tuple(MODELS),
        output_format=stability.output_format,
        call_timeout=stability.timeout,
        intake=intake,
        trust_env=settings.generators.trust_env,
    )
    async with opened(opening, "DARKROOM_STABILITY_MODELS") as generator:
        yield generator


@asynccontextmanager
async def _open_webui(settings: Settings, intake: "Intake | None") -> AsyncIterator[ImageGenerator]:
    from darkroom.adapters.generators.webui import CallOptions, open_webui

    webui = settings.of(WebUISettings)
    opening = open_webui(
        base_url=webui.base_url,
        models=webui.models,
        auth=webui.auth.value if webui.auth else None,
        options=CallOptions(webui.sampler, webui.scheduler),
        call_timeout=webui.timeout,
        keep_metadata=webui.keep_metadata,
        intake=intake,
        trust_env=settings.generators.trust_env,
    )
    async with opened(opening, "DARKROOM_WEBUI_MODELS") as generator:
        yield generator


@asynccontextmanager
async def _open_diffusers(settings: Settings, intake: "Intake | None") -> AsyncIterator[ImageGenerator]:
    from darkroom.adapters.generators.declared_models import read_sizes
    from darkroom.adapters.generators.diffusers import open_diffusers, parse_sources

    del intake
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


def _as_declared(name: str) -> Opener:
    """Return the opener of a generator whose package follows the convention.

    The package has the generator's name, `parse_models` for the declared models, and `open_NAME`, whose keywords are
    the fields of its settings. Of the settings for all generators, it receives those that it has keywords for.
    """

    @asynccontextmanager
    async def open_it(settings: Settings, intake: "Intake | None") -> AsyncIterator[ImageGenerator]:
        package, group = import_module(f"darkroom.adapters.generators.{name}"), GENERATOR_GROUPS[name]
        opener, called = getattr(package, f"open_{name}"), {one.field: one.setting.name for one in declared_in(group)}
        values = {field: getattr(settings.of(group), field) for field in called}
        given = {field: value.value if isinstance(value, Secret) else value for field, value in values.items()}
        with read_from(called["models"]):
            given["models"] = package.parse_models(given["models"])
        for_all = {
            "fetch_timeout": settings.generators.fetch_timeout,
            "intake": intake,
            "trust_env": settings.generators.trust_env,
        }
        takes = signature(opener).parameters
        given |= {keyword: value for keyword, value in for_all.items() if keyword in takes}
        given |= {"folder": data_folder(settings)} if "folder" in takes else {}
        async with opened(opener(**given), called.get("image_hosts", called["models"])) as generator:
            yield generator

    return open_it


# To add a provider over HTTP, add a line to GENERATOR_GROUPS.
GENERATORS: Final[Mapping[str, Opener]] = {name: _as_declared(name) for name in GENERATOR_GROUPS} | {
    "diffusers": _open_diffusers,
    "karlo": _open_karlo,
    "openai": _open_openai,
    "sketch": _open_sketch,
    "stability": _open_stability,
    "webui": _open_webui,
}
