"""A generator from outside: installed beside Darkroom, named by a setting, and nothing else was touched."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.conformance import GeneratorContract
from domain.ports import ImageGenerator


class TestStripesImageGenerator(GeneratorContract):
    @pytest.fixture
    def generator(self, installed: Path, monkeypatch: pytest.MonkeyPatch) -> ImageGenerator:
        monkeypatch.syspath_prepend(str(installed))
        return __import__("darkroom_stripes").StripesImageGenerator(16)  # type: ignore[no-any-return]


def test_the_service_draws_with_it_by_a_setting(installed: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(installed),
        "DARKROOM_GENERATORS": "sketch,stripes",
        "DARKROOM_STRIPES_WIDTH": "8",
        "DARKROOM_DATA_DIR": str(tmp_path / "state"),
    }
    order = ["generate", "a zebra", "--version", "stripes", "--width", "64", "--height", "32", "--local", "--json"]
    drawn = subprocess.run(
        [sys.executable, "-m", "entrypoints.cli", *order],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert drawn.returncode == 0, drawn.stderr
    assert "DARKROOM_STRIPES_WIDTH" not in drawn.stderr, "its own setting is its own affair"
    (image,) = json.loads(drawn.stdout)["images"]
    assert (tmp_path / image["file"]).read_bytes().startswith(b"\x89PNG")
