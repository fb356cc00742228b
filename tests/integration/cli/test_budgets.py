"""Callers with budgets, at several services that share a ledger."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx
import pytest

from integration.cli.command_line import CommandLine
from servers.darkroom import Darkroom

ORDER = {"version": "sketch", "prompt": "a lighthouse", "width": 64, "height": 64}


@pytest.mark.long
@pytest.mark.postgres
async def test_two_services_on_postgres_hold_each_caller_to_its_limit_exactly(
    shell: CommandLine, database_url: str
) -> None:
    settings = {
        "DARKROOM_JWT_SECRET": "s" * 32,
        "DARKROOM_LEDGER_URL": database_url,
        "DARKROOM_PRICES": "sketch=0.01 USD",
        "DARKROOM_MAX_QUEUED": "1000",
    }
    limits = {
        "ada": ("--images-per-day", "7"),
        "babbage": ("--spend-per-day", "0.05 USD"),
        "grace": ("--images-per-day", "9", "--spend-per-day", "0.03 USD", "--model", "sketch"),
        "hopper": ("--model", "another"),
    }
    tokens = {
        caller: shell.run("token", "--subject", caller, *options, **settings).stdout.strip()
        for caller, options in limits.items()
    }
    services = [await asyncio.to_thread(lambda: shell.serve(**settings)) for _ in range(2)]

    async def order(number: int, http: httpx.AsyncClient) -> tuple[str, int]:
        caller, service = [*tokens][number % 4], services[number // 4 % 2]
        headers = {"Authorization": f"Bearer {tokens[caller]}", "Prefer": "respond-async"}
        answer = await http.post(f"{_address(service)}/api/images", json=ORDER, headers=headers)
        return caller, answer.status_code

    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        answers = Counter(await asyncio.gather(*(order(number, http) for number in range(200))))
        usage = {
            caller: (
                await http.get(f"{_address(services[0])}/api/usage", headers={"Authorization": f"Bearer {token}"})
            ).json()
            for caller, token in tokens.items()
        }
    assert answers == {
        ("ada", 202): 7,
        ("ada", 429): 43,
        ("babbage", 202): 5,
        ("babbage", 429): 45,
        ("grace", 202): 3,
        ("grace", 429): 47,
        ("hopper", 403): 50,
    }
    nothing = {"amount": "0", "currency": "USD"}
    assert {caller: shown["left"] for caller, shown in usage.items()} == {
        "ada": {"images": 0, "spend": None},
        "babbage": {"images": None, "spend": nothing},
        "grace": {"images": 6, "spend": nothing},
        "hopper": {"images": None, "spend": None},
    }


def _address(service: Darkroom) -> str:
    return f"http://127.0.0.1:{service.port}"
