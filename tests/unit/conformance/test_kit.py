"""The conformance kit names the rule that a generator breaks, and describes the mistake in one sentence."""

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
    """The message of the kit for each broken rule, by the name of the test."""
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
def test_a_broken_rule_is_reported_by_name(broken_rules: dict[str, str], kind: type[Broken]) -> None:
    rule, _, situation = kind.breaks.partition("[")
    of_this = {
        name: message
        for name, message in broken_rules.items()
        if name.startswith(f"test_{rule}[") and kind.__name__ in name and situation.rstrip("]") in name
    }

    assert len(of_this) == 1, sorted(broken_rules)
    assert all(kind.message in message for message in of_this.values()), of_this


def test_no_broken_rule_is_reported_for_a_generator_that_keeps_them_all(broken_rules: dict[str, str]) -> None:
    assert [name for name in broken_rules if "Caller" in name.strip("]").partition("[")[2].split("-")] == []
