"""OpenAI's SDK for Node, the AI SDK and LangChain's wrapper draw images and report each problem as a sentence.

`make test-peers` installs LangChain; the others come from the npm registry. `make test` runs OpenAI's SDK only.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from darkroom.adapters.in_memory.generator import WIDEST_CARD, InMemoryImageGenerator
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import (
    Charged,
    GeneratorRefused,
    GeneratorUnavailable,
    OutcomeUnknown,
    PromptRejected,
    StorageFault,
    UnusableImage,
)
from darkroom.domain.model.generation import StoredImage
from darkroom.domain.model.image_file import ImageFile
from darkroom.domain.model.money import Money
from darkroom.entrypoints.http.auth.access import Access
from darkroom.entrypoints.http.auth.claims import TokenRules
from darkroom.entrypoints.http.auth.keys import OneKey
from darkroom.entrypoints.http.auth.tokens import JwtTokenVerifier, TokenVerifier
from darkroom.entrypoints.http.errors import KeysUnavailable
from integration.clients.conftest import Service
from integration.clients.upstream import MAY_BE_PAID, upstream
from integration.http.generators import FailingGenerator
from integration.http.house import SECRET, House, bearer, now, open_house, token
from servers.node import NODE, installed
from servers.parts import PartMissing

HERE: Final = Path(__file__).parent
PYTHON: Final = HERE.parents[2] / ".bench-peers" / "langchain" / "bin" / "python"
ASKED: Final = {"model": "memory", "prompt": "a fox", "size": "64x64", "n": 1}

pytestmark = pytest.mark.timeout(300)
long: Final = pytest.mark.long

Json = dict[str, Any]
Client = Sequence[str | Path]


@pytest.fixture(scope="module")
def node_clients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(HERE / "images_api", tmp_path_factory.mktemp("node") / "clients")


@pytest.fixture(params=["openai", pytest.param("ai", marks=long), pytest.param("langchain", marks=long)])
def client(request: pytest.FixtureRequest) -> Client:
    """The command that runs a client; the orders are its last argument."""
    if request.param != "langchain":
        folder: Path = request.getfixturevalue("node_clients")
        return [NODE, folder / "draw.mjs", request.param]
    if not PYTHON.exists():
        raise PartMissing("langchain-community", "`make test-peers` installs it")
    return [PYTHON, HERE / "langchain_dalle.py", "-"]


async def drawn(client: Client, *orders: Json) -> list[Json]:
    """Place the orders one after the other with a client; return what it reports."""
    running = await asyncio.create_subprocess_exec(
        *client, json.dumps(orders), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await running.communicate()
    assert running.returncode == 0, err.decode()
    told: list[Json] = json.loads(out)
    return told


def at(house: House, **changes: Any) -> Json:  # noqa: ANN401  # what JSON holds
    return {"base_url": f"http://127.0.0.1:{house.port}/v1", "api_key": token(), **ASKED, **changes}


async def test_an_image_is_drawn_and_opened(client: Client, service: Service) -> None:
    order = ASKED | {"model": "sketch", "size": "96x64", "n": 2}
    (told,) = await drawn(client, order | {"base_url": f"{service.url}/v1", "api_key": service.token})
    assert "failed" not in told, told
    assert len(told["images"]) == 2
    for image in told["images"]:
        data = base64.b64decode(image.get("b64_json") or "")
        if not data:
            async with httpx.AsyncClient(trust_env=False) as http:
                data = (await http.get(image["url"])).content
        file = ImageFile.inspect(data)
        assert (file.width, file.height) == (96, 64)


class Unreadable(InMemoryImageStorage):
    """Stores images, but returns neither them nor links to them."""

    async def link(self, key: str) -> str:
        raise StorageFault("away")

    async def get(self, image: StoredImage) -> bytes:
        raise StorageFault("away")


class WithoutKeys(TokenVerifier):
    async def verify(self, token: str) -> Access:
        raise KeysUnavailable("tokens cannot be verified now")


FAILURES: Final = (
    GeneratorRefused("the provider does not know our key"),
    GeneratorUnavailable("the provider is closed for maintenance"),
    PromptRejected("no such words here"),
    PromptRejected("no such image here", charged=Charged.YES),
    OutcomeUnknown("the call was cut off"),
    UnusableImage("the provider sent half an image"),
)


@asynccontextmanager
async def problems() -> AsyncIterator[list[tuple[str, Json]]]:
    """Pairs of a problem's sentence and an order that causes this problem."""
    by_scope = JwtTokenVerifier(
        OneKey(SECRET, "HS256"),
        TokenRules(issuer="darkroom", audience="darkroom", scope_claims=("scope",)),
        clock=now,
    )
    priced = InMemoryImageGenerator(replace(WIDEST_CARD, price=Money.parse("1 USD")))
    async with AsyncExitStack() as open_ones:

        async def house(**parts: Any) -> House:  # noqa: ANN401  # as `open_house` takes them
            return await open_ones.enter_async_context(open_house(**parts))

        plain = await house()
        assert (await plain.order({"Idempotency-Key": "taken"})).status_code == 200
        assert (await plain.order({"Idempotency-Key": "gone"}, prompt="a fox", height=64, samples=1)).status_code == 200
        (gone, _) = (await plain.client.get("/api/generations")).json()["items"]
        assert (await plain.client.delete(f"/api/generations/{gone['id']}")).status_code == 204
        yield [
            ("quality is not honoured here", at(plain, extra={"quality": "hd"})),
            ("model must be one of memory", at(plain, model="dall-e-9")),
            ("the body must be at most", at(plain, prompt="x" * 70_000)),
            ("the token is refused", at(plain, api_key="none")),
            ("stands for another order", at(plain, headers={"Idempotency-Key": "taken"})),
            ("were deleted", at(plain, headers={"Idempotency-Key": "gone"})),
            (
                "lacks the scope images:write",
                at(await house(tokens=by_scope), api_key=bearer(scope="images:read")["Authorization"][7:]),
            ),
            ("tokens cannot be verified now", at(await house(tokens=WithoutKeys()))),
            ("more than your limit of 0 images", at(await house(images_per_day=0))),
            (
                "costs more than the service may spend",
                at(await house(generator=priced, spend_per_day=Money.parse("0.5 USD"))),
            ),
            ("too many generations are running and waiting", at(await house(max_in_flight=0, max_queued=0))),
            ("links to them cannot be made now", at(await house(storage=Unreadable()))),
            ("had an internal error", at(await house(generator=FailingGenerator(RuntimeError("a secret"))))),
            *[(failure.detail, at(await house(generator=FailingGenerator(failure)))) for failure in FAILURES],
        ]


