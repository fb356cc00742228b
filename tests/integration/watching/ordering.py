"""A service that draws with the Karlo simulator, and orders to it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import httpx
import jwt

from harness.caller import SECRET
from integration.http.house import claims
from servers.ports import LOOPBACK
from simulators.karlo import KarloSimulator

PROMPT = "canary prompt"


def with_karlo(karlo: KarloSimulator, **more: str) -> dict[str, str]:
    return {
        "DARKROOM_GENERATORS": "karlo",
        "DARKROOM_KARLO_API_KEY": karlo.api_key,
        "DARKROOM_KARLO_BASE_URL": karlo.base_url,
        "DARKROOM_KARLO_IMAGE_HOSTS": karlo.base_url,
        "DARKROOM_JWT_SECRET": SECRET,
        "DARKROOM_LOG_FORMAT": "json",
        "DARKROOM_PREVIEWS": "false",  # they would be counted as calls of the storage too
        **more,
    }


async def order(
    port: int, prompt: str = PROMPT, *, samples: int = 1, headers: Mapping[str, str] = MappingProxyType({})
) -> httpx.Response:
    body = {"version": "v2.1", "prompt": prompt, "width": 384, "height": 384, "samples": samples}
    token = jwt.encode(claims(), SECRET, algorithm="HS256")
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        return await client.post(
            f"http://{LOOPBACK}:{port}/api/images",
            json=body,
            headers={"Authorization": f"Bearer {token}", **headers},
        )
