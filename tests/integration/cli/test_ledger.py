"""A ledger that was lost is not taken for a new one."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration.cli.command_line import CommandLine


@pytest.fixture
def data(shell: CommandLine) -> Path:
    """The data folder of a service that kept an image."""
    data = shell.folder / ".darkroom"
    (data / "images" / "2026").mkdir(parents=True)
    (data / "images" / "2026" / "kept.png").write_bytes(b"an image")
    return data


@pytest.mark.parametrize("ledger", ["missing", "empty"])
def test_without_its_ledger_the_service_does_not_start_beside_images(
    shell: CommandLine, data: Path, ledger: str
) -> None:
    if ledger == "empty":
        (data / "ledger.sqlite").touch()

    ended = shell.run("serve", DARKROOM_PORT="0")

    assert ended.status == 2
    (line,) = ended.stderr.splitlines()
    assert f"there is no ledger at {data / 'ledger.sqlite'}, or an empty one, beside {data / 'images'}" in line
    assert "`darkroom ledger new`" in line
    assert not (data / "ledger.sqlite").exists() or not (data / "ledger.sqlite").stat().st_size


def test_a_spool_counts_like_images(shell: CommandLine) -> None:
    spool = shell.folder / ".darkroom" / "spool"
    spool.mkdir(parents=True)
    (spool / "waits").write_bytes(b"an image")

    assert "beside" in shell.run("check").stdout


def test_a_new_one_can_be_meant(shell: CommandLine, data: Path) -> None:
    (data / "ledger.sqlite").touch()

    made, again = shell.run("ledger", "new"), shell.run("ledger", "new")

    assert (made.status, made.stdout) == (0, f"a new ledger lies at {data / 'ledger.sqlite'}\n")
    assert (again.status, again.stderr) == (2, f"darkroom: there is a ledger at {data / 'ledger.sqlite'} already\n")
    shell.serve()


def test_one_in_postgres_is_made_by_the_first_start(shell: CommandLine) -> None:
    ended = shell.run("ledger", "new", DARKROOM_LEDGER_URL="postgresql://host/db")

    assert ended.status == 2
    assert "made by the first start" in ended.stderr
