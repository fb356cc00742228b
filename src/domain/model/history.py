"""What a caller looks for among its own generations."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.values import ModelVersion


@dataclass(frozen=True, slots=True)
class SearchText:
    """A text that a prompt contains, in whatever case. Length is in Unicode code points."""

    MAX_LENGTH: ClassVar = 200

    value: str

    def __post_init__(self) -> None:
        if not 1 <= len(self.value) <= self.MAX_LENGTH or not self.value.isprintable():
            raise InvalidValue(f"must be 1 to {self.MAX_LENGTH} printable characters")

    def is_in(self, prompt: str) -> bool:
        """Whether the prompt contains it."""
        return _without_case(self.value) in _without_case(prompt)


def _without_case(text: str) -> str:
    """By Unicode's caseless matching (3.13, D145), so that composed and decomposed Hangul are the same as well."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text.casefold())


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The generations that are looked for; None is any. A prompt that is forgotten contains nothing."""

    LOOKS_AT: ClassVar = 10_000
    """The most generations that are examined for one page, even if few of them match."""

    state: State | None = None
    version: ModelVersion | None = None
    text: SearchText | None = None

    @property
    def is_for_all(self) -> bool:
        """Whether every generation is found."""
        return self == Search()

    def takes(self, *, state: str, version: str) -> bool:
        """Whether one of that state and version may be found, whatever its prompt."""
        return self.state in (None, state) and (self.version is None or self.version.value == version)

    def finds(self, generation: Generation) -> bool:
        """Whether it is one of those that are looked for."""
        request = generation.request
        if not self.takes(state=generation.state, version=request.version.value):
            return False
        return self.text is None or (generation.prompts_kept and self.text.is_in(request.prompt.value))


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Generations, newest first; `older_than` is the id after which the next page begins, None on the last one."""

    generations: Sequence[Generation]
    older_than: str | None = None
