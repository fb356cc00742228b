"""`darkroom recover` lists unfinished generations, and gives up those whose spool is lost."""

from __future__ import annotations

import asyncio
import json

import pytest

from conformance.generations import drawn, received
from darkroom.adapters.ledgers.sqlite import open_sqlite_ledger
from darkroom.domain.model.generation import Generation
from darkroom.domain.model.limits import Limits
from darkroom.entrypoints.container.clock import now
from integration.cli.command_line import CommandLine


@pytest.fixture
def left(shell: CommandLine) -> tuple[Generation, Generation]:
    """Two generations that a dead process left: one was received; the other one was drawn, and its spool is missing."""
    state = shell.folder / ".darkroom"

    async def write() -> tuple[Generation, Generation]:
        async with open_sqlite_ledger(state / "ledger.sqlite", state / "ledger.sqlite-workers", now) as ledger:
            bare = await ledger.receive(received(), Limits())
            waiting = await ledger.receive(received(key="k", samples=2), Limits())
            for revision in drawn(waiting):
                await ledger.record(revision)
            return bare, waiting

    return asyncio.run(write())


@pytest.mark.thorough
def test_unfinished_generations_are_listed_and_a_lost_spool_is_given_up(
    shell: CommandLine, left: tuple[Generation, Generation]
) -> None:
    bare, waiting = left

    listed = shell.run("recover", "--json")
    refused = shell.run("recover", "--lost-spool", "elsewhere")
    given_up = shell.run("recover", "--lost-spool", "local")
    after = shell.run("recover")

    assert listed.status == 1, listed.stderr
    shown = {one["id"]: (one["state"], one["out_of_reach"], one["spool"]) for one in json.loads(listed.stdout)}
    assert shown == {bare.id: ("received", [], None), waiting.id: ("drawn", [0, 1], "local")}
    assert (refused.status, refused.stdout) == (1, "")
    assert "no image that is out of reach waits in elsewhere" in refused.stderr
    assert given_up.status == 0, given_up.stderr
    assert given_up.stdout == f"{waiting.id} is unusable now, with 0 of its images stored\n"
    assert after.status == 0
    assert after.stdout.splitlines() == [
        f"{bare.id}  {bare.created_at:%Y-%m-%d %H:%M:%S} UTC  received  nothing to do: a running service will finish it"
    ]
