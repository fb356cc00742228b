"""The generators by name, and how each is opened. What is not chosen is not imported: some bring much along."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Final

from domain.errors import InvalidValue
from domain.ports import ImageGenerator
from entrypoints.settings import BadSettings, KarloSettings, Settings

Opener = Callable[[Settings], AbstractAsyncContextManager[ImageGenerator]]


def open_generator(settings: Settings, name: str) -> AbstractAsyncContextManager[ImageGenerator]:
    """The generator of that name.

    Raises:
        BadSettings: there is none, or it cannot be opened as it is set.
    """
    opener = GENERATORS.get(name)
    if opener is None:
        raise BadSettings(f"DARKROOM_GENERATORS must name some of {', '.join(GENERATORS)}, not {name!r}")
    return opener(settings)


@asynccontextmanager
async def _open_sketch(settings: Settings) -> AsyncIterator[ImageGenerator]:
    from adapters.generators.sketch import SketchImageGenerator

    del settings
    yield SketchImageGenerator()


@asynccontextmanager
async def _open_karlo(settings: Settings) -> AsyncIterator[ImageGenerator]:
    from adapters.generators.karlo import open_karlo

    karlo = settings.of(KarloSettings)
    async with AsyncExitStack() as opened:
        try:
            generator = await opened.enter_async_context(
                open_karlo(
                    api_key=karlo.api_key.value,
                    base_url=karlo.base_url,
                    image_hosts=karlo.image_hosts,
                    return_type=karlo.return_type,
                    image_format=karlo.image_format,
                    nsfw_checker=karlo.nsfw_checker,
                    call_timeout=karlo.timeout,
                    fetch_timeout=settings.generators.fetch_timeout,
                    trust_env=settings.generators.trust_env,
                )
            )
        except InvalidValue as rule:  # all else that it takes was read by stricter rules
            raise BadSettings(f"DARKROOM_KARLO_IMAGE_HOSTS: {rule}") from rule
        yield generator


# Another provider is one more line here.
GENERATORS: Final[Mapping[str, Opener]] = {
    "karlo": _open_karlo,
    "sketch": _open_sketch,
}
