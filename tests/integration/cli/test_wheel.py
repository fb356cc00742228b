"""The wheel contains one package, `darkroom`, which works beside packages with the names of its subpackages."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "-w", str(made), str(ROOT)], check=True, timeout=120)
    (file,) = made.glob("darkroom-*.whl")
    return file


@pytest.mark.thorough
def test_it_draws_beside_packages_called_entrypoints_domain_and_adapters(wheel: Path, tmp_path: Path) -> None:
    site, state = tmp_path / "site", tmp_path / "state"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    for name in ("entrypoints", "domain", "adapters"):
        (site / f"{name}.py").write_text(f"raise ImportError('{name} is not of Darkroom')\n")

    program = "import darkroom; from darkroom.entrypoints.cli import main; print(darkroom.__file__); main()"
    command = ["generate", "a fox", "--local", "--width", "64", "--height", "64", "--out", str(tmp_path)]
    ran = subprocess.run(
        [sys.executable, "-c", program, *command],
        env={"PYTHONPATH": str(site), "DARKROOM_DATA_DIR": str(state)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(str(site))
    assert [file.suffix for file in tmp_path.glob("*.png")] == [".png"]


def test_it_contains_the_page_the_docs_and_the_locks_and_no_other_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    shared = {name.partition(".data/data/")[2] for name in names if ".data/data/" in name}
    assert {"share/doc/darkroom/operating.md", "share/darkroom/requirements/run.lock"} <= shared
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name and ".data/" not in name} == {"darkroom"}
    assert "darkroom/entrypoints/web/index.html" in names
    assert "darkroom/py.typed" in names
