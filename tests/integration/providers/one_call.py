"""The one call that clients make to any provider: an alias lets clients of one model continue with another."""

from __future__ import annotations

from typing import Final

import httpx

from darkroom.domain.model.image_file import ImageFile

ALIAS: Final = "house-style"
CALL: Final = {"version": ALIAS, "prompt": "a fox in the snow", "width": 1024, "height": 1024}


async def see_the_call_served(url: str, token: str) -> None:
    """Make the call at a service that can draw the alias, and once more with a width too large for the model."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False) as client:
        models = (await client.get("/api/models")).json()["models"]
        (model,) = [model for model in models if model["version"] == ALIAS]

        answer = await client.post("/api/images", json=CALL)
        assert answer.status_code == 200, answer.text
        (image,) = answer.json()
        assert image["id"]
        stored = await client.get(image["image"])
        file = ImageFile.inspect(stored.content)
        assert (file.width, file.height) == (CALL["width"], CALL["height"])
        assert stored.headers["content-type"] == file.media_type

        refused = await client.post("/api/images", json=CALL | {"width": model["width"]["max"] + 1})
        assert (refused.status_code, refused.json()["charged"]) == (400, "no")
        assert "/width" in [error["pointer"] for error in refused.json()["errors"]]
