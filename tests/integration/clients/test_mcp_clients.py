"""The official MCP clients for Node and for Python draw over HTTP and over standard input.

`make test-peers` installs the client for Python. `make test` runs the legacy Node client only, over HTTP.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from PIL import Image

from darkroom.adapters.in_memory.generator import InMemoryImageGenerator
from darkroom.domain.model.errors import OutcomeUnknown
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.image_file import ImageFile
from darkroom.domain.ports import Receipt
from darkroom.entrypoints.http.mcp.drawing import PATIENCE
from integration.clients.conftest import Service
from integration.http.generators import FailingGenerator
from integration.http.house import ORDER, House, open_house, token
from servers.darkroom import INSTALLED
from servers.node import NODE, installed
from servers.parts import PartMissing

HERE: Final = Path(__file__).parent
PYTHON: Final = HERE.parents[2] / ".bench-peers" / "mcp" / "bin" / "python"
SLOW: Final = 4.0  # seconds

pytestmark = pytest.mark.timeout(300)
long: Final = pytest.mark.long

Json = dict[str, Any]


@pytest.fixture(scope="module")
def node_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(HERE / "mcp", tmp_path_factory.mktemp("node") / "client")


_CLIENTS: Final = ["node auto", "python legacy", "python auto"]


@pytest.fixture(params=["node legacy", *(pytest.param(name, marks=long) for name in _CLIENTS)])
def client(request: pytest.FixtureRequest) -> tuple[Sequence[str | Path], str]:
    """A client's program and its mode: a `legacy` client begins with a handshake."""
    language, mode = str(request.param).split()
    if language == "node":
        folder: Path = request.getfixturevalue("node_client")
        return [NODE, folder / "call.mjs"], mode
    if not PYTHON.exists():
        raise PartMissing("the client of mcp", "`make test-peers` installs it")
    return [PYTHON, HERE / "mcp_client.py"], mode


Client = tuple[Sequence[str | Path], str]


