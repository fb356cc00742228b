"""How many tokens of a prompt a pipeline reads."""

from dataclasses import dataclass
from typing import Self

from diffusers import DiffusionPipeline
from transformers import PreTrainedTokenizerBase

from darkroom.adapters.generators.diffusers.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Reader:
    """The tokenizer of a pipeline that reads the most tokens, such as T5 beside CLIP; `most` is that number."""

    tokenizer: PreTrainedTokenizerBase
    most: int

    @classmethod
    def of(cls, pipeline: DiffusionPipeline) -> Self:
        """Return the reader of a pipeline: its last tokenizer, since pipelines number them by increasing length."""
        names = ("tokenizer_3", "tokenizer_2", "tokenizer")
        tokenizer = next(found for name in names if (found := getattr(pipeline, name, None)) is not None)
        longest = Parameters.of(pipeline).default("max_sequence_length")
        return cls(tokenizer, min(tokenizer.model_max_length, longest or tokenizer.model_max_length))

    def count(self, prompt: str) -> int:
        """Return the number of tokens of a prompt, including start and end tokens."""
        return len(self.tokenizer(prompt).input_ids)
