"""Killed programs write nothing, so they hold a FIFO open instead: a read of it ends when the last one is dead."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from servers.process import Process, ProgramFailed

TESTS = Path(__file__).parents[2]

WAITS = """
import signal
alive = open("alive", "w")
print("ready on port 7", flush=True)
signal.pause()
"""
STOPS_POLITELY = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
print("a warning", file=sys.stderr)
print("ready", flush=True)
signal.pause()
"""
IGNORES_SIGTERM = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
while True:
    signal.pause()
"""
LEAVES_A_CHILD = """
import os, signal
alive = open("alive", "w")
if os.fork() == 0:
    print("ready", flush=True)
    os.close(1)
    os.close(2)
    signal.pause()
"""
STARTS_ANOTHER_AND_IS_KILLED = f"""
import os, signal, sys
from servers.process import Process
Process([sys.executable, "-c", '''{WAITS}''']).wait_for("ready")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def alive(tmp_path: Path) -> Iterator[TextIO]:
    os.mkfifo(tmp_path / "alive")
    fifo = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)  # does not wait for a writer
    os.set_blocking(fifo, True)
    with os.fdopen(fifo) as alive:
        yield alive


def python(source: str) -> list[str]:
    return [sys.executable, "-c", source]


def test_waits_for_a_line_and_returns_the_match(tmp_path: Path, alive: TextIO) -> None:
    with Process(python(WAITS), folder=tmp_path) as process:
        assert process.wait_for(r"port (\d+)")[1] == "7"
        assert process.wait_for("ready").string == "ready on port 7\n"
        assert process.running


def test_a_line_that_never_comes_fails_with_all_output() -> None:
    everything = r"wrote no line like 'ready' to stdout\n(?s:.*)one\n(?s:.*)two\n"
    with (
        Process(python("import sys; print('one'); sys.exit('two')")) as process,
        pytest.raises(ProgramFailed, match=everything),
    ):
        process.wait_for("ready")


def test_does_not_wait_for_a_line_forever(tmp_path: Path, alive: TextIO) -> None:
    with Process(python(WAITS), folder=tmp_path) as process:
        with pytest.raises(ProgramFailed, match="steady"):
            process.wait_for("steady", timeout=0.01)
        assert process.running


def test_collects_both_streams_separately() -> None:
    with Process(python(STOPS_POLITELY)) as process:
        process.wait_for("ready")
        process.wait_for("warning", stream="stderr")
        assert process.stdout == "ready\n"
        assert process.stderr == "a warning\n"


def test_runs_in_the_given_environment_and_folder(tmp_path: Path) -> None:
    source = "import os; print(os.environ['DARKROOM_PORT'], os.getcwd(), 'PATH' in os.environ)"
    with Process(python(source), environment={"DARKROOM_PORT": "7"}, folder=tmp_path) as process:
        assert process.wait() == 0
        assert process.stdout == f"7 {tmp_path.resolve()} True\n"


def test_terminates_and_returns_the_exit_status() -> None:
    with Process(python(STOPS_POLITELY)) as process:
        process.wait_for("ready")
        process.terminate()
        assert process.wait() == 3
        assert not process.running


def test_interrupts_like_control_c(tmp_path: Path, alive: TextIO) -> None:
    with Process(python(WAITS), folder=tmp_path) as process:
        process.wait_for("ready")
        process.interrupt()
        process.wait()
        assert "KeyboardInterrupt" in process.stderr


def test_a_timeout_reports_that_it_still_runs_and_its_output() -> None:
    with Process(python(IGNORES_SIGTERM)) as process:
        process.wait_for("ready")
        process.terminate()
        with pytest.raises(ProgramFailed, match=r"is still running after 0.01 s(?s:.*)ready"):
            process.wait(timeout=0.01)


def test_kills() -> None:
    with Process(python(IGNORES_SIGTERM)) as process:
        process.wait_for("ready")
        process.kill()
        assert process.wait() == -signal.SIGKILL


def test_kills_the_children_of_a_program_that_has_ended(tmp_path: Path, alive: TextIO) -> None:
    with Process(python(LEAVES_A_CHILD), folder=tmp_path) as process:
        process.wait_for("ready")
        assert process.wait() == 0
        process.kill()
        assert alive.read() == ""


def test_may_be_closed_more_than_once(tmp_path: Path, alive: TextIO) -> None:
    with Process(python(WAITS), folder=tmp_path) as process:
        process.wait_for("ready")
        process.close()
        assert not process.running
    assert alive.read() == ""


def test_leaves_nothing_behind_when_a_test_fails(tmp_path: Path, alive: TextIO) -> None:
    def fail() -> None:
        with Process(python(LEAVES_A_CHILD), folder=tmp_path) as process:
            process.wait_for("ready")
            pytest.fail("as tests do")

    with pytest.raises(pytest.fail.Exception):
        fail()
    assert alive.read() == ""


def test_leaves_nothing_behind_when_the_tests_are_killed(tmp_path: Path, alive: TextIO) -> None:
    environment = {"PYTHONPATH": str(TESTS)}
    with Process(python(STARTS_ANOTHER_AND_IS_KILLED), folder=tmp_path, environment=environment) as process:
        assert process.wait() == -signal.SIGKILL
        assert alive.read() == ""


def test_reports_its_current_and_its_peak_memory() -> None:
    source = "b = b'b' * 50_000_000; del b; print('ready', flush=True); import signal; signal.pause()"
    with Process(python(source)) as process:
        process.wait_for("ready")
        assert 0 < process.rss < 50_000_000 < process.peak_rss
        process.kill()
        process.wait()
        with pytest.raises(ProgramFailed, match="has ended"):
            _ = process.rss