async def called(client: Client, server: Json, *calls: Json) -> Json:
    """Make the calls one after the other with a client; return what it reports."""
    program, mode = client
    asked = json.dumps({"server": server, "calls": calls, "mode": mode})
    running = await asyncio.create_subprocess_exec(
        *program, asked, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await running.communicate()
    assert running.returncode == 0, err.decode()
    told: Json = json.loads(out)
    return told


def call(name: str, seconds: float | None = None, **arguments: Any) -> Json:  # noqa: ANN401  # what JSON holds
    return {"name": name, "arguments": arguments} | ({"seconds": seconds} if seconds else {})


def text(result: Json) -> str:
    said: str = result["content"][0]["text"]
    return said


def server_of(house: House, transport: str) -> Json:
    """How a client reaches a service: by its address, or by `darkroom mcp`, which forwards messages."""
    if transport == "http":
        return {"url": f"http://127.0.0.1:{house.port}/mcp", "token": token()}
    return {"command": str(INSTALLED), "args": ["mcp", "--url", f"http://127.0.0.1:{house.port}", "--token", token()]}


class Slow(InMemoryImageGenerator):
    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        await asyncio.sleep(SLOW)
        return await super().submit(request, key)


@asynccontextmanager
async def slow_house() -> AsyncIterator[tuple[House, InMemoryImageGenerator]]:
    generator = Slow()
    async with open_house(generator=generator) as house:
        yield house, generator


@pytest.mark.parametrize("transport", ["http", pytest.param("stdio", marks=long)])
async def test_a_client_lists_tools_draws_and_reads_errors(client: Client, transport: str) -> None:
    wrong = ORDER | {"width": 1, "colour": "red"}
    calls = [call("draw_image", **ORDER, seed=[7]), call("draw_image", **wrong), call("list_generations")]
    async with open_house() as house:
        told = await called(client, server_of(house, transport), *calls, call("no_tool"))
    _, mode = client
    assert "failed" not in told, told
    revision = "2026-07-28" if mode == "auto" else "2025-11-25"
    # The legacy client does not know the revision over stdio.
    assert (told["revision"] or revision, told["server"]) == (revision, "darkroom")
    assert [tool["name"] for tool in told["tools"]] == [
        "draw_image",
        "list_models",
        "get_generation",
        "list_generations",
    ]
    drawn, refused, listed, unknown = told["results"]
    assert drawn["structuredContent"]["images"][0]["image"] == drawn["content"][1]["uri"]
    assert "seed 7, 64x48" in text(drawn)
    assert refused["isError"] is True
    assert "width must be an integer" in text(refused)
    assert "colour is not a field of an order" in text(refused)
    assert "charged: no" in text(refused)
    assert len(listed["structuredContent"]["generations"]) == 1
    assert (unknown["code"], "there is no such tool" in unknown["said"]) == (-32602, True)


@long
@pytest.mark.parametrize("transport", ["http", "stdio"])
async def test_an_unknown_outcome_says_that_it_may_be_charged(client: Client, transport: str) -> None:
    async with open_house(generator=FailingGenerator(OutcomeUnknown("cut off"))) as house:
        told = await called(client, server_of(house, transport), call("draw_image", **ORDER))
    (result,) = told["results"]
    assert (result["isError"], "charged: unknown" in text(result)) == (True, True)
    assert result["_meta"]["darkroom/problem"]["charged"] == "unknown"


@long
@pytest.mark.parametrize("transport", ["http", "stdio"])
async def test_an_agent_that_gave_up_finds_its_image_which_is_paid_once(client: Client, transport: str) -> None:
    order = ORDER | {"key": "the agent's"}
    calls = [call("draw_image", 1.0, **order), call("list_generations"), call("draw_image", **order)]
    async with slow_house() as (house, generator):
        told = await called(client, server_of(house, transport), *calls)
    gave_up, listed, again = told["results"]
    assert "failed" in gave_up
    (found,) = listed["structuredContent"]["generations"]
    assert again["structuredContent"]["id"] == found["id"]
    assert (again["structuredContent"]["state"], len(generator.asked)) == ("stored", 1)


class Slower(InMemoryImageGenerator):
    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        await asyncio.sleep(PATIENCE + 5)
        return await super().submit(request, key)


@long
@pytest.mark.parametrize("client", ["node legacy", "python auto"], indirect=True)
async def test_a_drawing_that_outlasts_a_call_is_found_later_and_paid_once(client: Client) -> None:
    generator = Slower()
    async with open_house(generator=generator) as house:
        waiting = (await called(client, server_of(house, "http"), call("draw_image", **ORDER)))["results"][0]
        asked = call("get_generation", id=waiting["structuredContent"]["id"])
        found = (await called(client, server_of(house, "http"), asked))["results"][0]
    assert "Not finished yet" in text(waiting)
    assert (found["structuredContent"]["state"], found["content"][1]["type"]) == ("stored", "resource_link")
    assert len(generator.asked) == 1


@long
async def test_a_refused_token_is_reported(client: Client) -> None:
    async with open_house() as house:
        told = await called(client, server_of(house, "http") | {"token": "none"})
    assert "401" in json.dumps(told["failed"]) or "refused" in told["failed"]["said"], told


@long
async def test_the_local_command_draws_in_its_own_process(client: Client, tmp_path: Path) -> None:
    server = {"command": str(INSTALLED), "args": ["mcp", "--local"], "cwd": str(tmp_path)}
    order: Json = {"version": "sketch", "prompt": "a fox", "width": 96, "height": 64}
    told = await called(client, server, call("draw_image", **order))
    (drawn,) = told["results"]
    link = httpx.URL(drawn["content"][1]["uri"])
    assert link.scheme == "file"
    file = ImageFile.inspect(await asyncio.to_thread(Path(link.path).read_bytes))
    assert (file.width, file.height) == (96, 64)
    with Image.open(io.BytesIO(base64.b64decode(drawn["content"][2]["data"]))) as preview:
        assert (preview.format, preview.size) == ("WEBP", (96, 64))


@long
@pytest.mark.parametrize("transport", ["http", "stdio"])
async def test_previews_of_eight_images_open_and_keep_within_the_limits_of_clients(
    client: Client, service: Service, transport: str
) -> None:
    if transport == "http":
        server: Json = {"url": f"{service.url}/mcp", "token": service.token}
    else:
        server = {"command": str(INSTALLED), "args": ["mcp", "--url", service.url, "--token", service.token]}
    order: Json = {"version": "sketch", "prompt": "바다 위의 등대", "width": 768, "height": 512, "samples": 8}
    drawn = (await called(client, server, call("draw_image", **order, key=transport)))["results"][0]
    # On a busy machine, drawing eight images takes longer than one call waits.
    async with asyncio.timeout(120):
        while len(pictures := [content for content in drawn["content"] if content["type"] == "image"]) < 8:
            asked = call("get_generation", id=drawn["structuredContent"]["id"])
            drawn = (await called(client, server, asked))["results"][0]
    for picture in pictures:
        data = base64.b64decode(picture["data"], validate=True)
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            assert (picture["mimeType"], image.format, image.size) == ("image/webp", "WEBP", (512, 341))
        assert len(data) <= 150_000
    assert len(json.dumps(drawn)) <= 1_048_576  # Claude Desktop
    assert len(text(drawn)) / 4 + 8 * 1600 <= 25_000  # tokens, as Claude Code counts them


@long
async def test_a_client_draws_at_a_service_started_by_the_command_line(client: Client, service: Service) -> None:
    order: Json = {"version": "sketch", "prompt": "a fox", "width": 96, "height": 64}
    told = await called(client, {"url": f"{service.url}/mcp", "token": service.token}, call("draw_image", **order))
    (drawn,) = told["results"]
    async with httpx.AsyncClient(trust_env=False) as http:
        file = ImageFile.inspect((await http.get(drawn["content"][1]["uri"])).content)
    assert (file.width, file.height) == (96, 64)
