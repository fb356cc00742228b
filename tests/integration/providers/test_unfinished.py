"""Unfinished images on their way from a web UI to a caller, through the whole service and with its marks."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from darkroom.adapters.marks.inspection import inspect
from darkroom.adapters.marks.statement import SOURCE_TYPES
from servers.darkroom import Darkroom
from simulators.process import simulator_process

SECRET = "s" * 32
ORDER: dict[str, Any] = {"version": "webui", "prompt": "a calm sea", "width": 128, "height": 64, "seed": [7, 8]}


def bearer(subject: str) -> dict[str, str]:
    at = int(time.time())
    claims = {"iss": "darkroom", "aud": "darkroom", "sub": subject, "iat": at, "exp": at + 3600}
    return {"Authorization": f"Bearer {jwt.encode(claims, SECRET, algorithm='HS256')}"}


def events(stream: httpx.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name and the data of each event, to the end of the stream."""
    name = ""
    for line in stream.iter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        if field == "data":
            yield name, json.loads(value)


@pytest.mark.parametrize(("marks", "source"), [("xmp", "trainedAlgorithmicMedia"), ("none", None)])
def test_a_caller_sees_its_images_while_a_web_ui_draws_them(tmp_path: Path, marks: str, source: str | None) -> None:
    with simulator_process("webui", "--seconds-per-image", "2") as webui:
        settings = {
            "DARKROOM_JWT_SECRET": SECRET,
            "DARKROOM_GENERATORS": "webui",
            "DARKROOM_WEBUI_BASE_URL": webui.base_url,
            "DARKROOM_MARKS": marks,
        }
        with (
            Darkroom(tmp_path, settings) as darkroom,
            httpx.Client(base_url=darkroom.wait_until_ready(), timeout=30, trust_env=False) as client,
        ):
            headers = bearer("ada")
            ordered = client.post("/api/images", json=ORDER, headers=headers | {"Prefer": "respond-async"})
            address = f"{ordered.headers['location']}/events?unfinished=true"
            assert client.get(address, headers=bearer("grace")).status_code == 404
            with client.stream("GET", address, headers=headers) as stream:
                told = list(events(stream))
    shown = [data for name, data in told if name == "unfinished"]
    assert told[-1][1]["state"] == "stored"
    assert {data["index"] for data in shown} == {0, 1}
    assert len({(data["index"], data["image"]) for data in shown}) == len(shown) > 2
    for data in shown:
        kind, _, coded = data["image"].partition(",")
        assert kind == "data:image/png;base64"
        mark = inspect(base64.b64decode(coded))
        assert (mark.file.width, mark.file.height) == (16, 8)
        drawn = (SOURCE_TYPES + source, "webui", str(ORDER["seed"][data["index"]])) if source else (None, None, None)
        assert (mark.source_type, mark.model, mark.seed) == drawn
