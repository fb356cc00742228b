"""A forked command behaves as the installed program does."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from servers.darkroom import Command, Darkroom
from servers.process import ProgramFailed

Starts = Callable[..., Command]


@pytest.fixture(params=[False, True], ids=["forked", "installed"])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Starts:
    def started(*arguments: str, **settings: str) -> Command:
        return Command(*arguments, folder=tmp_path, settings=settings, installed=request.param)

    return started


def test_it_has_its_own_streams_and_exit_status(start: Starts) -> None:
    with start("--version") as works, start("nonsense") as fails:
        assert (works.wait(), works.stderr) == (0, "")
        assert works.stdout.startswith("darkroom ")
        assert (fails.wait(), fails.stdout) == (2, "")
        assert "nonsense" in fails.stderr


def test_it_has_the_settings_and_the_folder_it_was_given(start: Starts, tmp_path: Path) -> None:
    with start("token", "--ttl", "1m", DARKROOM_DATA_DIR="kept") as command:
        assert command.wait() == 0
    assert (tmp_path / "kept" / "jwt-secret").exists()
    with start("check", DARKROOM_PORT="x") as command:
        assert command.wait() == 2
        assert "DARKROOM_PORT" in command.stderr
    assert "DARKROOM_PORT" not in os.environ


@pytest.mark.parametrize("installed", [False, True], ids=["forked", "installed"])
def test_it_ends_by_signals_with_its_whole_group(tmp_path: Path, installed: bool) -> None:  # a parameter of the test
    with Darkroom(tmp_path, {"DARKROOM_WORKERS": "2"}, installed=installed) as stopped:
        stopped.wait_until_ready()
        with pytest.raises(ProgramFailed, match="is still running"):
            stopped.wait(0.01)
        stopped.terminate()
        assert stopped.wait() == 0
        assert not stopped.running
    with Darkroom(tmp_path, {"DARKROOM_WORKERS": "2"}, installed=installed) as killed:
        killed.wait_until_ready()
        killed.kill()
        assert killed.wait() == -signal.SIGKILL
        group = ["ps", "-e", "-o", "pgid=,stat="]
        listed = subprocess.run(group, capture_output=True, text=True, check=True).stdout.splitlines()
        alive = [line for line in listed if line.split()[0] == str(killed.pid) and not line.split()[1].startswith("Z")]
        assert alive == []
