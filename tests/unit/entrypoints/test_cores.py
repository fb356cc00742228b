"""The number of cores that a process may use, read from the control groups of Linux."""

import os
from pathlib import Path

import pytest

from darkroom.entrypoints.settings.cores import usable_cores


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


def system(folder: Path, cgroup: str, **files: str) -> Path:
    """A folder with `proc` and `sys`; `files` are named by their path in the control groups, with `__` for a slash."""
    (folder / "proc/self").mkdir(parents=True)
    (folder / "proc/self/cgroup").write_text(cgroup)
    for name, text in files.items():
        file = folder / "sys/fs/cgroup" / name.replace("__", "/").replace("cpu_max", "cpu.max")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
    return folder


def test_affinity_is_the_limit_if_no_group_has_one(tmp_path: Path) -> None:
    assert usable_cores(system(tmp_path, "0::/user.slice\n", user_slice__cpu_max="max 100000")) == 8


def test_a_system_without_control_groups_has_no_limit(tmp_path: Path) -> None:
    assert usable_cores(tmp_path) == 8


@pytest.mark.parametrize(
    ("quota", "cores"), [("200000 100000", 2), ("350000 100000", 3), ("50000 100000", 1), ("900000 100000", 8)]
)
def test_the_quota_is_rounded_down_to_whole_cores_and_at_least_one(tmp_path: Path, quota: str, cores: int) -> None:
    assert usable_cores(system(tmp_path, "0::/app\n", app__cpu_max=quota)) == cores


def test_the_quota_of_a_parent_group_applies_too(tmp_path: Path) -> None:
    limits = {"pod__cpu_max": "200000 100000", "pod__app__cpu_max": "max 100000"}
    assert usable_cores(system(tmp_path, "0::/pod/app\n", **limits)) == 2


def test_a_container_may_see_its_own_group_as_the_top_one(tmp_path: Path) -> None:
    assert usable_cores(system(tmp_path, "0::/docker/1234\n", cpu_max="300000 100000")) == 3


@pytest.mark.parametrize(("quota", "cores"), [("250000", 2), ("-1", 8)])
def test_the_quota_is_read_from_control_groups_of_version_1(tmp_path: Path, quota: str, cores: int) -> None:
    files = {"cpu,cpuacct__app__cpu.cfs_quota_us": quota, "cpu,cpuacct__app__cpu.cfs_period_us": "100000"}
    groups = "11:cpu,cpuacct:/app\n3:cpuset:/app\n0::/app\n"
    assert usable_cores(system(tmp_path, groups, **files)) == cores


@pytest.mark.parametrize("text", ["", "max", "0 0", "one 100000"])
def test_a_file_that_cannot_be_understood_is_ignored(tmp_path: Path, text: str) -> None:
    assert usable_cores(system(tmp_path, "0::/\n", cpu_max=text)) == 8
