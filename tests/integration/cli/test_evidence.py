"""`darkroom evidence` lists and shows answers that could not be used, and accepts one as the missing image."""

from __future__ import annotations

import asyncio

import pytest

from conformance.generations import received
from darkroom.adapters.in_memory.generator import tile
from darkroom.adapters.ledgers.sqlite import open_sqlite_ledger
from darkroom.domain.model.errors import UnusableImage
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.limits import Limits
from darkroom.entrypoints.container.clock import now
from integration.cli.command_line import CommandLine

IMAGE = tile(16, 16, 7)


@pytest.fixture
def unusable(shell: CommandLine) -> Generation:
    """A generation that was charged and ended without an image, with two pieces of evidence."""
    state = shell.folder / ".darkroom"

    async def write() -> Generation:
        async with open_sqlite_ledger(state / "ledger.sqlite", state / "ledger.sqlite-workers", now) as ledger:
            order = await ledger.receive(received(key="k"), Limits())
            await ledger.record(order.submitted())
            ended = order.submitted().failed(UnusableImage("mislabelled"), now())
            await ledger.record(ended)
            return ended

    generation = asyncio.run(write())
    evidence = state / "evidence"
    evidence.mkdir()
    (evidence / f"{generation.id}.aaaa").write_bytes(b"<html>")
    (evidence / f"{generation.id}.bbbb").write_bytes(IMAGE)
    return generation


def found(shell: CommandLine, generation: Generation) -> Generation:
    async def read() -> Generation | None:
        state = shell.folder / ".darkroom"
        async with open_sqlite_ledger(state / "ledger.sqlite", state / "ledger.sqlite-workers", now) as ledger:
            return await ledger.find(generation.id)

    kept = asyncio.run(read())
    assert kept
    return kept


def test_an_operator_can_accept_evidence_as_the_missing_image(shell: CommandLine, unusable: Generation) -> None:
    listed = shell.run("evidence", "list", unusable.id)
    lines = listed.stdout.splitlines()
    (index,) = [line.split()[1] for line in lines if "image/png, 16 x 16" in line]
    other = "1" if index == "0" else "0"

    refused = shell.run("evidence", "accept", unusable.id, other)
    accepted = shell.run("evidence", "accept", unusable.id, index)
    again = shell.run("evidence", "accept", unusable.id, index)

    assert len(lines) == 2
    assert (refused.status, "cannot have it" in refused.stderr) == (1, True)
    assert accepted.status == 0, accepted.stderr
    assert "is stored now" in accepted.stdout
    assert (again.status, "cannot have it" in again.stderr) == (1, True)
    generation = found(shell, unusable)
    assert (generation.state, generation.key and generation.key.value) == (State.STORED, "k")
    assert [path.read_bytes() for path in (shell.folder / ".darkroom/images").rglob("*.png")] == [IMAGE]
    assert "operator" in (generation.lifted or "")


def test_a_missing_piece_is_named(shell: CommandLine, unusable: Generation) -> None:
    missing = shell.run("evidence", "show", unusable.id, "7")

    assert (missing.status, f"there is no piece 7 of {unusable.id}" in missing.stderr) == (1, True)
