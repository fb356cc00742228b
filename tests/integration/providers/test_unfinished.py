"""Unfinished images on their way from a web UI to a caller, through the whole service and with its marks."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import httpx
import pytest

from darkroom.adapters.marks.inspection import inspect
from darkroom.adapters.marks.statement import SOURCE_TYPES
from harness.event_stream import Stream
from integration.http.house import SECRET, bearer
from servers.darkroom import Darkroom
from simulators.process import simulator_process

ORDER: dict[str, Any] = {"version": "webui", "prompt": "a calm sea", "width": 128, "height": 64, "seed": [7, 8]}


@pytest.mark.parametrize(
    ("marks", "source"), [("xmp", "trainedAlgorithmicMedia"), pytest.param("none", None, marks=pytest.mark.thorough)]
)
async def test_a_caller_sees_its_images_while_a_web_ui_draws_them(
    tmp_path: Path, marks: str, source: str | None
) -> None:
    with simulator_process("webui", "--seconds-per-image", "2") as webui:
        settings = {
            "DARKROOM_JWT_SECRET": SECRET,
            "DARKROOM_GENERATORS": "webui",
            "DARKROOM_WEBUI_BASE_URL": webui.base_url,
            "DARKROOM_MARKS": marks,
        }
        with Darkroom(tmp_path, settings) as darkroom:
            url = await asyncio.to_thread(darkroom.wait_until_ready)
            async with httpx.AsyncClient(base_url=url, headers=bearer(), timeout=30, trust_env=False) as client:
                ordered = await client.post("/api/images", json=ORDER, headers={"Prefer": "respond-async"})
                address = f"{ordered.headers['location']}/events?unfinished=true"
                assert (await client.get(address, headers=bearer(sub="grace"))).status_code == 404
                async with client.stream("GET", address) as answer:
                    events = await Stream(answer).rest()
    shown = [event.data for event in events if event.name == "unfinished"]
    assert events[-1].data["state"] == "stored"
    assert {data["index"] for data in shown} == {0, 1}
    assert len({(data["index"], data["image"]) for data in shown}) == len(shown) > 2
    for data in shown:
        kind, _, coded = data["image"].partition(",")
        assert kind == "data:image/png;base64"
        mark = inspect(base64.b64decode(coded))
        assert (mark.file.width, mark.file.height) == (16, 8)
        drawn = (SOURCE_TYPES + source, "webui", str(ORDER["seed"][data["index"]])) if source else (None, None, None)
        assert (mark.source_type, mark.model, mark.seed) == drawn
