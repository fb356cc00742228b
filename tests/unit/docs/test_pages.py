"""Generated pages are up to date, and every link leads to a file."""

import re
from pathlib import Path

import pytest

from darkroom.entrypoints.container.generators import GENERATORS
from pages import providers, settings

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def test_the_page_of_settings_matches_the_declared_settings() -> None:
    assert settings.PAGE.read_text(encoding="utf-8") == settings.page(), "run `make pages` to generate it again"


def test_the_table_of_providers_has_a_row_for_each_generator() -> None:
    shown = providers.names_in(providers.table_in(providers.PAGE.read_text(encoding="utf-8")))
    assert shown == sorted(GENERATORS), "run `make pages` to generate it again"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_project_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    dead = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert dead == []
