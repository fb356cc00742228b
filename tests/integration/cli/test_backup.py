"""`darkroom backup`, `restore` and `ledger upgrade` succeed completely or change nothing."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from darkroom.entrypoints.cli import main
from integration.cli.command_line import CommandLine, Ended
from servers.darkroom import INSTALLED
from servers.process import Process

WRITTEN_BEFORE = Path(__file__).parents[1] / "ledgers" / "written_before" / "release_0.sql"
SECRET = "a secret of the machine's own, long enough to sign with"


class Here:
    """Runs commands in this process, which is faster than starting others; `folder` is the working folder."""

    def __init__(self, folder: Path, printed: pytest.CaptureFixture[str]) -> None:
        self.folder, self._printed = folder, printed

    def run(self, *arguments: str, **settings: str) -> Ended:
        before = dict(os.environ)
        os.environ.update(settings)
        try:
            status = main(arguments)
        finally:
            os.environ.clear()
            os.environ.update(before)
        return Ended(status, *self._printed.readouterr())


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Here]:
    monkeypatch.chdir(tmp_path)
    root, level = logging.getLogger(), logging.getLogger().level
    handlers = [*root.handlers]
    yield Here(tmp_path, capsys)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def data(shell: Here) -> Path:
    """A data folder with files of every kind."""
    drawn = shell.run("generate", "a fox", "--local", "--width", "64", "--height", "64", "--out", str(shell.folder))
    assert drawn.status == 0, drawn.stderr
    data = shell.folder / ".darkroom"
    (data / "evidence").mkdir(exist_ok=True)
    (data / "evidence" / "01a2.deadbeef").write_bytes(b"<html>")
    (data / "spool" / "01a2.0").write_bytes(b"an image")
    (data / "jwt-secret").write_text(SECRET)
    return data


class Disk:
    """Records what survives a loss of power: files and folders as they were at their last `fsync`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._lengths: dict[int, int] = {}
        self._names: dict[int, set[str]] = {}
        self._fsync = os.fsync
        monkeypatch.setattr(os, "fsync", self._wait)

    def names(self, path: Path) -> bool:
        """Whether the name of a file or folder survives."""
        return path.name in self._names.get(path.parent.stat().st_ino, ())

    def holds(self, path: Path) -> bool:
        """Whether a file survives completely, with its name."""
        there = path.stat()
        return self.names(path) and (path.is_dir() or self._lengths.get(there.st_ino) == there.st_size)

    def _wait(self, descriptor: int) -> None:
        self._fsync(descriptor)
        there = os.fstat(descriptor)
        if stat.S_ISDIR(there.st_mode):
            self._names[there.st_ino] = set(os.listdir(descriptor))
        else:
            self._lengths[there.st_ino] = there.st_size


def kept(data: Path) -> Mapping[str, bytes]:
    """Return the contents of a data folder by name, without the ledger and the files of running processes."""
    files = {str(path.relative_to(data)): path for path in data.rglob("*") if path.is_file()}
    return {
        name: path.read_bytes()
        for name, path in files.items()
        if not name.startswith(("ledger.sqlite", "replaced-", ".")) and ".drafts" not in name
    }


def orders(data: Path) -> list[str]:
    with closing(sqlite3.connect(data / "ledger.sqlite")) as ledger:
        return [state for (state,) in ledger.execute("SELECT state FROM generations ORDER BY id")]


def test_a_backup_restores_everything_in_the_data_folder(shell: Here, data: Path) -> None:
    before = kept(data)
    assert {name.partition("/")[0] for name in before} == {"images", "spool", "evidence", "jwt-secret", "link-key"}
    made = shell.run("backup", "backup.tar")
    data.rename(shell.folder / "lost")

    restored = shell.run("restore", "backup.tar")

    assert (made.status, restored.status) == (0, 0), made.stderr + restored.stderr
    holds = "a ledger of 1 generation, 1 image, 1 file in the spool, 1 piece of evidence, 2 secrets"
    assert holds in made.stdout
    assert restored.stdout == f"restored: {holds}\n"
    assert kept(data) == before
    assert orders(data) == ["stored"]
    assert (shell.folder / "backup.tar").stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("data")
def test_a_backup_survives_a_loss_of_power(shell: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)

    assert shell.run("backup", "backup.tar").status == 0

    assert disk.holds(shell.folder / "backup.tar")


