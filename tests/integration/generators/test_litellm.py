"""The generator `openai` with LiteLLM's real proxy, which `make test-peers` installs, in front of the simulator."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from darkroom.adapters.conformance import draw, plain_request
from darkroom.adapters.generators.openai_images import open_openai_images, parse_models
from darkroom.domain.model.errors import Charged, OutcomeUnknown, PromptRejected
from darkroom.domain.ports import ImageGenerator
from servers.parts import PartMissing
from servers.ports import LOOPBACK, free_port
from servers.process import Process
from simulators.openai_images import OpenAIImagesSimulator, openai_images_simulator

LITELLM: Final = Path(__file__).parents[3] / ".bench-peers" / "litellm" / "bin" / "litellm"
MASTER_KEY: Final = "sk-for-tests-on-the-loopback-interface-only"
MODELS: Final = ("gpt-image-1.5", "flux-dev=64-512/8 response_format=")
START: Final = 240.0  # seconds; most of that is spent on imports

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]


@pytest.fixture
async def simulator() -> AsyncIterator[OpenAIImagesSimulator]:
    async with openai_images_simulator() as running:
        yield running


@pytest.fixture
async def proxy(simulator: OpenAIImagesSimulator, tmp_path: Path) -> AsyncIterator[str]:
    if not LITELLM.exists():
        raise PartMissing("LiteLLM", "`make test-peers` installs it")
    upstream = {"api_base": f"{simulator.base_url}/v1", "api_key": simulator.api_key}
    models = [
        {"model_name": name, "litellm_params": {"model": f"openai/{name}", **upstream}}
        for name in ("gpt-image-1.5", "flux-dev")
    ]
    (tmp_path / "config.yaml").write_text(json.dumps({"model_list": models}), encoding="utf-8")  # JSON is valid YAML
    port = free_port()
    command: list[str | Path] = [
        LITELLM,
        "--config",
        "config.yaml",
        "--host",
        LOOPBACK,
        "--port",
        str(port),
        "--telemetry",
        "False",
    ]
    environment = {"LITELLM_MASTER_KEY": MASTER_KEY, "LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    with Process(command, environment=environment, folder=tmp_path) as program:
        await listening(f"http://{LOOPBACK}:{port}/health/liveliness", program)
        yield f"http://{LOOPBACK}:{port}/v1"


async def listening(url: str, program: Process) -> None:
    async with asyncio.timeout(START), aiohttp.ClientSession() as session:
        while program.running:
            try:
                async with session.get(url) as answer:
                    if answer.ok:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.2)
    raise AssertionError(program.stderr)


@asynccontextmanager
async def opened(base_url: str, model: str, key: str = MASTER_KEY) -> AsyncIterator[ImageGenerator]:
    async with open_openai_images(api_key=key, base_url=base_url, models=parse_models([model])) as generator:
        yield generator


async def test_images_refusals_and_failures_pass_through_litellm(
    proxy: str, simulator: OpenAIImagesSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    """All checks share one proxy, because starting it takes half a minute."""
    for model in MODELS:
        async with opened(proxy, model) as generator:
            images, failure = await draw(generator, plain_request(generator.cards[0], samples=2))
            assert (sorted(images), failure) == ([0, 1], None)
            assert "and has " in await generator.check()
    assert simulator.charged_images == 4
    assert "sends one call up to three" in caplog.text, "no warning says that LiteLLM repeats paid calls"

    async with opened(proxy, MODELS[1], key="sk-wrong") as generator:
        assert "the key could not be tested" in await generator.check()

    simulator.faults.set("error-moderation-input")
    async with opened(proxy, MODELS[0]) as generator:
        images, failure = await draw(generator, plain_request(generator.cards[0]))
    assert (images, type(failure), failure and failure.charged) == ({}, PromptRejected, Charged.UNKNOWN)
    assert simulator.charged_images == 4

    simulator.faults.clear()
    before = len(simulator.calls)
    simulator.faults.set("server-error-json-after-charge")
    async with opened(proxy, MODELS[1]) as generator:
        _, failure = await draw(generator, plain_request(generator.cards[0]))
    assert type(failure) is OutcomeUnknown
    # Without our header there would be nine calls. The rest are retries of the client that LiteLLM uses.
    assert 1 <= len(simulator.calls) - before <= 3
