"""docs/architecture.md is true: the files that it names exist, and an order takes the calls that it lists."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from darkroom.adapters.in_memory.generator import InMemoryImageGenerator
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.ports import Receipt
from darkroom.domain.use_cases.generate_images import GenerateImages
from darkroom.domain.use_cases.work import Work
from darkroom.entrypoints.http.images import ImagesController
from integration.http.house import open_house

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
LISTED = re.findall(r"^\| \d+ \| `(\w+\.\w+)` ", PAGE, re.MULTILINE)
MOST = 10
"""The most calls between the controller and the generator's `submit`."""


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", PAGE))))
def test_every_link_leads_to_a_file(link: str) -> None:
    assert (ROOT / "docs" / link).exists()


@pytest.mark.parametrize("folder", sorted(set(re.findall(r"^  (\w+)/", PAGE, re.MULTILINE))))
def test_the_folders_of_the_entry_points_exist(folder: str) -> None:
    assert (ROOT / "src/entrypoints" / folder).is_dir()


def awaiting(task: asyncio.Task[Any] | None) -> Iterator[str]:
    """The coroutines of the domain that a task is in, from the outermost to the innermost."""
    inner: Any = task.get_coro() if task else None
    while inner is not None:
        code = getattr(inner, "cr_code", None)
        if code and "/darkroom/domain/use_cases/" in code.co_filename:
            yield inner.__qualname__
        inner = getattr(inner, "cr_await", None)


async def test_an_order_takes_the_calls_that_the_page_lists() -> None:
    seen: list[str] = []

    class Noting(InMemoryImageGenerator):
        async def submit(self, request: GenerationRequest, key: str) -> Receipt:
            task = asyncio.current_task()
            asyncio.get_running_loop().call_soon(lambda: seen.extend(awaiting(task)))
            await asyncio.sleep(0)
            return await super().submit(request, key)

    async with open_house(generator=Noting()) as house:
        assert (await house.order()).status_code == 200

    in_the_task = [call for call in LISTED if call.startswith(("Work._", "Draw."))]
    assert [call for call in seen if call != "_next_of"] == in_the_task
    assert len(LISTED) <= MOST


def test_the_listed_calls_before_the_task_exist() -> None:
    before = {"ImagesController": ImagesController, "GenerateImages": GenerateImages, "Work": Work}
    for call in LISTED[:4]:
        kind, _, method = call.partition(".")
        assert hasattr(before[kind], method)
