"""`python -m integration.tokens.corpus`: try every forged token, and print how many were accepted or caused errors."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from darkroom.entrypoints.http.auth.keys import OneKey
from darkroom.entrypoints.http.auth.tokens import JwtTokenVerifier, TokenVerifier
from integration.http.house import RULES, House, now, open_house
from integration.http.token_corpus import ADDRESSES, KEYS, Issuer, forgeries
from integration.tokens.issuer import Clock, published
from integration.tokens.key_set_corpus import PUBLISHED, key_set, key_set_forgeries
from integration.tokens.key_set_corpus import published as public_key
from simulators.key_server import KeyServer

INVALID = 'Bearer error="invalid_token"'


@dataclass(frozen=True)
class Tried:
    """The results of forgeries, by name: those accepted, those that caused server errors, those with another answer."""

    kinds: int
    accepted: list[str]
    faults: list[str]
    odd: list[str]

    def __str__(self) -> str:
        return f"{self.kinds} kinds, {len(self.accepted)} accepted, {len(self.faults)} answers of 5xx"


Ask = Callable[[House, dict[bytes, bytes]], Awaitable[httpx.Response]]
"""Makes a request with these headers."""


async def at_the_api(house: House, headers: dict[bytes, bytes]) -> httpx.Response:
    return await house.client.get("/api/models", headers=headers)


async def at_mcp(house: House, headers: dict[bytes, bytes]) -> httpx.Response:
    params = {"name": "list_models", "arguments": {}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    return await house.client.post("/mcp", json=message, headers=headers)


async def at_v1(house: House, headers: dict[bytes, bytes]) -> httpx.Response:
    asked = {"model": "memory", "prompt": "a fox", "size": "64x64"}
    return await house.client.post("/v1/images/generations", json=asked, headers=headers)


async def tried(verifier: TokenVerifier, good: str, corpus: Iterable[tuple[str, str]], ask: Ask = at_the_api) -> Tried:
    """Send each forgery to the service; a good token must be accepted before and after."""
    answers: dict[str, tuple[int, str]] = {}
    async with open_house(tokens=verifier) as house:

        async def sent(token: str) -> tuple[int, str]:
            headers = {b"Authorization": f"Bearer {token}".strip().encode("latin-1")}
            answer = await ask(house, headers)
            challenge, _, _ = answer.headers.get("www-authenticate", "").partition(", resource_metadata=")
            return answer.status_code, challenge

        assert (await sent(good))[0] == 200
        for name, token in corpus:
            assert name not in answers
            answers[name] = await sent(token)
        assert (await sent(good))[0] == 200
    return Tried(
        kinds=len(answers),
        accepted=[name for name, (status, _) in answers.items() if status < 400],
        faults=[name for name, (status, _) in answers.items() if status >= 500],
        odd=[name for name, answer in answers.items() if answer != (401, INVALID)],
    )


async def tried_with_one_key(algorithm: str, ask: Ask = at_the_api) -> Tried:
    """Try all forgeries against the one key that an operator has set."""
    issuer = Issuer(algorithm)
    verifier = JwtTokenVerifier(OneKey(issuer.verification_key, algorithm), RULES, clock=now)
    return await tried(verifier, issuer.token(), forgeries(issuer), ask)


@asynccontextmanager
async def a_trap() -> AsyncIterator[KeyServer]:
    """A server at which a forger publishes its own keys; the service must not ask for them."""
    keys = [
        public_key(algorithm, forged=True) | {"kid": kid} for algorithm in PUBLISHED for kid in (algorithm, "forger")
    ]
    async with KeyServer(keys) as trap:
        yield trap
        assert trap.asked == []


async def tried_with_a_key_set(algorithm: str) -> Tried:
    """Try all forgeries against keys that an issuer publishes, and that are fetched at most twice."""
    issuer = Issuer(algorithm)
    async with KeyServer(key_set()) as server, a_trap() as trap, published(server, Clock()) as keys:
        corpus = [*forgeries(issuer), *key_set_forgeries(issuer, trap.issuer)]
        verifier = JwtTokenVerifier(keys, RULES, clock=now)
        # Addresses in a genuine token are ignored: it is accepted because of the issuer's key.
        addresses = dict.fromkeys(ADDRESSES, f"{trap.issuer}/keys")
        found = await tried(verifier, issuer.token({"kid": algorithm} | addresses), corpus)
        assert len(server.asked) <= 2
        return found


async def _main() -> bool:
    everything = [
        *[(f"{algorithm}, one key", tried_with_one_key(algorithm)) for algorithm in KEYS],
        ("HS256, at /mcp", tried_with_one_key("HS256", at_mcp)),
        ("HS256, at /v1", tried_with_one_key("HS256", at_v1)),
        *[(f"{algorithm}, a key set", tried_with_a_key_set(algorithm)) for algorithm in PUBLISHED],
    ]
    whole = Tried(0, [], [], [])
    for name, trial in everything:
        found = await trial
        sys.stdout.write(f"{name:18} {found}\n")
        whole = Tried(
            whole.kinds + found.kinds,
            whole.accepted + found.accepted,
            whole.faults + found.faults,
            whole.odd + found.odd,
        )
    sys.stdout.write(
        f"{'all tokens':18} {whole.kinds}, {len(whole.accepted)} accepted, {len(whole.faults)} answers of 5xx\n"
    )
    return not whole.odd


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    sys.exit(0 if asyncio.run(_main()) else 1)