@long
async def test_each_problem_arrives_as_a_sentence_in_the_client_s_own_exception(client: Client) -> None:
    async with problems() as expected:
        told = await drawn(client, *(order for _, order in expected))
    unsaid = [
        (sentence, outcome)
        for (sentence, _), outcome in zip(expected, told, strict=True)
        if "Error" not in outcome.get("failed", "") or sentence not in outcome["said"] or "secret" in outcome["said"]
    ]
    assert unsaid == []


@long
@pytest.mark.parametrize("fault", MAY_BE_PAID)
async def test_retries_after_an_unknown_outcome_are_paid_once_and_end_in_an_error(client: Client, fault: str) -> None:
    """Each client uses its default retries."""
    async with upstream() as (house, provider):
        provider.faults.set(fault)
        (told,) = await drawn(client, at(house, model="flux-dev", patient=True))
        (listed,) = (await house.client.get("/api/generations")).json()["items"]
    assert (provider.charged_calls, len(provider.calls)) == (1, 1)
    assert "Error" in told["failed"]
    assert listed["problem"]["detail"] in told["said"]
    assert listed["problem"]["charged"] == "unknown"


@long
async def test_a_call_that_takes_longer_than_its_timeout_is_paid_once(client: Client) -> None:
    """The client repeats the call and receives the images of the first one."""
    async with upstream(seconds_per_image=3.0) as (house, provider):
        (told,) = await drawn(client, at(house, model="flux-dev", patient=True, seconds=2.0))
        shown = (await house.client.get("/api/generations")).json()["items"]
    assert (len(told.get("images", ())), provider.charged_calls, len(shown)) == (1, 1, 1), told
