"""What of a prompt a pipeline reads."""

from dataclasses import dataclass
from typing import Self

from diffusers import DiffusionPipeline
from transformers import PreTrainedTokenizerBase

from darkroom.adapters.generators.diffusers.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Reader:
    """The one that reads furthest where a pipeline has several, such as T5 beside CLIP; `most` in tokens."""

    tokenizer: PreTrainedTokenizerBase
    most: int

    @classmethod
    def of(cls, pipeline: DiffusionPipeline) -> Self:
        """Pipelines number them from the one that reads least."""
        names = ("tokenizer_3", "tokenizer_2", "tokenizer")
        tokenizer = next(found for name in names if (found := getattr(pipeline, name, None)) is not None)
        longest = Parameters.of(pipeline).default("max_sequence_length")
        return cls(tokenizer, min(tokenizer.model_max_length, longest or tokenizer.model_max_length))

    def count(self, prompt: str) -> int:
        """How many tokens a prompt takes, those around it included."""
        return len(self.tokenizer(prompt).input_ids)
