"""Variants of the Images API at other providers: how they receive the key, name fields, and what they refuse.

From each provider's documentation or code, as of autumn 2026, and from public clients (vercel/ai, huggingface.js,
TanStack/ai). A variant here refuses every field that its provider does not document, so that what the original would
silently ignore shows as an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulators.openai_images.errors import WRONG_KEY, OpenAIError, Refused


@dataclass(frozen=True)
class Accent:
    """How one provider differs from OpenAI.

    `models` maps its names of models to ours. `fields` are the fields that it accepts; `width` and `height` among them
    give a size, as does `aspect_ratio` by `ratios`. `renamed` maps its names of fields to ours. `constants` must be
    sent exactly like this. `formats` maps its names to `b64_json` and `url`; empty if it has no `response_format`.
    `key_header` is the header of the key, and `query` must be in the URL.
    """

    models: Mapping[str, str]
    fields: tuple[str, ...] = ("size",)
    renamed: Mapping[str, str] = field(default_factory=dict)
    ratios: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, object] = field(default_factory=dict)
    formats: Mapping[str, str] = field(default_factory=lambda: {"b64_json": "b64_json", "url": "url"})
    key_header: str = "authorization"
    query: Mapping[str, str] = field(default_factory=dict)

    def authorised(self, headers: Mapping[str, str], query: Mapping[str, str], api_key: str) -> None:
        wanted = f"Bearer {api_key}" if self.key_header == "authorization" else api_key
        if headers.get(self.key_header) != wanted:
            raise Refused(WRONG_KEY)
        if dict(query) != dict(self.query):
            raise Refused(OpenAIError(404, "404", "Resource not found"))

    def in_plain_words(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the body in the format of OpenAI or a self-hosted engine.

        Raises:
            Refused: a field is not documented for this provider, or a required one is missing.
        """
        known = {"model", "prompt", "n", *self.fields, *self.renamed, *self.constants}
        known |= {"response_format"} if self.formats else set()
        if unknown := body.keys() - known:
            raise Refused(OpenAIError(400, "unknown_parameter", f"unknown: {', '.join(sorted(unknown))}"))
        if {name: body.get(name) for name in self.constants} != dict(self.constants):
            raise Refused(OpenAIError(400, "invalid_value", "a constant is missing or is another one"))
        plain = {self.renamed.get(name, name): value for name, value in body.items() if name not in self.constants}
        plain["model"] = self.models.get(str(plain["model"]), "unknown")
        if "width" in plain:
            plain["size"] = f"{plain.pop('width')}x{plain.pop('height')}"
        if "aspect_ratio" in plain:
            plain["size"] = self.ratios[plain.pop("aspect_ratio")]
        if "response_format" in plain:
            plain["response_format"] = self.formats[plain["response_format"]]
        return plain


OPEN = "flux-dev"
HONOURED = ("seed", "negative_prompt", "num_inference_steps", "guidance_scale")

ACCENTS: Mapping[str, Accent] = {
    "azure": Accent(
        {"images-prod": "gpt-image-1.5"},
        ("size", "quality", "output_format"),
        formats={},
        key_header="api-key",
        query={"api-version": "preview"},
    ),
    "together": Accent(
        {"black-forest-labs/FLUX.1-dev": OPEN},
        ("width", "height", "seed", "negative_prompt", "guidance_scale"),
        renamed={"steps": "num_inference_steps"},
        formats={"base64": "b64_json", "url": "url"},
    ),
    "xai": Accent(
        {"grok-imagine-image": OPEN},
        ("aspect_ratio",),
        ratios={"1:1": "1024x1024", "16:9": "1280x720"},
        constants={"resolution": "1k"},
    ),
    "seedream": Accent(
        {"doubao-seedream-4-0": OPEN}, constants={"watermark": False, "sequential_image_generation": "disabled"}
    ),
    "recraft": Accent({"recraftv3": OPEN}, constants={"style": "realistic_image"}),
    "deepinfra": Accent({"black-forest-labs/FLUX-1-dev": OPEN}),
    "sglang": Accent({"Qwen/Qwen-Image": OPEN}, ("size", *HONOURED)),
    "vllm": Accent({"Tongyi-MAI/Z-Image-Turbo": OPEN}, ("size", *HONOURED)),
    "localai": Accent({"flux.1-dev": OPEN}, ("size", "seed"), renamed={"step": "num_inference_steps"}),
    "litellm": Accent({"sdxl": OPEN}, formats={}),
}
