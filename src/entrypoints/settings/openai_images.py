"""Settings of the generator that speaks OpenAI's Images API."""

from dataclasses import dataclass
from typing import Annotated, Literal

from darkroom.entrypoints.settings import parsers as read
from darkroom.entrypoints.settings.setting import Secret, Setting

_OPENAI_CHOOSES = "as OpenAI chooses"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAISettings:
    """OpenAI, a gateway, or an engine on your own machines. Settings for GPT image models apply to those only."""

    api_key: Annotated[
        Secret,
        Setting(
            "DARKROOM_OPENAI_API_KEY",
            read.api_key,
            "the API key, or any word for a server that requires none",
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
            "the models: GPT image models by their name, any other with its sizes and the fields that it honours, "
            "such as `flux-dev=512-2048/16 seed negative_prompt num_inference_steps=28 guidance_scale=3.5` or "
            "`sd-turbo=512x512|768x768`; [providers.md](providers.md) lists the words for endpoints that use other "
            "names, such as `num_inference_steps:steps=28`, `size:width,height`, `response_format=`, "
            "`kind=gpt-image`",
            "gpt-image-2",
        ),
    ] = ("gpt-image-2",)
    header: Annotated[
        str | None,
        Setting(
            "DARKROOM_OPENAI_HEADER",
            read.header_name,
            "the header for the key, such as `api-key` for Azure",
            "`Authorization`, as a Bearer token",
        ),
    ] = None
    query: Annotated[
        str,
        Setting(
            "DARKROOM_OPENAI_QUERY",
            read.text,
            "a query for the address of each call: `api-version=preview`",
            "none",
        ),
    ] = ""
    response_format: Annotated[
        Literal["b64_json", "url"],
        Setting(
            "DARKROOM_OPENAI_RESPONSE_FORMAT",
            read.one_of("b64_json", "url"),
            "how models other than GPT image models return images: `b64_json` or `url`",
        ),
    ] = "b64_json"
    image_hosts: Annotated[
        tuple[str, ...],
        Setting(
            "DARKROOM_OPENAI_IMAGE_HOSTS",
            read.hosts,
            "hosts that image links may name besides the server itself, as in `DARKROOM_KARLO_IMAGE_HOSTS`",
            "none",
        ),
    ] = ()
    links_with_key: Annotated[
        bool,
        Setting(
            "DARKROOM_OPENAI_LINKS_WITH_KEY",
            read.flag,
            "whether the key is sent with the fetch if an image link names the server itself",
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
            "the quality of JPEG and WebP files of GPT image models, in per cent",
            _OPENAI_CHOOSES,
        ),
    ] = None
    quality: Annotated[
        str | None,
        Setting(
            "DARKROOM_OPENAI_QUALITY",
            read.one_of("auto", "low", "medium", "high", "xhigh", "max"),
            "the quality of GPT image models; not all models support the last two",
            _OPENAI_CHOOSES,
        ),
    ] = None
    background: Annotated[
        str | None,
        Setting(
            "DARKROOM_OPENAI_BACKGROUND",
            read.one_of("auto", "opaque", "transparent"),
            "the background of GPT image models; not all models support the last one",
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
