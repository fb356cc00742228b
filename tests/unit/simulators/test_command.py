from __future__ import annotations

import re
import sys
from collections.abc import Callable

import pytest

from servers.process import Process
from simulators.process import TESTS


@pytest.mark.parametrize("stop", [Process.interrupt, Process.terminate])
def test_prints_the_settings_for_darkroom_and_stops_on_a_signal(stop: Callable[[Process], None]) -> None:
    command = [sys.executable, "-m", "simulators.karlo", "--port", "0", "--api-key", "k"]
    with Process(command, folder=TESTS) as process:
        origin = process.wait_for(r"^Karlo is ready at (http://127\.0\.0\.1:\d+)$")[1]
        stop(process)
        assert process.wait() == 0

    assert re.findall(r"DARKROOM_\S+", process.stdout) == [
        "DARKROOM_GENERATORS=karlo",
        f"DARKROOM_KARLO_BASE_URL={origin}",
        "DARKROOM_KARLO_API_KEY=k",
        f"DARKROOM_KARLO_IMAGE_HOSTS={origin}",
    ]
