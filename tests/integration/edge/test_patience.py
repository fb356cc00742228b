"""No client can hold a connection for ever, and no other client waits for one that tries."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from integration.cli.command_line import CommandLine
from integration.edge.patience import SLOW, cut_off, served_meanwhile


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_slow_clients_are_cut_off_and_others_are_served(tmp_path: Path) -> None:
    with CommandLine(tmp_path) as shell:
        darkroom = await asyncio.to_thread(shell.serve, DARKROOM_LOG_LEVEL="warning", DARKROOM_KEEP_ALIVE="20")
        token = (await asyncio.to_thread(shell.run, "token")).stdout.strip()
        held = asyncio.gather(*(cut_off(darkroom.port, token, kind) for kind in SLOW))
        asked, answered = await served_meanwhile(darkroom.port, held)
    assert {one.name: one.statuses for one in await held} == {
        "nothing is sent": {"408"},
        "a head that does not end": {"408"},
        "a head, a byte a second": {"408"},
        "a body that does not come": {"408"},
        "a body, a byte a second": {"408"},
        "a connection kept and not used": {"200 408"},
    }
    assert answered == asked > 0
