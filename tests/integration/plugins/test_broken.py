"""A generator from outside that raises when it is opened, or is not one, is reported and does not hide the others."""

import json
from pathlib import Path

import pytest

from integration.plugins.outside import darkroom

NO_GENERATOR = """
from contextlib import asynccontextmanager

class Mine:
    cards = ()

@asynccontextmanager
async def opened(_):
    yield Mine()
"""


@pytest.mark.parametrize(
    ("source", "detail"),
    [
        ("def opened(_): return {}['colours']", "KeyError: 'colours'"),
        (NO_GENERATOR, "broken: Mine must inherit darkroom.domain.ports.ImageGenerator"),
    ],
    ids=["raises", "inherits nothing"],
)
def test_check_reports_it_beside_the_others(tmp_path: Path, source: str, detail: str) -> None:
    installed = tmp_path / "installed"
    about = installed / "broken-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n", encoding="utf-8")
    (about / "entry_points.txt").write_text("[darkroom.generators]\nbroken = broken:opened\n", encoding="utf-8")
    (installed / "broken.py").write_text(source, encoding="utf-8")

    checked = darkroom(tmp_path, installed, "check", "--json", DARKROOM_GENERATORS="broken,sketch")

    assert checked.returncode == 1, checked.stderr
    findings = {finding["part"]: finding for finding in json.loads(checked.stdout)["findings"]}
    assert findings["generator broken"] == {"part": "generator broken", "ok": False, "detail": detail}
    assert findings["generator sketch"]["ok"]
    assert findings["ledger"]["ok"]
