from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from darkroom.adapters.durable_folder import DurableFolder

DIES_IN_A_WRITE = """
import os, sys
from pathlib import Path
from darkroom.adapters.durable_folder import DurableFolder

os.link = os.replace = lambda *_: os._exit(9)
folder, file = DurableFolder(Path(sys.argv[1])), ("a/b.png", b"half of it")
folder.create(*file) if sys.argv[2] == "create" else folder.replace(file)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data" / "folder"


@pytest.fixture
def folder(root: Path) -> DurableFolder:
    return DurableFolder(root)


def everything_in(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


@given(st.text(st.sampled_from("./\\~a%:-* \0\udc80\ud800é"), max_size=12) | st.text())
@example("..")
@example("../out")
@example("a/../../out")
@example("/out")
@example(".drafts/a")
@example("a/.hidden")
@example("a" * 300)
@example("")
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    with tempfile.TemporaryDirectory() as outside:
        root = Path(outside, "folder")
        folder = DurableFolder(root)
        try:
            folder.create(name, b"data")
        except OSError:
            assert list(folder.names()) == []
            with pytest.raises(OSError, match=r"."):
                folder.read(name)
        else:
            assert list(folder.names()) == [name]
            assert folder.read(name) == b"data"
        assert {path.name for path in Path(outside).iterdir()} <= {"folder"}


def test_no_link_is_followed(folder: DurableFolder, root: Path) -> None:
    folder.create("a.png", b"data")
    (root.parent / "outside").mkdir()
    (root.parent / "outside" / "b.png").write_bytes(b"outside")
    (root / "way").symlink_to(root.parent / "outside")
    (root / "b.png").symlink_to(root.parent / "outside" / "b.png")

    for name in ("way/b.png", "b.png"):
        with pytest.raises(OSError, match="not a valid file name"):
            folder.read(name)
        with pytest.raises(OSError, match="not a valid file name"):
            folder.replace((name, b"data"))
        with pytest.raises(OSError, match="not a valid file name"):
            folder.remove(name)
        with pytest.raises(OSError, match="not a valid file name"):
            folder.discard(name)
    assert list(folder.names()) == ["a.png"]
    assert (root.parent / "outside" / "b.png").read_bytes() == b"outside"


def test_a_folder_that_is_itself_reached_by_a_link_works(tmp_path: Path) -> None:
    (tmp_path / "big disk").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "big disk")

    DurableFolder(tmp_path / "data").create("a.png", b"data")

    assert (tmp_path / "big disk" / "a.png").read_bytes() == b"data"


def test_files_and_folders_are_private_to_the_user(folder: DurableFolder, root: Path) -> None:
    before = os.umask(0)
    try:
        folder.create("a/b.png", b"data")
        folder.replace(("a/c.png", b"data"))
    finally:
        os.umask(before)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [root.parent, *root.parent.rglob("*")]}
    assert modes == {"data": 0o700, "folder": 0o700, ".drafts": 0o700, "a": 0o700, "b.png": 0o600, "c.png": 0o600}


def test_create_never_replaces_a_file(folder: DurableFolder) -> None:
    assert folder.create("a.png", b"first")
    assert not folder.create("a.png", b"second")
    assert folder.read("a.png") == b"first"


def test_of_concurrent_creations_one_succeeds_and_all_read_its_data(root: Path) -> None:
    start = threading.Barrier(8)

    def create(number: int) -> tuple[bool, bytes | None]:
        mine = DurableFolder(root)
        start.wait()
        return mine.create("key", bytes([number]) * 10_000), mine.read("key")

    with ThreadPoolExecutor(8) as threads:
        ends = list(threads.map(create, range(8)))

    won = next(number for number, (created, _) in enumerate(ends) if created)
    assert sum(created for created, _ in ends) == 1
    assert {read for _, read in ends} == {bytes([won]) * 10_000}


@pytest.mark.parametrize("writing", ["create", "replace"])
def test_a_process_that_dies_while_writing_leaves_no_visible_file(root: Path, writing: str) -> None:
    died = subprocess.run([sys.executable, "-c", DIES_IN_A_WRITE, str(root), writing], check=False, timeout=60)
    assert died.returncode == 9
    folder = DurableFolder(root)

    assert list(folder.names()) == []
    assert list(folder.lengths()) == []
    assert folder.read("a/b.png") is None
    assert folder.create("a/b.png", b"the whole of it")
    assert folder.read("a/b.png") == b"the whole of it"


def test_drafts_of_dead_processes_are_removed_after_an_hour(folder: DurableFolder, root: Path) -> None:
    (root / ".drafts").mkdir(parents=True)
    old, young = root / ".drafts" / "old", root / ".drafts" / "young"
    for draft in (old, young):
        draft.touch()
    hour_ago = young.stat().st_mtime - 3601
    os.utime(old, (hour_ago, hour_ago))

    folder.create("a.png", b"data")

    assert everything_in(root) == {".drafts", ".drafts/young", "a.png"}


@pytest.mark.parametrize("writing", ["create", "replace"])
def test_a_failed_write_leaves_nothing_behind(folder: DurableFolder, root: Path, writing: str) -> None:
    (root / "a").mkdir(parents=True)
    (root / "a" / "b").mkdir()
    (root / "a" / "b" / "c.png").touch()

    if writing == "create":
        assert not folder.create("a/b", b"data")
    else:
        with pytest.raises(OSError, match=r"."):
            folder.replace(("a/b", b"data"))

    assert everything_in(root) == {".drafts", "a", "a/b", "a/b/c.png"}


def test_replace_writes_several_files_and_the_last_of_a_name_counts(folder: DurableFolder, root: Path) -> None:
    folder.replace(("a.png", b"first"), ("b/c.png", b"other"), ("a.png", b"second"))

    assert folder.read("a.png") == b"second"
    assert folder.read("b/c.png") == b"other"
    assert everything_in(root) == {".drafts", "a.png", "b", "b/c.png"}


def test_a_failed_replace_of_several_files_leaves_no_draft(folder: DurableFolder, root: Path) -> None:
    (root / "taken" / "inside").mkdir(parents=True)

    with pytest.raises(OSError, match=r"."):
        folder.replace(("a.png", b"data"), ("taken", b"data"), ("b.png", b"data"))

    assert list((root / ".drafts").iterdir()) == []


def test_names_and_lengths_are_those_of_complete_files(folder: DurableFolder) -> None:
    assert list(folder.names()) == []
    assert list(folder.lengths()) == []

    for name in ("a.png", "2026/01/b.png", "2026/c.png"):
        folder.create(name, b"1234")

    assert sorted(folder.names()) == ["2026/01/b.png", "2026/c.png", "a.png"]
    assert list(folder.lengths()) == [4, 4, 4]


def test_files_removed_while_they_are_counted_are_not_an_error(folder: DurableFolder) -> None:
    names = [f"{number}.png" for number in range(300)]
    for name in names:
        folder.create(name, b"1234")

    with ThreadPoolExecutor(1) as other:
        emptied = other.map(folder.remove, names)
        while lengths := set(folder.lengths()):
            assert lengths <= {0, 4}
        assert list(emptied) == [None] * 300


def test_a_folder_removed_while_in_use_is_created_again(folder: DurableFolder, root: Path) -> None:
    folder.create("a/b.png", b"data")
    folder.remove("a/b.png")
    folder.remove("a/b.png")
    (root / "a").rmdir()
    (root / ".drafts").rmdir()

    assert folder.create("a/b.png", b"data")


def test_processes_that_check_a_new_folder_disturb_no_write_of_each_other(tmp_path: Path) -> None:
    """Each check removes the folders that it made, unless they are in use; another process may be about to write."""
    with ThreadPoolExecutor(8) as pool:
        for number in range(100):
            root = tmp_path / str(number)
            together = threading.Barrier(8)

            def use(index: int, root: Path = root, together: threading.Barrier = together) -> None:
                folder = DurableFolder(root)
                together.wait()
                folder.prove()
                assert folder.create(f"{index}.png", b"data")

            list(pool.map(use, range(8)))
            assert sorted(DurableFolder(root).names()) == [f"{index}.png" for index in range(8)]
