"""The content of a mark: how an image was made."""

import re
from dataclasses import dataclass
from typing import Final, Self

from darkroom.adapters.marks import xmp
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.model_card import MediaSource, ModelCard
from darkroom.domain.model.values import Seed

# IPTC's vocabulary of digital source types, which C2PA uses too.
SOURCE_TYPES: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
SOURCE_TYPE: Final = "Iptc4xmpExt:DigitalSourceType"
TOOL: Final = "xmp:CreatorTool"
GENERATOR: Final = "darkroom:Generator"
MODEL: Final = "darkroom:Model"
SEED: Final = "darkroom:Seed"
AI_SYSTEM: Final = "Iptc4xmpExt:AISystemUsed"
AI_VERSION: Final = "Iptc4xmpExt:AISystemVersionUsed"
AI_PROMPT: Final = "Iptc4xmpExt:AIPromptInformation"
PROVENANCE: Final = "dcterms:provenance"
"""The property with the URL of a manifest that is not embedded in the file (C2PA specification, 11.5)."""

# The terms of that vocabulary for machine-made media; any other is false of a generated image.
_MADE_BY_MACHINES: Final = (
    *("trainedAlgorithmicMedia", "algorithmicMedia", "algorithmicallyEnhanced", "compositeSynthetic"),
    *("compositeWithTrainedAlgorithmicMedia", "dataDrivenMedia", "virtualRecording"),
)
_UNTRUE: Final = re.compile(
    rf"https?://cv\.iptc\.org/newscodes/digitalsourcetype/(?!(?:{'|'.join(_MADE_BY_MACHINES)})\b)\w+"
)
_LONGEST_PROMPT: Final = 8192  # characters of up to six bytes when escaped: a JPEG's XMP must fit into 64 kB


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """How an image was made. `seed` is None if unknown, `prompt` if it must not be disclosed."""

    source: MediaSource
    generator: str
    model: str
    seed: int | None
    prompt: str | None = None

    @classmethod
    def of(cls, card: ModelCard, request: GenerationRequest, seed: Seed | None, *, prompt: bool) -> Self:
        """Return the statement that the model of `card` drew `request`; `prompt`: whether it discloses the prompts."""
        excluded = request.parameters.negative_prompt
        prompts = request.prompt.value + (f"\nNegative prompt: {excluded.value}" if excluded else "")
        return cls(
            source=card.media_source,
            generator=card.generator,
            model=card.version.value,
            seed=seed.value if seed else None,
            prompt=prompts if prompt else None,
        )

    @property
    def source_type(self) -> str:
        """The digital source type, a URI."""
        return SOURCE_TYPES + self.source

    @property
    def properties(self) -> xmp.Properties:
        """The statement as XMP properties.

        IPTC's properties for an AI system, its version and the prompt (Photo Metadata 2025.1) apply to trained models
        only.
        """
        trained = self.source is MediaSource.TRAINED
        told = {
            SOURCE_TYPE: self.source_type,
            AI_SYSTEM: self.generator if trained else None,
            AI_VERSION: self.model if trained else None,
            AI_PROMPT: self.prompt[:_LONGEST_PROMPT] if trained and self.prompt else None,
            TOOL: "Darkroom",
            GENERATOR: self.generator,
            MODEL: self.model,
            SEED: None if self.seed is None else str(self.seed),
        }
        return {name: text for name, text in told.items() if text is not None}

    def packet(self, existing: bytes | None) -> bytes:
        """Return an XMP packet with the statement and the content of the `existing` one, None if there is none.

        Source types that are false of a generated image are replaced. An unreadable existing packet is dropped.
        """
        if existing is not None:
            try:
                truthful = _UNTRUE.sub(self.source_type, existing.decode())
                return xmp.with_properties(truthful.encode(), self.properties)
            except (InvalidValue, UnicodeDecodeError):
                pass
        return xmp.packet(self.properties)
