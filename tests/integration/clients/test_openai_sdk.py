"""OpenAI's SDK for Python with its default retries. `make test-peers` installs it."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any, Final

import pytest

from darkroom.adapters.in_memory.generator import InMemoryImageGenerator
from darkroom.domain.model.image_file import ImageFile
from integration.clients.upstream import MAY_BE_PAID, upstream
from integration.http.house import House, open_house, token
from servers.parts import PartMissing
from servers.web_proxies import WebProxy, deployed

PYTHON: Final = Path(__file__).parents[3] / ".bench-peers" / "openai" / "bin" / "python"
PROGRAM: Final = Path(__file__).parent / "openai_sdk.py"
CALL: Final = {"model": "flux-dev", "prompt": "a fox in fog", "size": "64x64"}

pytestmark = pytest.mark.long


async def draw(
    house: House,
    call: dict[str, Any],
    *,
    api_key: str | None = None,
    options: dict[str, Any] | None = None,
    url: str | None = None,
) -> dict[str, Any]:
    """Make a call with the SDK and return what it reports; `url` replaces the service's own address."""
    if not PYTHON.exists():
        raise PartMissing("OpenAI's SDK", "`make test-peers` installs it")
    said = [
        f"{url or f'http://127.0.0.1:{house.port}'}/v1",
        api_key or token(),
        json.dumps(options or {}),
        json.dumps(call),
    ]
    running = await asyncio.create_subprocess_exec(
        PYTHON, PROGRAM, *said, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={}
    )
    out, err = await running.communicate()
    assert running.returncode == 0, err.decode()
    told: dict[str, Any] = json.loads(out)
    return told


async def test_it_draws_an_image_and_lists_the_models() -> None:
    async with upstream() as (house, _):
        told = await draw(house, CALL)
    ((image,), models) = told["images"], told["models"]
    file = ImageFile.inspect(base64.b64decode(image["b64_json"]))
    assert (file.width, file.height, image["url"][:7]) == (64, 64, "memory:")
    assert models == ["flux-dev"]


async def test_an_error_arrives_as_a_sentence_in_the_sdk_s_own_exception() -> None:
    async with open_house(generator=InMemoryImageGenerator(), images_per_day=0) as house:
        bad = await draw(house, {"model": "memory", "prompt": "a fox", "quality": "hd"})
        unknown = await draw(house, CALL)
        limited = await draw(house, {"model": "memory", "prompt": "a fox"}, options={"max_retries": 0})
    assert (bad["error"], bad["status"], bad["body"]["param"]) == ("BadRequestError", 400, "quality")
    assert "quality is not honoured here" in bad["said"]
    assert "model must be one of memory" in unknown["said"]
    assert (limited["error"], limited["body"]["code"]) == ("RateLimitError", "quota-exceeded")


@pytest.mark.parametrize("fault", MAY_BE_PAID)
async def test_retries_after_an_unknown_outcome_are_paid_once_and_end_in_an_error(fault: str) -> None:
    async with upstream() as (house, provider):
        provider.faults.set(fault)
        told = await draw(house, CALL)
    assert (provider.charged_calls, len(provider.calls)) == (1, 1)
    assert (told["status"], told["body"]["charged"]) == (424, "unknown")
    assert told["body"]["code"] == "outcome-unknown"


async def test_a_failure_that_cost_nothing_is_retried_until_it_is_drawn() -> None:
    async with upstream() as (house, provider):
        provider.faults.set("error-overloaded", times=1)
        told = await draw(house, CALL)
    assert (len(told["images"]), provider.charged_calls, len(provider.calls)) == (1, 1, 2)


@pytest.mark.parametrize("key", [{}, {"extra_headers": {"Idempotency-Key": "one-picture"}}])
async def test_a_call_that_takes_longer_than_its_timeout_is_paid_once(key: dict[str, Any]) -> None:
    async with upstream(seconds_per_image=3.0) as (house, provider):
        told = await draw(house, CALL | key, options={"timeout": 1.5, "max_retries": 10})
    assert (len(told["images"]), provider.charged_calls) == (1, 1)


async def test_identical_calls_at_the_same_time_each_draw_an_image() -> None:
    async with upstream(seconds_per_image=1.0) as (house, provider):
        told = await asyncio.gather(*(draw(house, CALL) for _ in range(4)))
    assert len({one["images"][0]["url"] for one in told}) == 4
    assert provider.charged_calls == 4


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("patience", "takes"), [(3, 5.0), (60, 63.0)], ids=["after 3 s", "after nginx's 60 s"])
async def test_a_call_that_a_proxy_gives_up_is_paid_once(tmp_path: Path, patience: int, takes: float) -> None:
    """nginx answers 504 at its timeout; the SDK repeats the call and receives the image of the first one."""
    impatient = deployed("nginx").replace("proxy_read_timeout 600s", f"proxy_read_timeout {patience}s")
    assert impatient != deployed("nginx")
    async with upstream(seconds_per_image=takes) as (house, provider):
        proxy = await asyncio.to_thread(WebProxy, tmp_path / "nginx", "nginx", impatient, house.port)
        with proxy:
            told = await draw(house, CALL, url=proxy.url)
            assert (len(told["images"]), provider.charged_calls) == (1, 1)
            shown = (await house.client.get("/api/generations")).json()["items"]
    assert len(shown) == 1
