"""The load: wrk with one thread and a fixed number of orders in flight."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path
from typing import Final

from benchmarks.stand_ins import SIDE
from servers.parts import PartMissing
from servers.process import ProgramFailed

ORDER: Final = json.dumps(
    {"version": "v2.1", "prompt": "A lighthouse at dusk, oil on canvas", "width": SIDE, "height": SIDE, "seed": [1]}
)


@dataclass(frozen=True, slots=True)
class Call:
    """The request that the load repeats: a POST of JSON."""

    path: str
    body: str
    headers: Mapping[str, str]


def order(token: str) -> Call:
    """Return the request that orders an image from Darkroom."""
    return Call("/api/images", ORDER, {"Authorization": f"Bearer {token}"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a load: the answered requests, the duration in seconds, and latencies in milliseconds.

    Latencies are NaN if no request was answered.
    """

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """The requests per second."""
        return self.requests / self.seconds


def load(url: str, call: Call, *, in_flight: int, seconds: float) -> Outcome:
    """Repeat a request for the given seconds, with `in_flight` at once.

    Raises:
        PartMissing: wrk is not installed.
        ProgramFailed: an order was not answered with 200.
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        raise PartMissing("wrk", "makes the load: `make bench-parts` installs it")
    script = Path(__file__).with_name("order.lua")
    done = subprocess.run(  # noqa: S603  # our own arguments
        [wrk, "-t1", f"-c{in_flight}", f"-d{seconds:g}s", "--timeout=30s", "-s", script, f"{url}{call.path}"],
        env={
            **os.environ,
            "BENCH_BODY": call.body,
            "BENCH_HEADERS": "".join(f"{name}: {value}\n" for name, value in call.headers.items()),
        },
        capture_output=True,
        check=False,
        text=True,
    )
    try:
        said = json.loads(done.stdout.strip().rpartition("\n")[2])
    except ValueError as error:
        raise ProgramFailed(f"wrk: {done.stdout}{done.stderr}") from error
    if said.pop("refused") or said.pop("broken"):
        raise ProgramFailed(f"not every order was answered with 200: {done.stdout}")
    outcome = Outcome(**said)
    return outcome if outcome.requests else replace(outcome, p50_ms=nan, p99_ms=nan)
