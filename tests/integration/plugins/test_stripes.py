"""A generator from outside: it is installed beside Darkroom and named by a setting; nothing else is changed."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from integration.plugins.conftest import EXAMPLES
from integration.plugins.outside import darkroom


@pytest.mark.thorough
def test_its_own_tests_check_the_contract_without_our_repository(installed: Path, tmp_path: Path) -> None:
    for name in ("pyproject.toml", "test_darkroom_stripes.py"):
        shutil.copy(EXAMPLES / "darkroom-stripes" / name, tmp_path)

    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        env={**os.environ, "PYTHONPATH": str(installed)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert tested.returncode == 0, tested.stdout
    assert re.search(r"^1\d passed", tested.stdout, re.MULTILINE), tested.stdout


@pytest.mark.thorough
def test_a_wrong_setting_of_its_own_is_reported_beside_the_others(installed: Path, tmp_path: Path) -> None:
    settings = {"DARKROOM_GENERATORS": "stripes,sketch", "DARKROOM_STRIPES_WIDTH": "wide"}

    checked = darkroom(tmp_path, installed, "check", **settings)

    assert "broken  generator stripes: stripes: DARKROOM_STRIPES_WIDTH must be" in checked.stdout
    assert "ok      generator sketch: draws in this process" in checked.stdout


def test_a_setting_makes_the_service_draw_with_it(installed: Path, tmp_path: Path) -> None:
    settings = {"DARKROOM_GENERATORS": "sketch,stripes", "DARKROOM_STRIPES_WIDTH": "8"}
    order = ["generate", "a zebra", "--version", "stripes", "--width", "64", "--height", "32", "--local", "--json"]

    drawn = darkroom(tmp_path, installed, *order, **settings)

    assert drawn.returncode == 0, drawn.stderr
    assert "DARKROOM_STRIPES_WIDTH" not in drawn.stderr, "Darkroom must not warn of a plugin's own setting"
    (image,) = json.loads(drawn.stdout)["images"]
    assert (tmp_path / image["file"]).read_bytes().startswith(b"\x89PNG")
