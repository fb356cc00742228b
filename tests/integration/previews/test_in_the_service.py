"""Previews in the whole service: they are made after the answer, linked, marked, and deleted with their image."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from darkroom.adapters.marks.inspection import inspect
from darkroom.domain.model.image_file import ImageFile, MediaType
from integration.cli.command_line import CommandLine

ORDER = {"version": "sketch", "prompt": "바다 위의 등대", "width": 768, "height": 512, "seed": [7]}


async def previewed(http: httpx.AsyncClient, address: str) -> dict[str, Any]:
    """The one image of a generation, as soon as it has a preview."""
    async with asyncio.timeout(60):
        while True:
            (image,) = (await http.get(address)).json()["images"]
            if image["preview"]:
                return dict(image)
            await asyncio.sleep(0.1)


async def test_an_image_gets_a_preview_that_has_its_mark_and_is_deleted_with_it(tmp_path: Path) -> None:
    with CommandLine(tmp_path) as shell:
        darkroom = await asyncio.to_thread(shell.serve)
        token = (await asyncio.to_thread(shell.run, "token")).stdout.strip()
        images = tmp_path / ".darkroom/images"
        headers = {"Authorization": f"Bearer {token}"}
        base = f"http://127.0.0.1:{darkroom.port}"
        async with httpx.AsyncClient(base_url=base, headers=headers, trust_env=False, timeout=60) as http:
            drawn = await http.post("/api/images", json=ORDER)
            address = drawn.links["describedby"]["url"]
            image = await previewed(http, address)
            preview = (await http.get(image["preview"], headers={"Authorization": ""})).content
            original = (await http.get(image["image"])).content
            orphans = await asyncio.to_thread(shell.run, "orphans")
            kept = [file.name for file in images.rglob("*-*.*")]
            assert (await http.delete(f"{address}/images/0")).status_code == 204
            assert (await http.get(image["preview"])).status_code == 404
    file = ImageFile.inspect(preview)
    assert (file.media_type, file.width, file.height) == (MediaType.WEBP, 512, 341)
    assert len(preview) < len(original) / 3
    small, large = inspect(preview), inspect(original)
    assert (small.source_type, small.model, small.seed) == (large.source_type, large.model, large.seed)
    assert small.source_type
    assert small.seed == "7"
    assert len(kept) == 2, kept
    assert orphans.status == 0, orphans.stdout
    assert [*images.rglob("*.webp"), *images.rglob("*.png")] == []


@pytest.mark.parametrize(("wanted", "said"), [("false", "no previews, as it is set"), ("auto", "images get a preview")])
def test_check_says_whether_previews_are_made(tmp_path: Path, wanted: str, said: str) -> None:
    with CommandLine(tmp_path) as shell:
        checked = shell.run("check", DARKROOM_PREVIEWS=wanted)
    assert said in checked.stdout


async def test_no_previews_are_made_if_they_are_switched_off(tmp_path: Path) -> None:
    with CommandLine(tmp_path) as shell:
        darkroom = await asyncio.to_thread(lambda: shell.serve(DARKROOM_PREVIEWS="false"))
        token = (await asyncio.to_thread(shell.run, "token")).stdout.strip()
        base = f"http://127.0.0.1:{darkroom.port}"
        async with httpx.AsyncClient(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=60) as http:
            await http.post("/api/images", json=ORDER | {"width": 64, "height": 64})
            (item,) = (await http.get("/api/generations")).json()["items"]
    assert item["images"][0]["preview"] is None
    assert len([*(tmp_path / ".darkroom/images").rglob("*-*.*")]) == 1
