"""Settings of the generator that speaks OpenAI's Images API."""

from dataclasses import dataclass
from typing import Annotated, Literal

from darkroom.entrypoints.settings import parsers as read
from darkroom.entrypoints.settings.setting import Secret, Setting

_OPENAI_CHOOSES = "as OpenAI chooses"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAISettings:
    """OpenAI, a gateway, or an engine on your own machines. Settings for GPT image models do not reach others."""

    api_key: Annotated[
        Secret,
        Setting(
            "DARKROOM_OPENAI_API_KEY",
            read.api_key,
            "the API key, or any word for a server that asks for none",
            confidential=True,
        ),
    ]
    base_url: Annotated[
        str,
        Setting(
            "DARKROOM_OPENAI_BASE_URL",
            read.web_url,
            "the server that speaks the Images API, up to `/v1`",
            confidential=True,
        ),
    ] = "https://api.openai.com/v1"
    models: Annotated[
        tuple[str, ...],
        Setting(
            "DARKROOM_OPENAI_MODELS",
            read.declared_models,
            "what it draws with: GPT image models by their name, any other with its sizes and what it honours, such as "
            "`flux-dev=512-2048/16 seed negative_prompt num_inference_steps=28 guidance_scale=3.5` or "
            "`sd-turbo=512x512|768x768`; [providers.md](providers.md) has the words for endpoints with an accent, such "
            "as `num_inference_steps:steps=28`, `size:width,height`, `response_format=`, `kind=gpt-image`",
            "gpt-image-2",
        ),
    ] = ("gpt-image-2",)
    header: Annotated[
        str | None,
        Setting(
            "DARKROOM_OPENAI_HEADER",
            read.header_name,
            "the header that the key goes into, such as `api-key` for Azure",
            "`Authorization`, as a Bearer token",
        ),
    ] = None
    query: Annotated[
        str,
        Setting(
            "DARKROOM_OPENAI_QUERY",
            read.text,
            "what goes along in the address of each call: `api-version=preview`",
            "none",
        ),
    ] = ""
    response_format: Annotated[
        Literal["b64_json", "url"],
        Setting(
            "DARKROOM_OPENAI_RESPONSE_FORMAT",
            read.one_of("b64_json", "url"),
            "how models other than GPT image ones hand over images: `b64_json` or `url`",
        ),
    ] = "b64_json"
    image_hosts: Annotated[
        tuple[str, ...],
        Setting(
            "DARKROOM_OPENAI_IMAGE_HOSTS",
            read.hosts,
            "who image links may name besides the server itself, as `DARKROOM_KARLO_IMAGE_HOSTS`",
            "none",
        ),
    ] = ()
    links_with_key: Annotated[
        bool,
        Setting(
            "DARKROOM_OPENAI_LINKS_WITH_KEY",
            read.flag,
            "whether the key goes along where an image link names the server itself",
        ),
    ] = False
    output_format: Annotated[
        Literal["png", "jpeg", "webp"],
        Setting(
            "DARKROOM_OPENAI_OUTPUT_FORMAT",
            read.one_of("png", "jpeg", "webp"),
            "what GPT image models draw: `png`, `jpeg` or `webp`",
        ),
    ] = "png"
    output_compression: Annotated[
        int | None,
        Setting(
            "DARKROOM_OPENAI_OUTPUT_COMPRESSION",
            read.whole(0, 100),
            "per cent of quality that JPEG and WebP of GPT image models keep",
            _OPENAI_CHOOSES,
        ),
    ] = None
    quality: Annotated[
        str | None,
        Setting(
            "DARKROOM_OPENAI_QUALITY",
            read.one_of("auto", "low", "medium", "high", "xhigh", "max"),
            "how much work GPT image models put in; the last two are not for all",
            _OPENAI_CHOOSES,
        ),
    ] = None
    background: Annotated[
        str | None,
        Setting(
            "DARKROOM_OPENAI_BACKGROUND",
            read.one_of("auto", "opaque", "transparent"),
            "what GPT image models draw on; the last is not for all",
            _OPENAI_CHOOSES,
        ),
    ] = None
    moderation: Annotated[
        str | None,
        Setting(
            "DARKROOM_OPENAI_MODERATION",
            read.one_of("auto", "low"),
            "how strictly OpenAI moderates GPT image models",
            _OPENAI_CHOOSES,
        ),
    ] = None
    timeout: Annotated[
        float, Setting("DARKROOM_OPENAI_TIMEOUT", read.seconds, "seconds for a paid call, which draws one image")
    ] = 180
