"""Search in a caller's generations."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.values import ModelVersion


@dataclass(frozen=True, slots=True)
class SearchText:
    """A text to be found in prompts, ignoring case. Its length is in Unicode code points."""

    MAX_LENGTH: ClassVar = 200

    value: str

    def __post_init__(self) -> None:
        if not 1 <= len(self.value) <= self.MAX_LENGTH or not self.value.isprintable():
            raise InvalidValue(f"must be 1 to {self.MAX_LENGTH} printable characters")

    def is_in(self, prompt: str) -> bool:
        """Return whether the prompt contains it."""
        return _without_case(self.value) in _without_case(prompt)


def _without_case(text: str) -> str:
    """Return the text for a canonical caseless match (Unicode 3.13, D145): composed and decomposed Hangul match."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text.casefold())


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Conditions that must all hold for a generation; None matches everything. A forgotten prompt contains no text."""

    LOOKS_AT: ClassVar = 10_000
    """The most generations that are examined for one page, even if few of them match."""

    state: State | None = None
    version: ModelVersion | None = None
    text: SearchText | None = None

    @property
    def is_for_all(self) -> bool:
        """Whether there is no condition."""
        return self == Search()

    def takes(self, *, state: str, version: str) -> bool:
        """Return whether a generation of that state and version may match, depending on its prompt."""
        return self.state in (None, state) and (self.version is None or self.version.value == version)

    def finds(self, generation: Generation) -> bool:
        """Return whether a generation matches."""
        request = generation.request
        if not self.takes(state=generation.state, version=request.version.value):
            return False
        return self.text is None or (generation.prompts_kept and self.text.is_in(request.prompt.value))


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Generations, newest first; the next page begins below the id `older_than`, None on the last page."""

    generations: Sequence[Generation]
    older_than: str | None = None
