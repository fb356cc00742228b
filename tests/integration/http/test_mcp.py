"""The door for agents: its messages, its tools, its errors, and its access rules."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest

from darkroom.adapters.in_memory.generator import InMemoryImageGenerator
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import (
    Charged,
    DrawingFailed,
    GeneratorUnavailable,
    OutcomeUnknown,
    PromptRejected,
    StorageFault,
    UnusableImage,
)
from darkroom.domain.model.generation import Generation, GenerationRequest
from darkroom.domain.model.money import Money
from darkroom.domain.model.price import MegapixelPrice
from darkroom.domain.ports import Receipt
from darkroom.domain.use_cases import follow
from darkroom.entrypoints.http.auth.claims import TokenRules
from darkroom.entrypoints.http.auth.keys import OneKey
from darkroom.entrypoints.http.auth.tokens import JwtTokenVerifier
from darkroom.entrypoints.http.mcp import drawing
from darkroom.entrypoints.http.mcp.protected_resource import Issuer
from integration.http.generators import KARLO_LIKE, WITHOUT_SEEDS, FailingGenerator, StingyGenerator
from integration.http.house import ORDER, SECRET, House, bearer, now, open_house

MODERN = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}
METADATA = "/.well-known/oauth-protected-resource/mcp"


@pytest.fixture(autouse=True)
def _glancing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check often whether a drawing has ended."""
    monkeypatch.setattr(follow, "_GLANCE", 0.02)


async def send(house: House, message: object, headers: dict[str, str] | None = None) -> httpx.Response:
    return await house.client.post("/mcp", json=message, headers=headers)


