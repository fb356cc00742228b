"""Open WebUI's own image router draws at our images API, as its administrator configured it.

`make test-peers` installs it with only the dependencies that this router needs. It runs in a process of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from darkroom.domain.model.image_file import ImageFile
from integration.cli.command_line import CommandLine
from integration.clients.upstream import MAY_BE_PAID, upstream
from integration.http.house import House, open_house, token
from servers.parts import PartMissing
from servers.ports import LOOPBACK, free_port
from servers.process import Process

HERE: Final = Path(__file__).parent
PEER: Final = HERE.parents[2] / ".bench-peers" / "open-webui"

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


class OpenWebUI:
    """The actions of a user and of the administrator."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def set(self, base_url: str, api_key: str, *, model: str, size: str = "64x64") -> None:
        """Enter a server in the image settings."""
        shown = (await self._http.get("/api/v1/images/config")).json()
        entered = {
            "ENABLE_IMAGE_GENERATION": True,
            "IMAGE_GENERATION_ENGINE": "openai",
            "IMAGE_GENERATION_MODEL": model,
            "IMAGE_SIZE": size,
            "IMAGES_OPENAI_API_BASE_URL": base_url,
            "IMAGES_OPENAI_API_KEY": api_key,
        }
        (await self._http.post("/api/v1/images/config/update", json=shown | entered)).raise_for_status()

    async def set_to(self, house: House, *, model: str) -> None:
        await self.set(f"http://{LOOPBACK}:{house.port}/v1", token(), model=model)

    async def draw(self, **more: Any) -> httpx.Response:  # noqa: ANN401  # what JSON holds
        return await self._http.post("/api/v1/images/generations", json={"prompt": "a fox in fog", **more})

    async def opened(self, answer: httpx.Response) -> list[ImageFile]:
        """The images of an answer, as the chat shows them."""
        assert answer.is_success, answer.text
        return [ImageFile.inspect((await self._http.get(image["url"])).content) for image in answer.json()]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of Open WebUI."""
    if not any(PEER.glob("lib/python*/site-packages/open_webui/routers/images.py")):
        raise PartMissing("Open WebUI", "`make test-peers` installs it")
    folder, port = tmp_path_factory.mktemp("open-webui"), free_port()
    (folder / "data").mkdir()
    environment = {
        "DATA_DIR": str(folder / "data"),
        "STATIC_DIR": str(folder / "static"),
        "FROM_INIT_PY": "true",
        "USE_SLIM_DOCKER": "true",
        "OFFLINE_MODE": "true",
        "ENABLE_LOCAL_WEB_FETCH": "true",  # needed to fetch links to an address that is not public
        "WEBUI_SECRET_KEY": "a secret of thirty-two bytes, or a few more",
    }
    command: list[str | Path] = [PEER / "bin/python", HERE / "open_webui_server.py", str(port)]
    with Process(command, environment=environment, folder=folder) as server:
        server.wait_for("Uvicorn running on", stream="stderr", timeout=240)
        yield f"http://{LOOPBACK}:{port}"


@pytest.fixture
async def open_webui(address: str) -> Any:  # noqa: ANN401  # an iterator
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=60) as http:
        yield OpenWebUI(http)


@pytest.mark.parametrize("model", ["sketch", "gpt-image-1"], ids=["as bytes", "as a link"])
async def test_an_image_is_drawn_and_opened(open_webui: OpenWebUI, tmp_path: Path, model: str) -> None:
    """If the model's name begins with gpt-image, Open WebUI does not ask for bytes and fetches the link."""
    with CommandLine(tmp_path) as shell:
        darkroom = await asyncio.to_thread(lambda: shell.serve(DARKROOM_ALIASES="gpt-image-1=sketch"))
        api_key = (await asyncio.to_thread(shell.run, "token")).stdout.strip()
        await open_webui.set(f"http://{LOOPBACK}:{darkroom.port}/v1", api_key, model=model, size="96x64")
        files = await open_webui.opened(await open_webui.draw(n=2))
    assert [(file.width, file.height) for file in files] == [(96, 64)] * 2


async def test_an_error_is_shown_by_its_status(open_webui: OpenWebUI) -> None:
    """Open WebUI reads the status line only, not the sentence."""
    async with open_house() as house:
        await open_webui.set_to(house, model="no-such-model")
        answer = await open_webui.draw()
    assert (answer.status_code, answer.json()["detail"]) == (400, "[ERROR: Bad Request]")
    async with open_house(images_per_day=0) as house:
        await open_webui.set_to(house, model="memory")
        answer = await open_webui.draw()
    assert (answer.status_code, answer.json()["detail"]) == (400, "[ERROR: Too Many Requests]")


@pytest.mark.parametrize("fault", MAY_BE_PAID)
async def test_a_call_with_an_unknown_outcome_is_paid_once(open_webui: OpenWebUI, fault: str) -> None:
    async with upstream() as (house, provider):
        await open_webui.set_to(house, model="flux-dev")
        provider.faults.set(fault)
        answer = await open_webui.draw()
        (listed,) = (await house.client.get("/api/generations")).json()["items"]
    assert (answer.status_code, answer.json()["detail"]) == (400, "[ERROR: Failed Dependency]")
    assert (provider.charged_calls, len(provider.calls)) == (1, 1)
    assert listed["problem"]["charged"] == "unknown"


async def test_a_failure_that_cost_nothing_can_be_repeated_until_it_is_drawn(open_webui: OpenWebUI) -> None:
    async with upstream() as (house, provider):
        await open_webui.set_to(house, model="flux-dev")
        provider.faults.set("error-overloaded", times=1)
        first = await open_webui.draw()
        again = first if first.is_success else await open_webui.draw()
        (file,) = await open_webui.opened(again)
    assert (file.width, file.height) == (64, 64)
    assert provider.charged_calls == 1
