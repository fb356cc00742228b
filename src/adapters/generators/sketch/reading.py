"""Finds the words of the vocabulary in a text."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from darkroom.adapters.generators.sketch.vocabulary import VOCABULARY, Concept


def concepts_in(text: str) -> list[Concept]:
    """Return the distinct concepts that a text names."""
    text = unicodedata.normalize("NFC", text)  # compose Hangul that is decomposed into letters
    found = [concept for word in _LATIN.findall(text) if (concept := _english(word.lower()))]
    found += [concept for word in _HANGUL.findall(text) for concept in _korean(word)]
    return list({id(concept): concept for concept in found}.values())


# Explicit ranges, since the characters that `\w` and `str.lower` cover depend on the version of Python.
_LATIN: Final = re.compile(r"[A-Za-z]+")
_HANGUL: Final = re.compile(r"[가-힣]+")

_ENDINGS: Final = (("", ""), ("s", ""), ("es", ""), ("ies", "y"), ("y", ""), ("ing", ""), ("ed", ""))

# Particles and similar endings that may follow a word of one syllable.
_PARTICLES: Final = frozenset(
    re.findall(
        r"\S+",
        "이 가 은 는 을 를 의 에 로 와 과 도 만 들 에서 으로 처럼 같은 "
        "속 속의 속에 위 위의 위에 아래 아래의 밑 옆 앞 뒤 빛 색",
    )
)


_LONGEST: Final = max(map(len, VOCABULARY))


def _english(word: str) -> Concept | None:
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and (concept := VOCABULARY.get(word.removesuffix(ending) + instead)):
            return concept
    return None


def _korean(word: str) -> Iterator[Concept]:
    """Yield the concept of the longest known word at each position; a single syllable counts only on its own."""
    start = 0
    whole = True  # whether the text so far consists of known words
    while start < len(word):
        for length in range(min(_LONGEST, len(word) - start), 0, -1):
            concept = VOCABULARY.get(word[start : start + length])
            if concept and (length > 1 or (whole and _ends(word[start + 1 :]))):
                yield concept
                start += length
                break
        else:
            whole = False
            start += 1


def _ends(rest: str) -> bool:
    return not rest or rest in _PARTICLES or any(rest[:length] in VOCABULARY for length in range(2, len(rest) + 1))
