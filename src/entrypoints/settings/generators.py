"""Settings of the generators: who draws."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Final, Literal

from darkroom.entrypoints.settings import parsers as read
from darkroom.entrypoints.settings.bfl import BflSettings
from darkroom.entrypoints.settings.comfyui import ComfyUISettings
from darkroom.entrypoints.settings.diffusers import DiffusersSettings
from darkroom.entrypoints.settings.fal import FalSettings
from darkroom.entrypoints.settings.gemini import GeminiSettings
from darkroom.entrypoints.settings.openai_images import OpenAISettings
from darkroom.entrypoints.settings.openrouter import OpenRouterSettings
from darkroom.entrypoints.settings.replicate import ReplicateSettings
from darkroom.entrypoints.settings.setting import Secret, Setting
from darkroom.entrypoints.settings.stability import StabilitySettings
from darkroom.entrypoints.settings.webui import WebUISettings


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorSettings:
    """Which generators offer their models, and how providers over HTTP are reached."""

    names: Annotated[
        tuple[str, ...], Setting("DARKROOM_GENERATORS", read.names, "the generators whose models are offered", "sketch")
    ] = ("sketch",)
    aliases: Annotated[
        Mapping[str, str],
        Setting(
            "DARKROOM_ALIASES",
            read.aliases,
            "`v2.1=sdxl-local`: further names of models, so that clients need not change when a model does",
        ),
    ] = field(default_factory=dict)
    fallbacks: Annotated[
        Mapping[str, tuple[str, ...]],
        Setting(
            "DARKROOM_FALLBACKS",
            read.fallbacks,
            "`v2.1=sdxl-local|gpt-image-2,...`: the models that draw instead if a model refused an order and "
            "nothing was spent",
            "none",
        ),
    ] = field(default_factory=dict)
    ending_dates: Annotated[
        Mapping[str, date],
        Setting(
            "DARKROOM_ENDING_DATES",
            read.days_of_models,
            "`gpt-image-2=2027-03-31,...`: the last day of models whose provider announces it outside of its API; "
            "`darkroom check`, a metric and an alert warn before it",
            "as reported by providers",
        ),
    ] = field(default_factory=dict)
    fetch_timeout: Annotated[
        float, Setting("DARKROOM_FETCH_TIMEOUT", read.seconds, "seconds to fetch the images that a provider made")
    ] = 60
    show_provider_messages: Annotated[
        bool,
        Setting(
            "DARKROOM_SHOW_PROVIDER_MESSAGES",
            read.flag,
            "whether callers see what a provider said about a failure, in `provider_message`; the log and the "
            "ledger always have it, without prompts and keys",
        ),
    ] = False
    trust_env: Annotated[
        bool,
        Setting("DARKROOM_TRUST_ENV", read.flag, "whether HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE are used"),
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KarloSettings:
    """A server that implements Karlo's API."""

    api_key: Annotated[Secret, Setting("DARKROOM_KARLO_API_KEY", read.api_key, "the REST API key", confidential=True)]
    base_url: Annotated[
        str,
        Setting(
            "DARKROOM_KARLO_BASE_URL",
            read.web_url,
            "the address of a server that implements Karlo's API",
            confidential=True,
        ),
    ]
    image_hosts: Annotated[
        tuple[str, ...],
        Setting(
            "DARKROOM_KARLO_IMAGE_HOSTS",
            read.hosts,
            "hosts that image links may name: `host` or `host:port` means https on public addresses, an origin "
            "such as `http://127.0.0.1:9001` means exactly that one",
            "mk.kakaocdn.net",
        ),
    ] = ("mk.kakaocdn.net",)
    return_type: Annotated[
        Literal["url", "base64_string"],
        Setting("DARKROOM_KARLO_RETURN_TYPE", read.one_of("url", "base64_string"), "`url` or `base64_string`"),
    ] = "url"
    image_format: Annotated[
        Literal["webp", "png", "jpeg"],
        Setting("DARKROOM_KARLO_IMAGE_FORMAT", read.one_of("webp", "png", "jpeg"), "`webp`, `png` or `jpeg`"),
    ] = "webp"
    nsfw_checker: Annotated[
        bool,
        Setting("DARKROOM_KARLO_NSFW_CHECKER", read.flag, "whether flagged images, which are paid for, are withheld"),
    ] = False
    timeout: Annotated[float, Setting("DARKROOM_KARLO_TIMEOUT", read.seconds, "seconds for the whole paid call")] = 100


# The settings groups of generators, by name.
GENERATOR_GROUPS: Final[Mapping[str, type]] = {
    "bfl": BflSettings,
    "comfyui": ComfyUISettings,
    "diffusers": DiffusersSettings,
    "fal": FalSettings,
    "gemini": GeminiSettings,
    "karlo": KarloSettings,
    "openai": OpenAISettings,
    "openrouter": OpenRouterSettings,
    "replicate": ReplicateSettings,
    "stability": StabilitySettings,
    "webui": WebUISettings,
}
