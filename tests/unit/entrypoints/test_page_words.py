"""The page has each of its texts in every language, and texts for every problem."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from darkroom.domain.model.generation import State
from darkroom.entrypoints.http.problem_types import PROBLEM_TYPES

WEB = Path(__file__).parents[3] / "src" / "entrypoints" / "web"
LANGUAGES = ("en", "ko")
# A text is asked for by a literal name, except those of states, charges and problems.
ASKED = re.compile(
    r"data-(?:word|label|placeholder)=\"(\w+)\""
    r"|(?:say|button|word|act)\(\"(\w+)\""
    r"|(?:spoken|speak|label)\([^()]*?(?:\([^()]*\))?[^()]*?, \"(\w+)\""
)


def texts(language: str) -> set[str]:
    source = (WEB / "words" / f"{language}.js").read_text(encoding="utf-8")
    return set(re.findall(r"^  \"?([\w-]+)\"?:", source, re.MULTILINE))


def asked() -> set[str]:
    sources = [path.read_text(encoding="utf-8") for path in WEB.glob("*.*") if path.name != "words.js"]
    return {name for source in sources for found in ASKED.findall(source) for name in found if name}


def test_both_languages_have_the_same_texts() -> None:
    assert texts("en") == texts("ko")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_that_is_asked_for_exists(language: str) -> None:
    assert len(asked()) > 50
    assert asked() - texts(language) == set()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("slug", sorted({kind.slug for kind in PROBLEM_TYPES.values()}))
def test_every_problem_has_texts(language: str, slug: str) -> None:
    assert {slug, f"{slug}_text"} <= texts(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_used(language: str) -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in [*WEB.glob("*.*"), WEB / "words" / f"{language}.js"])
    slugs = {kind.slug for kind in PROBLEM_TYPES.values()} | {"forbidden", "not-implemented"}
    composed = {f"{slug}{suffix}" for slug in slugs for suffix in ("", "_text")}
    composed |= {f"charged_{charged}" for charged in ("no", "yes", "unknown")} | {"unforeseen_text"}
    composed |= set(State)
    idle = {name for name in texts(language) - composed if not re.search(rf"\"{name}\"", sources)}
    assert idle == set()
