"""A service whose ledger is lost does not start with a new one."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from integration.cli.command_line import CommandLine


@pytest.fixture
def data(shell: CommandLine) -> Path:
    """The data folder of a service that kept an image."""
    data = shell.folder / ".darkroom"
    (data / "images" / "2026").mkdir(parents=True)
    (data / "images" / "2026" / "kept.png").write_bytes(b"an image")
    return data


def _zero_bytes(data: Path) -> None:
    (data / "ledger.sqlite").touch()


def _without_its_log(data: Path) -> None:
    """A copy of a new ledger without its write-ahead log, which still holds all of its contents."""
    with closing(sqlite3.connect(data / "ledger.sqlite")) as ledger:
        ledger.execute("PRAGMA journal_mode = WAL")


def _nothing(data: Path) -> None:
    assert not (data / "ledger.sqlite").exists()


@pytest.mark.parametrize("begun", [_nothing, _zero_bytes, _without_its_log])
def test_the_service_does_not_start_if_there_are_images_and_no_ledger(
    shell: CommandLine, data: Path, begun: Callable[[Path], None]
) -> None:
    begun(data)
    ledger = data / "ledger.sqlite"
    before = ledger.exists() and ledger.read_bytes()

    ended = shell.run("serve", DARKROOM_PORT="0")

    assert ended.status == 2
    (line,) = ended.stderr.splitlines()
    assert f"there is no ledger at {data / 'ledger.sqlite'}, or an empty one, beside {data / 'images'}" in line
    assert "`darkroom ledger new`" in line
    assert (ledger.exists() and ledger.read_bytes()) == before
    assert shell.run("ledger", "new").status == 0


def test_dots_in_the_path_of_the_ledger_are_resolved(shell: CommandLine, data: Path) -> None:
    ended = shell.run("check", DARKROOM_LEDGER_URL=f"sqlite:{data}/../{data.name}/ledger.sqlite")

    assert f"beside {data / 'images'}" in ended.stdout + ended.stderr


@pytest.mark.parametrize("folder", [".darkroom", "elsewhere"])
def test_a_write_ahead_log_without_its_ledger_stops_the_start_and_is_kept(shell: CommandLine, folder: str) -> None:
    place = shell.folder / folder
    place.mkdir()
    log = place / "ledger.sqlite-wal"
    log.write_bytes(b"orders")

    ended = shell.run("serve", DARKROOM_PORT="0", DARKROOM_LEDGER_URL=f"sqlite:{place / 'ledger.sqlite'}")

    assert (ended.status, ended.stderr.count("\n")) == (2, 1), ended.stderr
    assert f"beside its write-ahead log {log}" in ended.stderr
    assert log.read_bytes() == b"orders"


@pytest.mark.parametrize("folders", [["spool"], ["images", "spool"]])
def test_images_in_the_spool_count_too(shell: CommandLine, folders: list[str]) -> None:
    data = shell.folder / ".darkroom"
    for folder in folders:
        (data / folder).mkdir(parents=True)
    (data / "spool" / "waits").write_bytes(b"an image")

    assert f"beside {data / 'spool'}" in shell.run("check").stdout


@pytest.mark.parametrize(
    "gone",
    [
        "ledger.sqlite",
        pytest.param("ledger.sqlite-wal", marks=pytest.mark.long),
        pytest.param("ledger.sqlite-shm", marks=pytest.mark.long),
        pytest.param("", marks=pytest.mark.long),
    ],
    ids=["file", "wal", "shm", "folder"],
)
def test_orders_are_refused_while_the_ledger_of_a_running_service_is_missing(shell: CommandLine, gone: str) -> None:
    darkroom = shell.serve()
    headers = {"Authorization": f"Bearer {shell.run('token').stdout.strip()}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{darkroom.port}", headers=headers, timeout=30) as client:

        def order(key: str | None) -> httpx.Response:
            body = {"version": "sketch", "prompt": "a fox", "width": 64, "height": 64}
            return client.post("/api/images", json=body, headers={"Idempotency-Key": key} if key else {})

        def until_ready_is(status: int) -> None:
            deadline = time.monotonic() + 20
            while client.get("/health/ready").status_code != status:
                assert time.monotonic() < deadline, f"/health/ready did not answer {status} within 20 s"
                time.sleep(0.1)

        drawn = order("a key")
        assert drawn.status_code == 200
        path, aside = shell.folder / ".darkroom" / gone, shell.folder / "aside"
        path.rename(aside)
        refused = order(None)
        assert (refused.status_code, refused.json()["charged"]) == (503, "no")
        assert order("a key").status_code == 503
        until_ready_is(503)
        darkroom.wait_for("was removed or replaced under the running service", stream="stderr")

        aside.rename(path)
        until_ready_is(200)
        again = order("a key")
        assert (again.status_code, again.headers["idempotency-replay"]) == (200, "true")
        assert [image["id"] for image in again.json()] == [image["id"] for image in drawn.json()]


def test_ledger_new_makes_a_new_ledger_once(shell: CommandLine, data: Path) -> None:
    (data / "ledger.sqlite").touch()

    made, again = shell.run("ledger", "new"), shell.run("ledger", "new")

    assert (made.status, made.stdout) == (0, f"a new ledger was made at {data / 'ledger.sqlite'}\n")
    assert (again.status, again.stderr) == (2, f"darkroom: there already is a ledger at {data / 'ledger.sqlite'}\n")
    shell.serve()


def test_ledger_new_is_refused_for_postgres(shell: CommandLine) -> None:
    ended = shell.run("ledger", "new", DARKROOM_LEDGER_URL="postgresql://host/db")

    assert ended.status == 2
    assert "made by the first start" in ended.stderr
