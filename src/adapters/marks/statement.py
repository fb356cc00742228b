"""What is written into an image: how it came about."""

import re
from dataclasses import dataclass
from typing import Final, Self

from darkroom.adapters.marks import xmp
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.model_card import MediaSource, ModelCard
from darkroom.domain.model.values import Seed

# IPTC's vocabulary of digital source types; C2PA and everybody else take theirs from it.
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
"""Where a manifest lies that is not within the file (C2PA specification, 11.5)."""

# The terms of that vocabulary that name a machine's part; any other term is not true of a drawn image.
_MADE_BY_MACHINES: Final = (
    *("trainedAlgorithmicMedia", "algorithmicMedia", "algorithmicallyEnhanced", "compositeSynthetic"),
    *("compositeWithTrainedAlgorithmicMedia", "dataDrivenMedia", "virtualRecording"),
)
_UNTRUE: Final = re.compile(
    rf"https?://cv\.iptc\.org/newscodes/digitalsourcetype/(?!(?:{'|'.join(_MADE_BY_MACHINES)})\b)\w+"
)
_LONGEST_PROMPT: Final = 8192  # characters: a JPEG's XMP has to fit into 64 kB, and some take six bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """How an image was made. `seed` is None if the model has none, `prompt` if it is not to be disclosed."""

    source: MediaSource
    generator: str
    model: str
    seed: int | None
    prompt: str | None = None

    @classmethod
    def of(cls, card: ModelCard, request: GenerationRequest, seed: Seed | None, *, prompt: bool) -> Self:
        """State that the model of that card drew what was asked for; `prompt`: the prompts are told too."""
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
        """The same as properties of XMP.

        IPTC's own for the system, its version and the prompt (Photo Metadata 2025.1) are for trained models alone.
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
        """An XMP packet that states it, and all that the existing one states beside it.

        An existing one that cannot be read is not kept.
        """
        if existing is not None:
            try:
                truthful = _UNTRUE.sub(self.source_type, existing.decode())
                return xmp.with_properties(truthful.encode(), self.properties)
            except (InvalidValue, UnicodeDecodeError):
                pass
        return xmp.packet(self.properties)