async def ask(
    house: House,
    method: str,
    headers: dict[str, str] | None = None,
    **params: Any,  # noqa: ANN401  # what JSON holds
) -> dict[str, Any]:
    answer = await send(house, {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json"), answer.text
    message: dict[str, Any] = answer.json()
    assert (message["jsonrpc"], message["id"]) == ("2.0", 1)
    return message


async def call(house: House, name: str, headers: dict[str, str] | None = None, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401
    result: dict[str, Any] = (await ask(house, "tools/call", headers, name=name, arguments=arguments))["result"]
    assert result["content"][0]["type"] == "text"
    return result


def text(result: dict[str, Any]) -> str:
    said: str = result["content"][0]["text"]
    return said


def modern(method: str, **params: Any) -> tuple[dict[str, Any], dict[str, str]]:  # noqa: ANN401
    """A request of the revision 2026-07-28, and its headers."""
    headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": method}
    if "name" in params:
        headers["Mcp-Name"] = params["name"]
    return {"jsonrpc": "2.0", "id": "a", "method": method, "params": {"_meta": META, **params}}, headers


@pytest.mark.parametrize(
    ("asked", "agreed"),
    [("2025-06-18", "2025-06-18"), ("2025-11-25", "2025-11-25"), ("2024-11-05", "2025-11-25"), (MODERN, "2025-11-25")],
)
async def test_initialize_agrees_on_a_revision_and_lists_the_capabilities(
    house: House, asked: str, agreed: str
) -> None:
    result = (await ask(house, "initialize", protocolVersion=asked, capabilities={}, clientInfo={}))["result"]
    assert (result["protocolVersion"], result["serverInfo"]["name"]) == (agreed, "darkroom")
    assert result["capabilities"] == {"tools": {}}
    noted = await send(house, {"jsonrpc": "2.0", "method": "notifications/initialized"})
    assert (noted.status_code, noted.content) == (202, b"")
    assert (await ask(house, "ping", {"MCP-Protocol-Version": agreed}))["result"] == {}


async def test_since_2026_07_28_each_request_names_its_revision(house: House) -> None:
    found = (await send(house, *modern("server/discover"))).json()["result"]
    assert found["supportedVersions"] == ["2025-06-18", "2025-11-25", MODERN]
    assert (found["resultType"], found["cacheScope"]) == ("complete", "private")
    listed = (await send(house, *modern("tools/list"))).json()["result"]
    drawn = (await send(house, *modern("tools/call", name="draw_image", arguments=ORDER))).json()["result"]
    for result in (listed, drawn):
        assert result["resultType"] == "complete"
        assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "darkroom"
    assert drawn["structuredContent"]["state"] == "stored"


def without(name: str) -> tuple[dict[str, Any], dict[str, str]]:
    message, headers = modern("tools/call", name="list_models")
    return message, {header: value for header, value in headers.items() if header != name}


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (modern("ping"), 404, -32601),
        (modern("initialize"), 404, -32601),
        (modern("tools/call", name="no_tool"), 400, -32602),
        (without("MCP-Protocol-Version"), 400, -32020),
        (without("Mcp-Method"), 400, -32020),
        (without("Mcp-Name"), 400, -32020),
        ((modern("tools/list")[0], modern("server/discover")[1]), 400, -32020),
        (({"jsonrpc": "2.0", "id": "a", "method": "tools/list"}, modern("tools/list")[1]), 400, -32602),
        (({"jsonrpc": "2.0", "id": "a", "method": "tools/list"}, {"MCP-Protocol-Version": "2024-11-05"}), 400, -32022),
    ],
)
async def test_requests_that_break_the_newest_revision_are_refused(
    house: House, request_: tuple[dict[str, Any], dict[str, str]], status: int, code: int
) -> None:
    answer = await send(house, *request_)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    if code == -32022:
        assert MODERN in answer.json()["error"]["data"]["supported"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, -32700),
        (b"\xff", 400, -32700),
        (b"[]", 400, -32600),
        (b'[{"jsonrpc": "2.0", "id": 1, "method": "ping"}]', 400, -32600),
        (b"7", 400, -32600),
        (b'{"id": 1, "method": "ping"}', 400, -32600),
        (b'{"jsonrpc": "2.0", "id": 1}', 400, -32600),
        (b'{"jsonrpc": "2.0", "id": null, "method": "ping"}', 400, -32600),
        (b'{"jsonrpc": "2.0", "id": true, "method": "ping"}', 400, -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "id": 2, "method": "ping"}', 400, -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}', 400, -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "result": {}}', 400, -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "resources/list"}', 200, -32601),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "initialize"}', 200, -32602),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call"}', 200, -32602),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": []}}', 200, -32602),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"cursor": "x"}}', 200, -32602),
        (
            b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list_models", "arguments": []}}',
            200,
            -32602,
        ),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": "%b"}' % (b"x" * 66_000), 413, -32600),
    ],
)
async def test_an_invalid_message_is_a_json_rpc_error(house: House, body: bytes, status: int, code: int) -> None:
    answer = await house.client.post("/mcp", content=body, headers={"Content-Type": "application/json"})
    message = answer.json()
    assert (answer.status_code, message["error"]["code"]) == (status, code)
    assert message["id"] == (1 if status == 200 else None)
    assert message["error"]["data"]["charged"] == "no"


async def test_only_post_is_allowed(house: House) -> None:
    for method in ("GET", "DELETE", "PUT"):
        answer = await house.client.request(method, "/mcp")
        assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST")
    assert (await house.client.post("/mcp", content=b"{}", headers={"Content-Type": "text/plain"})).status_code == 415


