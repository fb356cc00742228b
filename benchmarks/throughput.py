"""`python -m benchmarks.throughput`: measure and print the tables; `--write` writes the documentation."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measuring import Plan, measure
from benchmarks.report import tables, write
from benchmarks.stand_ins import stand_ins
from benchmarks.systems import SYSTEMS, access_token
from servers.parts import PartMissing


def main(name: str = "throughput", *, tls: bool = False, in_flight: str = "1,8,32,128,512", only: str = "") -> int:
    """Measure the chosen systems and print the tables; return the exit status."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    parser.add_argument("--in-flight", default=in_flight, help="orders at once, comma-separated")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured; medians are reported")
    parser.add_argument("--seconds", type=float, default=6.0, help="length of one measurement")
    parser.add_argument("--only", default=only, help="names of systems, comma-separated; left out: all")
    parser.add_argument("--write", action="store_true", help="write tables and plots into docs/")
    arguments = parser.parse_args()
    at_once = [int(number) for number in arguments.in_flight.split(",")]
    plan = Plan(at_once, rounds=arguments.rounds, seconds=arguments.seconds)
    names = _names(arguments.only)
    systems = [system for system in SYSTEMS if system.name in names]
    try:
        # On the project's disk, so that flushes of the ledger and the spool take their real time.
        with stand_ins(tls=tls) as both, TemporaryDirectory(prefix=".bench-", dir=Path.cwd()) as folder:
            measured = measure(systems, both, Path(folder), token=access_token(), plan=plan)
    except PartMissing as missing:
        print(f"SKIPPED, nothing was measured: {missing}")
        return 0
    print(f"\n{tables(measured, plan)}")
    if arguments.write:
        write(measured, plan, command=f"make bench-{name}", plots=name == "throughput")
    return 0


def _names(only: str) -> Sequence[str]:
    return only.split(",") if only else [system.name for system in SYSTEMS]


if __name__ == "__main__":
    raise SystemExit(main())
