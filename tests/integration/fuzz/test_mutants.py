"""Mutated requests: each gets a proper answer, none causes a server error, and a refused one costs nothing.

A finding names its mutant: `FUZZ=SERIES:NUMBER make fuzz` sends only that one.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

import jwt
import pytest

from integration.cli.command_line import CommandLine
from integration.fuzz.attack import Findings, attack
from integration.fuzz.mutants import mutant
from servers.darkroom import Darkroom
from simulators.process import SimulatorProcess, simulator_process

SECRET: Final = "known to the one who signs the tokens of this test"
API_KEY: Final = "known-to-the-provider"


class Attack(Protocol):
    """Sends the mutants with these numbers, and checks every answer and every charge."""

    async def __call__(self, series: str, numbers: range) -> Findings: ...


@pytest.fixture
def provider() -> Iterator[SimulatorProcess]:
    arguments = ("--api-key", API_KEY, "--images-per-minute", "0", "--seconds-per-image", "0")
    with simulator_process("karlo", *arguments) as running:
        yield running


@pytest.fixture
def darkroom(tmp_path: Path, provider: SimulatorProcess) -> Iterator[Darkroom]:
    with CommandLine(tmp_path) as shell:
        yield shell.serve(
            DARKROOM_GENERATORS="karlo",
            DARKROOM_KARLO_BASE_URL=provider.base_url,
            DARKROOM_KARLO_API_KEY=API_KEY,
            DARKROOM_KARLO_RETURN_TYPE="base64_string",
            DARKROOM_JWT_SECRET=SECRET,
            DARKROOM_LOG_LEVEL="warning",
        )


@pytest.fixture
def attacked(darkroom: Darkroom, provider: SimulatorProcess) -> Attack:
    async def send(series: str, numbers: range) -> Findings:
        now = int(time.time())
        claims = {"sub": "mallory", "iss": "darkroom", "aud": "darkroom", "iat": now, "exp": now + 86_400}
        authorization = f"Bearer {jwt.encode(claims, SECRET, algorithm='HS256')}"
        found = await attack(darkroom.port, (mutant(series, number, authorization) for number in numbers))
        assert found.wrong == []
        assert '"level": "error"' not in darkroom.stderr, darkroom.stderr
        darkroom.terminate()  # which finishes the promised orders
        assert await asyncio.to_thread(darkroom.wait, 60) == 0
        assert provider.charges()["received_calls"] == found.drawn
        return found

    return send


async def test_no_mutant_causes_a_server_error_and_a_refused_one_costs_nothing(attacked: Attack) -> None:
    found = await attacked("short", range(1500))
    assert found.drawn > 0
    assert {200, 400, 401, 404, 405, 413, 415, 431} <= found.statuses.keys()


async def test_no_mutated_mcp_message_causes_a_server_error(attacked: Attack) -> None:
    found = await attacked("short-mcp", range(300))
    assert found.drawn > 0
    assert {200, 400, 401, 413, 415} <= found.statuses.keys()


async def test_no_mutated_images_api_request_causes_a_server_error(attacked: Attack) -> None:
    found = await attacked("short-v1", range(300))
    assert found.drawn > 0
    assert {200, 400, 401, 404, 413, 415} <= found.statuses.keys()


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("kind", ["long", "long-mcp", "long-v1"])
async def test_none_of_many_mutants_causes_a_server_error(
    attacked: Attack, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    series, _, number = os.environ.get("FUZZ", kind).partition(":")
    found = await attacked(
        series, range(int(number), int(number) + 1) if number else range(100_000 if kind == "long" else 20_000)
    )
    told = f"{found.statuses.total()} mutants of series {series}, {found.drawn} drawn: {sorted(found.statuses.items())}"
    with capsys.disabled():
        sys.stdout.write(f"\n{told}\n")
