"""The Korean pages match the English ones: the same parts, code, names, figures and links."""

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.ko.md"), *ROOT.glob("docs/**/*.ko.md")])
PICTURES = {"page-desktop.png": "page-korean.png"}  # the same screen, each in the language of the reader

FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"(?<=\s)# .*")  # comments are all that is translated in code
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAME = re.compile(r"`([^`]+)`")
FIGURE = re.compile(r"\d+(?:[.,]\d+)*")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@dataclass(frozen=True)
class Part:
    """The properties of the text below one heading that a translation must not change."""

    level: int
    paragraphs: int
    items: int
    cells: list[int]
    names: set[str]
    links: list[str]


def english_of(page: Path) -> Path:
    return page.with_name(page.name.replace(".ko.md", ".md"))


def code_of(page: Path) -> list[str]:
    return [COMMENT.sub("# …", code) for code in FENCED.findall(page.read_text(encoding="utf-8"))]


def prose_of(page: Path) -> list[str]:
    """The text below each heading, with the heading and without code."""
    return re.split(r"^(?=#)", FENCED.sub("", page.read_text(encoding="utf-8")), flags=re.MULTILINE)[1:]


def what_stays(text: str) -> Part:
    return Part(
        level=len(text) - len(text.lstrip("#")),
        paragraphs=len(re.findall(r"\n{2,}(?=\S)", text)),
        items=len(re.findall(r"^- ", text, re.MULTILINE)),
        cells=[row.count("|") for row in re.findall(r"^\|.*", text, re.MULTILINE)],
        names={" ".join(name.split()) for name in NAME.findall(text)},
        links=sorted(LINK.findall(text)),
    )


def in_korean(page: Path, link: str) -> str:
    """The link of the Korean page for a link of the English one: to the Korean file if there is one."""
    folder, _, name = link.rpartition("/")
    if name == page.name:
        return english_of(page).name
    translated = PICTURES.get(name, name.replace(".md", ".ko.md"))
    return link.replace(name, translated) if (page.parent / folder / translated).is_file() else link


def test_the_korean_pages_exist() -> None:
    assert {"README.ko.md", "calling.ko.md", "drawing.ko.md"} <= {page.name for page in PAGES}


@each_page
def test_code_is_that_of_the_english_page_except_for_comments(page: Path) -> None:
    assert code_of(page) == code_of(english_of(page))


@each_page
def test_parts_names_and_links_are_those_of_the_english_page(page: Path) -> None:
    english = [what_stays(text) for text in prose_of(english_of(page))]
    expected = [replace(part, links=sorted(in_korean(page, link) for link in part.links)) for part in english]
    assert [what_stays(text) for text in prose_of(page)] == expected


@each_page
def test_every_figure_of_the_english_page_is_there(page: Path) -> None:
    english, korean = ([Counter(FIGURE.findall(text)) for text in prose_of(one)] for one in (english_of(page), page))
    assert [here - there for here, there in zip(english, korean, strict=True)] == [Counter()] * len(english)


@each_page
def test_every_paragraph_item_and_row_is_in_korean(page: Path) -> None:
    blocks = [block for text in prose_of(page) for block in re.split(r"\n\n|\n(?=[-|])", text)[1:]]
    worded = [block for block in blocks if re.search(r"[A-Za-z]{2}", NAME.sub("", block))]
    assert [block for block in worded if not re.search(r"[가-힣]", block)] == []


@pytest.mark.parametrize(("guide", "words"), [("drawing.md", "en.js"), ("drawing.ko.md", "ko.js")])
def test_the_guide_names_buttons_as_the_web_page_does(guide: str, words: str) -> None:
    shown = (ROOT / "src/entrypoints/web/words" / words).read_text(encoding="utf-8")
    named = re.findall(r"\*\*([^*]+)\*\*", (ROOT / "docs" / guide).read_text(encoding="utf-8"))
    assert named
    assert [button for button in named if f'"{button}' not in shown] == []
