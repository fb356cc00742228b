"""Settings of the generator that draws with Black Forest Labs."""

from dataclasses import dataclass
from typing import Annotated, Final

from darkroom.entrypoints.settings import parsers as read
from darkroom.entrypoints.settings.setting import Secret, Setting

_PRO: Final = "flux-2-pro=flux-2-pro 256-1984/16 seed output_format=png"
_FLEX: Final = (
    "flux-2-flex=flux-2-flex 256-1984/16 seed num_inference_steps:steps=50(1-50) guidance_scale:guidance=5(1.5-10) "
    "output_format=png"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BflSettings:
    """Black Forest Labs' API."""

    api_key: Annotated[Secret, Setting("DARKROOM_BFL_API_KEY", read.api_key, "the API key", confidential=True)]
    base_url: Annotated[
        str,
        Setting(
            "DARKROOM_BFL_BASE_URL",
            read.web_url,
            "the address of BFL's API, such as `https://api.eu.bfl.ai`",
            confidential=True,
        ),
    ] = "https://api.bfl.ai"
    models: Annotated[
        tuple[str, ...],
        Setting(
            "DARKROOM_BFL_MODELS",
            read.names,
            "the models: their paths, sizes, the fields that they honour, and fixed inputs, such as "
            "`flux-2-max=flux-2-max 256-1984/16 seed output_format=png safety_tolerance=2`; sides are multiples of "
            "16, at most 4 megapixels together",
            "flux-2-pro, flux-2-flex",
        ),
    ] = (_PRO, _FLEX)
    polling_hosts: Annotated[
        tuple[str, ...],
        Setting(
            "DARKROOM_BFL_POLLING_HOSTS",
            read.hosts,
            "hosts at which tasks may be polled; the key is sent to no other host, except that of the base URL; "
            "`.bfl.ai` are all hosts below bfl.ai",
            ".bfl.ai",
        ),
    ] = (".bfl.ai",)
    image_hosts: Annotated[
        tuple[str, ...],
        Setting(
            "DARKROOM_BFL_IMAGE_HOSTS",
            read.hosts,
            "hosts that image links may name, as in `DARKROOM_KARLO_IMAGE_HOSTS`",
            ".bfl.ai,bfldeliveryprod.blob.core.windows.net",
        ),
    ] = (".bfl.ai", "bfldeliveryprod.blob.core.windows.net")
    drawing_timeout: Annotated[
        float,
        Setting("DARKROOM_BFL_TIMEOUT", read.seconds, "seconds after which a task that has not ended is given up"),
    ] = 300
