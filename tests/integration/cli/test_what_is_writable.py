"""The start and `check` try to write to every folder that must be writable; `check` leaves nothing behind."""

from __future__ import annotations

import os
import pwd
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.cli.command_line import CommandLine, Ended
from servers.darkroom import INSTALLED
from servers.parts import PartMissing
from servers.process import UNPRIVILEGED, Process

FOLDERS = [
    *("spool", "images/2026/11/30"),
    *(
        pytest.param(name, marks=pytest.mark.thorough)
        for name in ("spool/.drafts", "evidence", "images", "images/.drafts")
    ),
]


def everything_in(folder: Path) -> set[tuple[str, int, int]]:
    """Return every file and folder, with its owner and its length."""
    found = ((path, path.lstat()) for path in folder.rglob("*"))
    return {(str(path), status.st_uid, status.st_size if path.is_file() else 0) for path, status in found}


@pytest.mark.parametrize("name", ["spool", "evidence", "images", "spool/.drafts"])
def test_a_folder_that_cannot_be_created_stops_the_start_with_one_line(shell: CommandLine, name: str) -> None:
    blocked = shell.folder / ".darkroom" / name
    blocked.parent.mkdir(parents=True)
    blocked.write_text("in its place")  # stops even root

    ended = shell.run("serve", DARKROOM_PORT="0")
    checked = shell.run("check")

    assert ended.status == 2
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert ended.stderr.startswith("darkroom: DARKROOM_DATA_DIR must be a folder that can be written to: ")
    assert str(blocked) in ended.stderr
    assert checked.status == 1
    assert str(blocked) in checked.stdout
    assert blocked.read_text() == "in its place"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder that belongs to another account. Only root can create it."""
    if os.geteuid() != 0:
        raise PartMissing("root", "may give files to another account")
    data = tmp_path / "data"
    data.mkdir()
    give(data)
    yield data
    shutil.rmtree(data)


def give(folder: Path) -> None:
    account = pwd.getpwnam(UNPRIVILEGED)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid)


def without_root_s_privilege(shell: CommandLine, *arguments: str) -> Ended:
    """Run a command that is bound by file permissions, even if the tests run as root."""
    privilege = [] if os.geteuid() else ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    if privilege and not shutil.which("setpriv"):
        raise PartMissing("setpriv", "takes root's privileges from a program; Linux has it")
    with Process(
        [*privilege, INSTALLED, *arguments], environment={"DARKROOM_PORT": "0"}, folder=shell.folder
    ) as process:
        return Ended(process.wait(), process.stdout, process.stderr)


@pytest.mark.parametrize("name", FOLDERS)
def test_an_unwritable_folder_stops_the_start_with_one_line(shell: CommandLine, name: str) -> None:
    closed = shell.folder / ".darkroom" / name
    closed.mkdir(parents=True)
    closed.chmod(0o500)
    try:
        served, checked = without_root_s_privilege(shell, "serve"), without_root_s_privilege(shell, "check")
    finally:
        closed.chmod(0o700)

    assert served.status == 2
    assert re.fullmatch(
        r"darkroom: DARKROOM_DATA_DIR must be a folder that can be written to: .*Permission denied: .*\n", served.stderr
    )
    assert checked.status == 1
    assert f"{closed}/" in served.stderr
    assert f"{closed}/" in checked.stdout
    assert list(closed.iterdir()) == []


def test_check_creates_nothing(shell: CommandLine) -> None:
    ended = shell.run("check", DARKROOM_DATA_DIR="a/b/data")
    assert ended.status == 0, ended.stdout
    assert everything_in(shell.folder) == set()


def test_check_leaves_a_data_folder_as_it_was(shell: CommandLine) -> None:
    assert shell.run("generate", "a fox", "--local", "--out", "out").status == 0
    before = everything_in(shell.folder)
    for _ in range(2):
        assert shell.run("check").status == 0
    assert everything_in(shell.folder) == before


def test_check_does_not_disturb_a_running_service(shell: CommandLine) -> None:
    darkroom = shell.serve()
    before = {path for path, _, _ in everything_in(shell.folder)}
    assert shell.run("check").status == 0
    assert {path for path, _, _ in everything_in(shell.folder)} == before
    assert darkroom.running


@pytest.mark.thorough
def test_check_does_not_disturb_a_running_service_on_postgres(shell: CommandLine, database_url: str) -> None:
    settings = {"DARKROOM_LEDGER_URL": database_url}
    assert shell.run("check", **settings).status == 0
    assert everything_in(shell.folder) == set()
    darkroom = shell.serve(**settings)
    before = {path for path, _, _ in everything_in(shell.folder)}
    ended = shell.run("check", **settings)
    assert ended.status == 0, ended.stdout
    assert {path for path, _, _ in everything_in(shell.folder)} == before
    assert darkroom.running


def test_check_as_root_leaves_nothing_behind(elsewhere: Path, shell: CommandLine) -> None:
    assert shell.run("check", DARKROOM_DATA_DIR=str(elsewhere)).status == 0
    assert everything_in(elsewhere) == set()


def test_files_that_root_creates_belong_to_the_owner_of_the_folder(elsewhere: Path, shell: CommandLine) -> None:
    settings = {"DARKROOM_DATA_DIR": str(elsewhere)}
    assert shell.run("generate", "a fox", "--local", "--out", "out", **settings).status == 0
    assert shell.run("token", **settings).status == 0
    owner = pwd.getpwnam(UNPRIVILEGED).pw_uid
    assert {uid for _, uid, _ in everything_in(elsewhere)} == {owner}
    names = {path.name for path in elsewhere.iterdir()}
    assert {"spool", "images", "ledger.sqlite", "jwt-secret"} <= names


@pytest.mark.thorough
def test_files_of_a_service_on_postgres_belong_to_the_owner_of_the_folder(
    elsewhere: Path, shell: CommandLine, database_url: str
) -> None:
    shell.serve(DARKROOM_DATA_DIR=str(elsewhere), DARKROOM_LEDGER_URL=database_url)
    owner = pwd.getpwnam(UNPRIVILEGED).pw_uid
    assert [path for path, uid, _ in everything_in(elsewhere) if uid != owner] == []
    assert any(path.name.endswith("-holder") for path in elsewhere.rglob("*"))
