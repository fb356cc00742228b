"""The kit names the rule that a generator breaks, and says in a sentence what is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from unit.conformance.broken import CALLERS, GENERATORS, Broken

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def broken_rules(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the kit says of each broken rule, by the test's name."""
    report = tmp_path_factory.mktemp("kit") / "report.xml"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", HERE / "broken.py"],
        cwd=HERE.parents[2],
        capture_output=True,
        timeout=110,
        check=False,
    )
    cases = ET.parse(report).iter("testcase")  # noqa: S314  # pytest has just written it
    return {case.attrib["name"]: failure.attrib["message"] for case in cases for failure in case.iter("failure")}


@pytest.mark.parametrize("kind", [*GENERATORS, *CALLERS], ids=lambda kind: kind.__name__)
def test_the_broken_rule_is_named(broken_rules: dict[str, str], kind: type[Broken]) -> None:
    rule, _, situation = kind.breaks.partition("[")
    of_this = {
        name: told
        for name, told in broken_rules.items()
        if name.startswith(f"test_{rule}[") and kind.__name__ in name and situation.rstrip("]") in name
    }

    assert len(of_this) == 1, sorted(broken_rules)
    assert all(kind.told in told for told in of_this.values()), of_this


def test_who_keeps_every_rule_is_told_of_none(broken_rules: dict[str, str]) -> None:
    assert [name for name in broken_rules if "Caller" in name.strip("]").partition("[")[2].split("-")] == []
