"""A token opens only what belongs to its caller, at every route. A new route is tested without a change here.

If a route takes a parameter that is not known here, add Ada's value for it to `Belongings`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.ledgers.postgres import open_postgres_ledger
from darkroom.adapters.ledgers.sqlite import open_sqlite_ledger
from darkroom.adapters.postgres.address import PostgresAddress
from darkroom.adapters.postgres.database import open_postgres_database
from darkroom.domain.model.identifiers import uuid7
from darkroom.domain.ports import GenerationLedger
from darkroom.entrypoints.http.auth.access import READ, WRITE
from darkroom.entrypoints.http.auth.keys import OneKey
from darkroom.entrypoints.http.auth.tokens import JwtTokenVerifier
from darkroom.entrypoints.http.contract.documentation import openapi
from integration.http.house import ORDER, RULES, SECRET, House, bearer, now, open_house
from integration.http.json_schema import Validator

ORDERS = {
    "/api/images": ORDER,
    "/v1/images/generations": {"model": "memory", "prompt": "a lighthouse in a storm", "size": "64x48"},
}
SCOPE_OF_EACH_TOOL = "/mcp"
"""The route at which the scope depends on the body; `test_mcp.py` tests it."""
KEY, PROMPT = "canary-key", "canary prompt"


def guarded(house: House) -> Iterator[tuple[str, str]]:
    """Path and method of every route that is not open to all."""
    for route in house.app.routes:
        for handler, _ in getattr(route, "route_handler_map", {}).values():
            if not handler.opt.get("open_to_all"):
                yield from ((route.path_format, method) for method in sorted(handler.http_methods - {"OPTIONS"}))


@dataclass(frozen=True)
class Belongings:
    """One of Ada's generations, and the values by which she finds it."""

    generation: dict[str, Any]

    def path(self, template: str) -> str:
        return template.format_map({"generation_id": self.generation["id"], "index": "0", "model_id": "memory"})

    def requests(
        self, method: str, template: str, parameters: Iterable[str], *, ordering: bool
    ) -> Iterator[dict[str, Any]]:
        """Bob's requests: plain ones, and ones with every value of Ada's, also in these parameters of the query."""
        known = {
            "limit": "100",
            "cursor": self.generation["id"],
            "by": "caller",
            "since": "2026-01-01",
            "format": "csv",
        }
        known |= {"state": "stored", "version": "memory", "text": PROMPT, "unfinished": "true"}
        by_name = {"Idempotency-Key": KEY, "Last-Event-ID": "0", "X-Request-ID": "ada"}
        for params in ({}, {name: known[name] for name in parameters}):
            for headers in ({}, by_name):
                request = {
                    "method": method,
                    "url": self.path(template),
                    "params": params,
                    "headers": bearer(sub="bob") | headers,
                }
                for body in self.bodies(template) if ordering else [None]:
                    yield request | ({"json": body} if body else {})

    def bodies(self, template: str) -> list[dict[str, Any]]:
        """The bodies to post there: an order, or each call of a tool that would read Ada's generations."""
        if template in ORDERS:
            return [ORDERS[template]]
        looks: dict[str, dict[str, Any]] = {"list_generations": {}, "get_generation": {"id": self.generation["id"]}}
        return [
            {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
            for name, arguments in looks.items()
        ]

    def shown_in(self, answer: httpx.Response) -> list[str]:
        """The values of Ada's that an answer reveals, apart from the path of the request."""
        text = f"{answer.headers!r} {answer.text}".replace(answer.request.url.path, "")
        images = [name for image in self.generation["images"] for name in (image["id"], image["image"])]
        return [canary for canary in (self.generation["id"], PROMPT, KEY, *images) if canary in text]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[GenerationLedger]:
    if request.param == "memory":
        yield InMemoryGenerationLedger()
    elif request.param == "sqlite":
        async with open_sqlite_ledger(tmp_path / "ledger", tmp_path / "workers", now) as opened:
            yield opened
    else:
        url = request.getfixturevalue("database_url")
        async with (
            open_postgres_database(PostgresAddress.parse(url)) as database,
            open_postgres_ledger(database, uuid7(), tmp_path) as shared,
        ):
            yield shared


async def test_no_caller_reads_or_changes_what_belongs_to_another(ledger: GenerationLedger) -> None:
    async with open_house(ledger=ledger) as house:
        drawn = await house.client.post("/api/images", json=ORDER, headers={"Idempotency-Key": KEY})
        await house.order(prompt=PROMPT)
        contract = openapi(house.services.cards)
        described = Validator(contract)
        generations = (await house.client.get("/api/generations")).json()["items"]
        for ada in (Belongings(generation) for generation in generations):
            address = f"/api/generations/{ada.generation['id']}"
            before = (await house.client.get(address)).json()["order"]
            for template, method in guarded(house):
                operation = contract["paths"][template][method.lower()]
                parameters = [described.resolve(parameter) for parameter in operation.get("parameters", [])]
                names = [one["name"] for one in parameters if one["in"] == "query"]
                for request in ada.requests(method, template, names, ordering="requestBody" in operation):
                    sent = await house.client.send(house.client.build_request(**request, timeout=10))
                    seen = f"{method} {sent.url}: {sent.text}"
                    assert ada.shown_in(sent) == [], seen
                    of_all = "by" in request["params"]  # Bob's token has no scope for that
                    expected = 403 if of_all else 404 if "{generation_id}" in template else 200
                    assert sent.status_code == expected, seen
            assert (await house.client.get(address)).json()["order"] == before
        again = await house.client.post("/api/images", json=ORDER, headers={"Idempotency-Key": KEY})
        assert again.headers["idempotency-replay"] == "true"
        assert again.json()[0]["id"] == drawn.json()[0]["id"]
        assert (await house.client.get("/api/usage")).json()["today"]["images"] == 2
        assert (await house.client.get("/api/generations")).json()["items"][1]["id"] == generations[1]["id"]


async def test_the_owners_answers_do_contain_the_values_that_others_must_not_see() -> None:
    async with open_house() as house:
        await house.client.post("/api/images", json=ORDER | {"prompt": PROMPT}, headers={"Idempotency-Key": KEY})
        (generation,) = (await house.client.get("/api/generations")).json()["items"]
        ada = Belongings(generation)
        for path in ("/api/generations", ada.path("/api/generations/{generation_id}")):
            assert len(ada.shown_in(await house.client.get(path))) >= 3, path


async def test_every_route_that_is_not_open_to_all_requires_a_token() -> None:
    async with open_house() as house:
        ada = Belongings({"id": uuid7(), "images": []})
        del house.client.headers["Authorization"]
        for template, method in guarded(house):
            answer = await house.client.request(method, ada.path(template))
            assert answer.status_code == 401, f"{method} {template}"
            assert answer.headers["www-authenticate"].startswith("Bearer"), f"{method} {template}"
        assert len([*guarded(house)]) >= 7


@pytest.mark.parametrize("scope", [READ, WRITE])
async def test_a_scope_opens_only_what_it_is_for(scope: str) -> None:
    verifier = JwtTokenVerifier(OneKey(SECRET, "HS256"), replace(RULES, scope_claims=("scope",)), clock=now)
    async with open_house(tokens=verifier) as house:
        ada = Belongings({"id": uuid7(), "images": []})
        for template, method in guarded(house):
            if template == SCOPE_OF_EACH_TOOL:
                continue
            needed = READ if method == "GET" else WRITE
            sent = await house.client.request(
                method, ada.path(template), headers=bearer(scope=f"openid {scope} images:admin images images:*")
            )
            if needed == scope:
                assert sent.status_code not in (401, 403), f"{method} {template}"
            else:
                error = sent.json().get("error") or sent.json()
                assert (sent.status_code, error["charged"]) == (403, "no"), f"{method} {template}"
                assert (error.get("code") or error["type"]).rpartition("/")[2] == "forbidden"
                assert sent.headers["www-authenticate"] == f'Bearer error="insufficient_scope", scope="{needed}"'
        assert (await house.client.get("/health/ready", headers=bearer())).status_code == 200
