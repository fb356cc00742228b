"""Of any answer of a provider, a readable image is kept and the rest is evidence; no order is paid twice."""

from __future__ import annotations

import json
import logging
import resource
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from darkroom.adapters.generators.bfl import open_bfl
from darkroom.adapters.generators.bfl import parse_models as bfl_models
from darkroom.adapters.generators.comfyui import open_comfyui
from darkroom.adapters.generators.comfyui import parse_models as comfyui_models
from darkroom.adapters.generators.fal import open_fal
from darkroom.adapters.generators.fal import parse_models as fal_models
from darkroom.adapters.generators.gemini import open_gemini
from darkroom.adapters.generators.gemini import parse_models as gemini_models
from darkroom.adapters.generators.karlo import open_karlo
from darkroom.adapters.generators.openai_images import open_openai_images
from darkroom.adapters.generators.openai_images import parse_models as openai_models
from darkroom.adapters.generators.openrouter import open_openrouter
from darkroom.adapters.generators.openrouter import parse_models as openrouter_models
from darkroom.adapters.generators.replicate import open_replicate
from darkroom.adapters.generators.replicate import parse_models as replicate_models
from darkroom.adapters.generators.stability import open_stability
from darkroom.adapters.generators.webui import open_webui
from darkroom.domain.ports import ImageGenerator
from integration.fuzz.provider_answers import BentProvider, Queued, Template, attack, serving
from integration.generators.comfyui_provider import PARTNER, PARTNER_WORDS

FEW: Final = 150
MANY: Final = 20_000
MEMORY: Final = 200_000_000
PATIENCE: Final[dict[str, Any]] = {"call_timeout": 20, "fetch_timeout": 3}
QUEUE_PATIENCE: Final = {**PATIENCE, "drawing_timeout": 5}


def _karlo(text: str) -> dict[str, Any]:
    return {"id": "x", "images": [{"id": "i", "image": text, "nsfw_content_detected": None}]}


def _gemini(text: str) -> dict[str, Any]:
    part = {"inlineData": {"mimeType": "image/png", "data": text}}
    return {"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]}


def _comfyui(text: str) -> dict[str, Any]:
    file = {"filename": f"n{text.rpartition('/')[2]}", "subfolder": "", "type": "output"}
    return {"id": "x", "status": "completed", "outputs": {"2": {"images": [file]}}}


@asynccontextmanager
async def _opened(kind: str, provider: BentProvider, folder: Path) -> AsyncIterator[ImageGenerator]:
    url = provider.origin
    workflow = folder / "partner.json"
    workflow.write_text(json.dumps(PARTNER), encoding="utf-8")
    openings: dict[str, Callable[[], AbstractAsyncContextManager[ImageGenerator]]] = {
        "karlo, links": lambda: open_karlo(api_key="k", base_url=url, image_hosts=[url], **PATIENCE),
        "karlo, base64": lambda: open_karlo(
            api_key="k", base_url=url, image_hosts=[url], return_type="base64_string", **PATIENCE
        ),
        "openai, links": lambda: open_openai_images(
            api_key="k", base_url=url, models=openai_models(["x=64-512 seed"]), image_hosts=[url], **PATIENCE
        ),
        "openai, base64": lambda: open_openai_images(
            api_key="k", base_url=url, models=openai_models(["x=64-512 seed"]), **PATIENCE
        ),
        "stability": lambda: open_stability(api_key="k", base_url=url, call_timeout=20),
        "webui": lambda: open_webui(base_url=url, at_once=16, call_timeout=20),
        "gemini": lambda: open_gemini(
            api_key="k", base_url=url, models=gemini_models(["gemini-x-image"]), call_timeout=20
        ),
        "openrouter": lambda: open_openrouter(
            api_key="k",
            base_url=url,
            models=openrouter_models(["x=own/x 1:1=1024x1024 only=own seed"]),
            folder=folder,
            call_timeout=20,
        ),
        "comfyui": lambda: open_comfyui(
            base_url=url, models=comfyui_models([f"x={workflow} {PARTNER_WORDS}"]), **QUEUE_PATIENCE
        ),
        "bfl": lambda: open_bfl(
            api_key="k",
            base_url=url,
            models=bfl_models(["flex=flux-2-flex 64-512/16 seed"]),
            polling_hosts=[url],
            image_hosts=[url],
            **QUEUE_PATIENCE,
        ),
        "fal": lambda: open_fal(
            api_key="k",
            base_url=url,
            models=fal_models(["x=fal-ai/x 64-512 seed"]),
            image_hosts=[url],
            **QUEUE_PATIENCE,
        ),
        "replicate": lambda: open_replicate(
            api_token="k",  # not a real one
            base_url=url,
            models=replicate_models(["x=own/x 64-512 seed"]),
            image_hosts=[url],
            **QUEUE_PATIENCE,
        ),
    }
    async with openings[kind]() as generator:
        yield generator


ANSWERS: Final[dict[str, Template]] = {
    "karlo, links": _karlo,
    "karlo, base64": _karlo,
    "openai, links": lambda text: {"created": 1, "data": [{"url": text}]},
    "openai, base64": lambda text: {"created": 1, "data": [{"b64_json": text}]},
    "stability": lambda text: {"image": text, "finish_reason": "SUCCESS"},
    "webui": lambda text: {"images": [text], "parameters": {}, "info": "{}"},
    "gemini": _gemini,
    "openrouter": lambda text: {"created": 1, "data": [{"b64_json": text}], "usage": {"cost": 0.04}},
    "comfyui": _comfyui,
    "bfl": lambda text: {"id": "x", "status": "Ready", "result": {"sample": text}},
    "fal": lambda text: {"status": "COMPLETED", "images": [{"url": text}]},
    "replicate": lambda text: {"id": "x", "status": "succeeded", "output": [text]},
}


def _bfl_order(origin: str, number: int, _: str) -> dict[str, Any]:
    return {"id": f"n{number}", "polling_url": f"{origin}/v1/get_result?id=n{number}"}


def _fal_order(origin: str, number: int, _: str) -> dict[str, Any]:
    return {f"{what}_url": f"{origin}/{what}/n{number}" for what in ("status", "response", "cancel")}


QUEUED: Final[dict[str, Queued]] = {
    "bfl": _bfl_order,
    "comfyui": lambda _, number, name: {"prompt_id": name, "number": number, "node_errors": {}},
    "fal": _fal_order,
    "replicate": lambda _, number, name: {"id": f"n{number}", "status": "starting"},
}


async def _attacked(kind: str, numbers: range, folder: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    provider = BentProvider(ANSWERS[kind], linked="links" in kind or kind in QUEUED, queued=QUEUED.get(kind))
    async with serving(provider), _opened(kind, provider, folder) as generator:
        wrong = await attack(generator, provider, numbers)

    assert wrong == [], f"{len(wrong)} of {len(numbers)}"
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < MEMORY


@pytest.fixture(autouse=True)
def _unlogged(caplog: pytest.LogCaptureFixture) -> None:
    """Capture no log records: each would keep the bytes of its failure in memory until the end."""
    caplog.set_level(logging.CRITICAL, "darkroom")


@pytest.mark.parametrize("kind", ["karlo, links", "openai, base64"])
async def test_a_few_bent_answers_lose_no_image_and_are_paid_once(kind: str, tmp_path: Path) -> None:
    await _attacked(kind, range(FEW), tmp_path)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ANSWERS)
async def test_many_bent_answers_lose_no_image_and_are_paid_once(kind: str, tmp_path: Path) -> None:
    await _attacked(kind, range(MANY), tmp_path)