async def test_tools_describe_their_arguments_and_their_cost() -> None:
    by_megapixel = MegapixelPrice(Money.parse("0.03 USD"), Money.parse("0.01 USD"))
    cards = replace(KARLO_LIKE, price=Money.parse("0.02 USD")), replace(WITHOUT_SEEDS, price=by_megapixel)
    async with open_house(generator=InMemoryImageGenerator(*cards)) as house:
        tools = {tool["name"]: tool for tool in (await ask(house, "tools/list"))["result"]["tools"]}
    assert set(tools) == {"draw_image", "list_models", "get_generation", "list_generations"}
    draw = tools["draw_image"]
    assert set(draw["inputSchema"]["properties"]) == {*ORDER, "negative_prompt", "seed", "samples", "key"} | {
        "num_inference_steps",
        "guidance_scale",
    }
    assert draw["inputSchema"]["properties"]["version"]["enum"] == ["listed", "v2.0"]
    assert "- v2.0: width and height 384 to 640 in steps of 8; prompt of at most 256" in draw["description"]
    for price in ("0.02 USD an image", "0.03 USD for an image of 1024x1024"):
        assert price in draw["description"]
    assert not {"anyOf", "oneOf", "allOf"} & draw["inputSchema"].keys()
    for name, tool in tools.items():
        hints = tool["annotations"]
        assert (hints["readOnlyHint"], hints["destructiveHint"]) == (name != "draw_image", False)
        assert tool["inputSchema"]["type"] == tool["outputSchema"]["type"] == "object"


async def test_an_image_is_drawn_and_shown_by_its_link(house: House) -> None:
    result = await call(house, "draw_image", **ORDER, seed=[7, 8])
    shown = result["structuredContent"]
    (_, *links) = result["content"]
    assert (result["isError"], shown["state"], [image["seed"] for image in shown["images"]]) == (
        False,
        "stored",
        [7, 8],
    )
    assert [link["uri"] for link in links] == [image["image"] for image in shown["images"]]
    assert {(link["type"], link["mimeType"]) for link in links} == {("resource_link", "image/png")}
    storage = house.services.storage
    assert isinstance(storage, InMemoryImageStorage)
    for link in links:
        assert link["size"] == len(storage.kept[link["uri"].removeprefix("memory:")][0])
        assert link["uri"] in text(result)
    assert shown["id"] in text(result)
    assert "seed 7, 64x48" in text(result)
    assert (await call(house, "get_generation", id=shown["id"]))["structuredContent"] == shown
    assert (await house.client.get(f"/api/generations/{shown['id']}")).json() == shown


async def test_every_wrong_field_is_named_and_nothing_is_spent() -> None:
    generator = InMemoryImageGenerator()
    async with open_house(generator=generator) as house:
        result = await call(house, "draw_image", version="memory", prompt=" ", width=1, colour="red", key="")
        twice = b'{"name": "draw_image", "arguments": {"width": 1, "width": 2}}'
        body = b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": %b}' % twice
        repeated = await house.client.post("/mcp", content=body, headers={"Content-Type": "application/json"})
    assert result["isError"] is True
    for named in ("key must be 1 to 255", "prompt must not be blank", "width must be", "height is required", "colour"):
        assert named in text(result)
    assert "charged: no" in text(result)
    problem = result["_meta"]["darkroom/problem"]
    assert (problem["type"], problem["charged"]) == ("/problems/invalid-request", "no")
    assert {rule["pointer"] for rule in problem["errors"]} == {"/key", "/prompt", "/width", "/height", "/colour"}
    assert "width is given more than once" in text(repeated.json()["result"])
    assert generator.asked == []


@pytest.mark.parametrize(
    ("failure", "charged"),
    [
        (GeneratorUnavailable("later"), "no"),
        (PromptRejected("no such words"), "no"),
        (PromptRejected("no such image", charged=Charged.YES), "yes"),
        (OutcomeUnknown("cut off"), "unknown"),
        (UnusableImage("no image"), "yes"),
    ],
)
async def test_a_failure_is_a_tool_error_that_says_whether_it_was_charged(failure: DrawingFailed, charged: str) -> None:
    async with open_house(generator=FailingGenerator(failure)) as house:
        result = await call(house, "draw_image", **ORDER)
        again = await call(house, "get_generation", id=result["structuredContent"]["id"])
    assert result["isError"] is again["isError"] is True
    assert failure.detail in text(result)
    assert f"charged: {charged}" in text(result)
    assert result["structuredContent"]["id"] in text(result)
    assert result["_meta"]["darkroom/problem"]["type"] == f"/problems/{failure.code}"
    assert text(again) == text(result)