def test_restored_and_replaced_files_survive_a_loss_of_power(
    shell: Here, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.run("backup", "backup.tar")
    restored = {data, *(data / name for name in ("ledger.sqlite", *kept(data)))}
    (image,) = (data / "images").rglob("*.png")
    data.rename(shell.folder / "lost")
    disk = Disk(monkeypatch)

    assert shell.run("restore", "backup.tar").status == 0

    assert all(disk.holds(path) for path in _with_folders(restored, data))

    image.write_bytes(b"other bytes")
    assert shell.run("restore", "backup.tar").status == 0

    (aside,) = data.glob("replaced-*")
    replaced = {aside / "ledger.sqlite", aside / image.relative_to(data)}
    assert all(disk.names(path) for path in _with_folders(replaced, data))


def _with_folders(paths: set[Path], data: Path) -> set[Path]:
    return {each for path in paths for each in (path, *path.parents) if each == data or data in each.parents}


def test_replaced_files_are_moved_aside_and_newer_files_stay(shell: Here, data: Path) -> None:
    shell.run("backup", "backup.tar")
    (data / "jwt-secret").write_text("a newer secret")
    (data / "spool" / "01a3.0").write_bytes(b"a newer image")
    newer = shell.run("generate", "an owl", "--local", "--width", "64", "--height", "64", "--out", str(shell.folder))
    assert newer.status == 0, newer.stderr

    restored = shell.run("restore", "backup.tar")

    assert restored.status == 0, restored.stderr
    (aside,) = data.glob("replaced-*")
    assert f"the replaced files are in {aside}\n" in restored.stdout
    assert (aside / "jwt-secret").read_text() == "a newer secret"
    assert (data / "jwt-secret").read_text() == SECRET
    assert (orders(aside), orders(data)) == (["stored", "stored"], ["stored"])
    assert (data / "spool" / "01a3.0").exists()
    assert len(list((data / "images").rglob("*.png"))) == 2


def test_nothing_is_restored_while_a_service_runs(shell: Here, data: Path) -> None:
    shell.run("backup", "backup.tar")
    with CommandLine(shell.folder) as processes:
        service = processes.serve()
        before = kept(data), (data / "ledger.sqlite").stat().st_ino

        refused = shell.run("restore", "backup.tar")

        assert refused.status == 1
        assert "stop the service first" in refused.stderr
        assert (kept(data), (data / "ledger.sqlite").stat().st_ino) == before
        service.terminate()
        assert service.wait() == 0
    assert shell.run("restore", "backup.tar").status == 0


def test_a_backup_may_be_streamed(shell: Here, data: Path) -> None:
    before = kept(data)
    command = f"{INSTALLED} backup - > piped && {INSTALLED} restore - < piped"
    with Process(["/bin/sh", "-c", command], folder=shell.folder) as piped:
        assert piped.wait() == 0, piped.stderr
    assert kept(data) == before


@pytest.mark.parametrize("damage", ["a byte of the ledger", "a byte of an image", "a byte of the manifest", "its end"])
def test_a_damaged_backup_changes_nothing(shell: Here, data: Path, damage: str) -> None:
    shell.run("backup", "backup.tar")
    file = shell.folder / "backup.tar"
    whole = file.read_bytes()
    places = {
        "a byte of the ledger": whole.index(b"SQLite format") + 5000,
        "a byte of an image": whole.index(b"\x89PNG") + 200,
        "a byte of the manifest": whole.index(b'"made_at":"2') + 11,
    }
    if damage == "its end":
        file.write_bytes(whole[: whole.index(b"manifest.") - 1])
    else:
        place = places[damage]
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    before = kept(data), (data / "ledger.sqlite").stat().st_ino

    refused = shell.run("restore", "backup.tar")

    assert (refused.status, refused.stderr.count("\n")) == (1, 1), refused.stderr
    assert refused.stderr.startswith("darkroom: backup.tar: ")
    assert (kept(data), (data / "ledger.sqlite").stat().st_ino) == before
    assert not list(data.glob("replaced-*"))


def test_no_file_is_restored_outside_the_data_folder(shell: Here, data: Path) -> None:
    shell.run("backup", "backup.tar")
    file = shell.folder / "backup.tar"
    file.write_bytes(file.read_bytes().replace(b"spool/01a2.0\0", b"../../01a2.0\0"))

    refused = shell.run("restore", "backup.tar")

    assert refused.status == 1
    assert not (shell.folder / "01a2.0").exists()


def test_a_backup_neither_replaces_a_file_nor_leaves_a_partial_one(shell: Here, data: Path) -> None:
    (shell.folder / "backup.tar").write_text("mine")

    refused = shell.run("backup", "backup.tar")
    unreadable = shell.run("backup", "nowhere/backup.tar")

    assert (refused.status, unreadable.status) == (2, 1)
    assert (shell.folder / "backup.tar").read_text() == "mine"
    assert {path.name for path in shell.folder.iterdir()} - {"backup.tar", ".darkroom"} == {
        path.name for path in shell.folder.glob("*.png")
    }


def test_a_backup_of_another_kind_of_ledger_is_refused(shell: Here, data: Path) -> None:
    shell.run("backup", "backup.tar")

    refused = shell.run("restore", "backup.tar", DARKROOM_LEDGER_URL="postgresql://host/db")

    assert refused.status == 2
    assert "DARKROOM_LEDGER_URL" in refused.stderr


def test_a_dry_run_of_an_upgrade_leaves_the_ledger_unchanged(shell: Here) -> None:
    data = shell.folder / ".darkroom"
    data.mkdir()
    with closing(sqlite3.connect(data / "ledger.sqlite")) as ledger:
        ledger.executescript(WRITTEN_BEFORE.read_text(encoding="utf-8"))
    before = (data / "ledger.sqlite").read_bytes()

    tried = shell.run("ledger", "upgrade", "--dry-run")
    unchanged = (data / "ledger.sqlite").read_bytes()
    made, again = shell.run("ledger", "upgrade"), shell.run("ledger", "upgrade")

    assert "would be brought to" in tried.stdout, tried.stderr
    assert unchanged == before
    assert "was brought from version" in made.stdout, made.stderr
    assert "is up to date" in again.stdout


def test_a_backup_of_an_older_release_is_restored_and_upgraded(shell: Here) -> None:
    data = shell.folder / ".darkroom"
    data.mkdir()
    with closing(sqlite3.connect(data / "ledger.sqlite")) as ledger:
        ledger.executescript(WRITTEN_BEFORE.read_text(encoding="utf-8"))
    before = orders(data)
    assert shell.run("backup", "backup.tar").status == 0

    restored = shell.run("restore", "backup.tar")

    assert restored.status == 0, restored.stderr
    assert f"after the backup: {before.count('received')}" in restored.stdout
    assert orders(data) == ["unknown" if state == "received" else state for state in before]
    assert "is up to date" in shell.run("ledger", "upgrade", "--dry-run").stdout


def _dropped(ledger: sqlite3.Connection) -> None:
    ledger.execute("DROP TABLE revoked_tokens")


def _of_a_later_release(ledger: sqlite3.Connection) -> None:
    ledger.execute("PRAGMA user_version = 999")


def _emptied(ledger: sqlite3.Connection) -> None:
    for (name,) in ledger.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        ledger.execute(f"DROP TABLE {name}")
    ledger.execute("PRAGMA user_version = 0")


def _unlike_its_index(ledger: sqlite3.Connection) -> None:
    ledger.execute("PRAGMA writable_schema = ON")
    ledger.execute("UPDATE sqlite_schema SET sql = replace(sql, 'stored > 0', 'stored >= 0') WHERE type = 'index'")
    ledger.execute("UPDATE sqlite_schema SET sql = replace(sql, 'finished_at IS NULL', '1') WHERE type = 'index'")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (_dropped, "it has no revoked_tokens"),
        (_of_a_later_release, "the ledger is at version 999"),
        (_emptied, "the file is not a ledger of Darkroom"),
        (_unlike_its_index, "the ledger is damaged"),
    ],
)
def test_a_ledger_that_could_not_be_restored_is_not_backed_up(
    shell: Here, data: Path, change: Callable[[sqlite3.Connection], None], fault: str
) -> None:
    with closing(sqlite3.connect(data / "ledger.sqlite", isolation_level=None)) as ledger:
        change(ledger)

    refused = shell.run("backup", "backup.tar")

    assert refused.status == 1
    assert fault in refused.stderr
    assert not list(shell.folder.glob("*backup.tar*"))


def test_a_file_that_is_not_a_database_is_not_backed_up(shell: Here, data: Path) -> None:
    (data / "ledger.sqlite").write_bytes(b"not a database" * 1000)

    refused = shell.run("backup", "backup.tar")

    assert refused.status == 1
    assert not list(shell.folder.glob("*backup.tar*"))
