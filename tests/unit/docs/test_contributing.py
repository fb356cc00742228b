"""The targets, paths and programs that the files for contributors name exist."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_every_make_target_in_the_guide_exists() -> None:
    named = set(re.findall(r"`?make ([a-z-]+)", GUIDE))
    assert named
    assert named <= TARGETS


def test_make_clean_removes_everything_that_targets_create() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    made = {line.strip("/") for line in ignored if line and not line.startswith("#")}
    kept = {".darkroom", ".env", "deploy/.env"}  # images, ledger, secrets and settings
    (recipe,) = re.findall(r"^clean:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert kept < made
    assert {name for name in made if name.removesuffix("*") in recipe} == made - kept


def test_every_make_target_is_in_the_guide() -> None:
    assert set(re.findall(r"[a-z-]+", " ".join(re.findall(r"`?make ([a-z -]+)", GUIDE)))) >= TARGETS


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\b(?:tests|docs|requirements|deploy)/[\w./]*", GUIDE))))
def test_every_path_in_the_guide_exists(path: str) -> None:
    assert (ROOT / path.rstrip(".")).exists()


def test_the_hooks_run_only_local_programs() -> None:
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert local["repo"] == "local", "hooks must not be downloaded"
    programs = {hook["entry"].split(".venv/bin/")[1].split()[0] for hook in local["hooks"]}
    assert programs == {"ruff", "mypy", "python"}


def test_the_workflow_runs_the_script_that_contributors_run() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yaml").read_text(encoding="utf-8"))
    steps = workflow["jobs"]["checks"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == [".ci/run"]