async def test_images_that_were_stored_despite_a_failure_are_linked() -> None:
    async with open_house(generator=StingyGenerator(None)) as house:
        result = await call(house, "draw_image", **ORDER, samples=2)
    assert result["isError"] is True
    assert [link["type"] for link in result["content"][1:]] == ["resource_link"]
    assert result["content"][1]["uri"] in text(result)


class WithoutLinks(InMemoryImageStorage):
    async def link(self, key: str) -> str:
        raise StorageFault("away")


async def test_if_links_cannot_be_signed_the_generation_is_named() -> None:
    async with open_house(storage=WithoutLinks()) as house:
        result = await call(house, "draw_image", **ORDER)
        (listed,) = (await call(house, "list_generations"))["structuredContent"]["generations"]
    assert result["isError"] is True
    assert listed["id"] in text(result)
    assert "charged: yes" in text(result)


async def test_limits_hold_as_at_the_other_doors() -> None:
    async with open_house(images_per_day=1) as house:
        drawn = await call(house, "draw_image", **ORDER)
        refused = await call(house, "draw_image", **ORDER)
    assert (drawn["isError"], refused["isError"]) == (False, True)
    assert "Your own limit is reached" in text(refused)
    assert "Try again after" in text(refused)


class Patient(InMemoryImageGenerator):
    """Draws once `go` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        await self.go.wait()
        return await super().submit(request, key)


async def test_a_drawing_that_takes_too_long_continues_and_is_found_by_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "PATIENCE", 0.5)
    generator = Patient()
    async with open_house(generator=generator) as house:
        waiting = await call(house, "draw_image", **ORDER, key="mine")
        generation_id = waiting["structuredContent"]["id"]
        assert waiting["isError"] is False
        assert f"Not finished yet: generation {generation_id} is being drawn" in text(waiting)
        assert "is being drawn" in text(await call(house, "get_generation", id=generation_id))
        monkeypatch.setattr(drawing, "PATIENCE", 25)
        generator.go.set()
        found = await call(house, "get_generation", id=generation_id)
        again = await call(house, "draw_image", **ORDER, key="mine")
    assert found["structuredContent"]["state"] == "stored"
    assert again["structuredContent"] == found["structuredContent"]
    assert len(generator.asked) == 1


@pytest.mark.long
async def test_a_call_is_answered_before_agents_give_up() -> None:
    """Agents wait for 40 seconds."""
    generator = Patient()
    async with open_house(generator=generator) as house:
        began = time.monotonic()
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "draw_image"}}
        message["params"]["arguments"] = ORDER  # type: ignore[index]
        waiting = (await house.client.post("/mcp", json=message, timeout=60)).json()["result"]
        assert 24 < time.monotonic() - began < 40
        generator.go.set()
        found = await call(house, "get_generation", id=waiting["structuredContent"]["id"])
    assert (found["structuredContent"]["state"], len(generator.asked)) == ("stored", 1)


async def test_an_agent_that_gives_up_finds_its_image_later() -> None:
    generator = Patient()
    async with open_house(generator=generator) as house:
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "draw_image"}}
        message["params"]["arguments"] = ORDER  # type: ignore[index]
        with pytest.raises(httpx.ReadTimeout):
            await house.client.post("/mcp", json=message, timeout=0.3)
        generator.go.set()
        (listed,) = (await call(house, "list_generations"))["structuredContent"]["generations"]
        found = await call(house, "get_generation", id=listed["id"])
    assert (found["structuredContent"]["state"], len(generator.asked)) == ("stored", 1)


async def test_a_key_stands_for_the_order_at_every_door() -> None:
    generator = InMemoryImageGenerator()
    async with open_house(generator=generator) as house:
        drawn = await call(house, "draw_image", **ORDER, key="mine")
        there = await house.order({"Idempotency-Key": "mine"})
        reused = await call(house, "draw_image", **ORDER | {"prompt": "another"}, key="mine")
    assert there.json()[0]["id"] == drawn["structuredContent"]["images"][0]["id"]
    assert "idempotency key stands for another order" in text(reused)
    assert len(generator.asked) == 1


async def test_the_callers_own_generations_are_listed_page_by_page(house: House) -> None:
    ids = [(await call(house, "draw_image", **ORDER))["structuredContent"]["id"] for _ in range(3)]
    first = await call(house, "list_generations", limit=2)
    rest = await call(house, "list_generations", cursor=first["structuredContent"]["next_cursor"])
    listed = [one["id"] for page in (first, rest) for one in page["structuredContent"]["generations"]]
    assert listed == ids[::-1]
    assert rest["structuredContent"]["next_cursor"] is None
    named = await call(house, "list_generations", text="LIGHTHOUSE", state="stored", limit=1)
    assert [one["id"] for one in named["structuredContent"]["generations"]] == ids[-1:]
    assert (await call(house, "list_generations", text="fox"))["structuredContent"]["generations"] == []
    eve = bearer(sub="eve")
    assert (await call(house, "list_generations", eve))["structuredContent"]["generations"] == []
    foreign = await call(house, "get_generation", eve, id=ids[0])
    assert (foreign["isError"], "there is no such generation" in text(foreign)) == (True, True)


async def test_models_are_listed_with_their_limits() -> None:
    async with open_house(generator=InMemoryImageGenerator(KARLO_LIKE, WITHOUT_SEEDS)) as house:
        listed = await call(house, "list_models")
        at_the_api = (await house.client.get("/api/models")).json()
    by_name = sorted(at_the_api["models"], key=lambda model: str(model["version"]))
    assert listed["structuredContent"] == {"models": by_name, "next_cursor": None}
    assert "- listed: width x height" in text(listed)


@pytest.mark.parametrize(
    ("tool", "arguments", "named"),
    [
        ("get_generation", {}, "id is required"),
        ("get_generation", {"id": 7}, "id must be the id of a generation"),
        ("get_generation", {"id": "7", "x": 1}, "x is not an argument"),
        ("list_generations", {"limit": True}, "limit must be an integer from 1 to 50"),
        ("list_generations", {"limit": 51}, "limit must be"),
        ("list_generations", {"cursor": "x"}, "cursor must be"),
        ("list_generations", {"state": "gone", "version": 7, "text": ""}, "state must be received"),
        ("list_models", {"cursor": 1}, "cursor must be"),
    ],
)
async def test_wrong_arguments_are_named(house: House, tool: str, arguments: dict[str, Any], named: str) -> None:
    result = await call(house, tool, **arguments)
    assert (result["isError"], named in text(result)) == (True, True)


async def test_the_longest_results_are_within_the_limits_of_agents() -> None:
    """Claude Code accepts 25,000 tokens, Claude Desktop 1 MiB. A token is at least 3 bytes of these results."""

    class LongLinks(InMemoryImageStorage):
        async def link(self, key: str) -> str:
            return f"https://pictures.example/{key}?X-Amz-Security-Token={'x' * 1500}"

    long = "한국어 " * 60
    async with open_house(storage=LongLinks(), max_in_flight=60) as house:
        drawn = await call(house, "draw_image", **ORDER | {"prompt": long}, samples=8)
        await asyncio.gather(*(house.order(prompt=long) for _ in range(50)))
        listed = await call(house, "list_generations", limit=50)
        tools = await ask(house, "tools/list")
    for result in (drawn, listed, tools):
        assert len(json.dumps(result, ensure_ascii=False).encode()) < 75_000


async def test_without_a_token_the_answer_names_where_to_get_one() -> None:
    async with open_house(public_url="https://images.example/darkroom") as house:
        del house.client.headers["Authorization"]
        where = 'resource_metadata="https://images.example/darkroom/.well-known/oauth-protected-resource/mcp"'
        none = await send(house, {"jsonrpc": "2.0", "id": 1, "method": "ping"})
        bad = await send(house, {"jsonrpc": "2.0", "id": 1, "method": "ping"}, {"Authorization": "Bearer x"})
        got = [await house.client.get(path) for path in ("/mcp", "/mcp/")]
        named = (await house.client.get(METADATA)).json()
    assert (none.status_code, none.headers["www-authenticate"]) == (401, f"Bearer {where}")
    assert (bad.status_code, bad.headers["www-authenticate"]) == (401, f'Bearer error="invalid_token", {where}')
    assert [(answer.status_code, answer.headers["www-authenticate"]) for answer in got] == [
        (401, f"Bearer {where}")
    ] * 2
    assert named["resource"] == "https://images.example/darkroom/mcp"
    assert named["resource_documentation"] == "https://images.example/darkroom/docs"
    assert "authorization_servers" not in named


async def test_an_issuer_with_an_address_is_named() -> None:
    issuer = Issuer("https://id.example", ["images:read", "images:write"])
    async with open_house(public_url="https://images.example", issuer=issuer) as house:
        named = (await house.client.get(METADATA)).json()
    assert named["authorization_servers"] == ["https://id.example"]
    assert named["scopes_supported"] == ["images:read", "images:write"]
    assert named["resource"] == "https://images.example/mcp"


async def test_a_token_lists_and_calls_only_the_tools_of_its_scopes() -> None:
    rules = TokenRules(issuer="darkroom", audience="darkroom", scope_claims=("scope",))
    async with open_house(tokens=JwtTokenVerifier(OneKey(SECRET, "HS256"), rules, clock=now)) as house:
        may_look = bearer(scope="images:read")
        looked = (await ask(house, "tools/list", may_look))["result"]["tools"]
        params = {"name": "draw_image", "arguments": ORDER}
        denied = await send(house, {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}, may_look)
        drew = await call(house, "draw_image", bearer(scope="images:write"), **ORDER)
    assert "draw_image" not in {tool["name"] for tool in looked}
    assert denied.status_code == 403
    assert 'error="insufficient_scope", scope="images:write", resource_metadata=' in denied.headers["www-authenticate"]
    assert drew["isError"] is False


async def test_pages_of_other_origins_are_kept_out() -> None:
    """Against DNS rebinding: a browser names the origin of its page, even if that name now leads here."""
    async with open_house(
        public_url="https://images.example/darkroom", cors_origins=["https://agent.example"]
    ) as house:
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        for origin in ("https://evil.example", "null", "https://images.example:444", "https://agent.example.evil"):
            kept_out = await send(house, ping, {"Origin": origin})
            assert (kept_out.status_code, kept_out.json()["error"]["data"]["type"][-10:]) == (403, "/forbidden")
        for origin in ("https://images.example", "https://agent.example"):
            assert (await send(house, ping, {"Origin": origin})).status_code == 200


async def test_the_door_can_be_switched_off() -> None:
    async with open_house(mcp=False) as house:
        answers = [await send(house, {}), await house.client.get(METADATA)]
        document = (await house.client.get("/docs/openapi.json")).json()
    assert [answer.json()["type"] for answer in answers] == ["/problems/not-found"] * 2
    assert "/mcp" not in document["paths"]


async def test_an_internal_error_reveals_nothing() -> None:
    class Broken(InMemoryGenerationLedger):
        async def page(self, caller: str, *, limit: int, before: str | None = None) -> Sequence[Generation]:
            raise RuntimeError("secret")

    async with open_house(ledger=Broken()) as house:
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list_generations"}}
        answer = await send(house, message)
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, -32603)
    assert "secret" not in answer.text
