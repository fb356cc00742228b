"""`python -m benchmarks.throughput`: measure and print the tables; `--write` writes the documentation."""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measuring import Plan, measure
from benchmarks.report import tables, write
from benchmarks.stand_ins import stand_ins
from benchmarks.systems import SYSTEMS, access_token
from servers.parts import PartMissing


def _plan(arguments: argparse.Namespace) -> Plan:
    in_flight = [int(number) for number in arguments.in_flight.split(",")]
    return Plan(in_flight, rounds=arguments.rounds, seconds=arguments.seconds)


def main() -> int:
    """Measure what was asked for; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=__doc__)
    parser.add_argument("--in-flight", default="1,8,32,128,512", help="orders at once, comma-separated")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured; medians are told")
    parser.add_argument("--seconds", type=float, default=6.0, help="length of one measurement")
    parser.add_argument("--only", default="", help="names of systems, comma-separated; left out: all")
    parser.add_argument("--write", action="store_true", help="write tables and plots into docs/")
    arguments = parser.parse_args()
    plan = _plan(arguments)
    names = arguments.only.split(",") if arguments.only else [system.name for system in SYSTEMS]
    systems = [system for system in SYSTEMS if system.name in names]
    try:
        # On the project's disk, so that the ledger and the spool really flush to it.
        with stand_ins() as both, TemporaryDirectory(prefix=".bench-", dir=Path.cwd()) as folder:
            measured = measure(systems, both, Path(folder), token=access_token(), plan=plan)
    except PartMissing as missing:
        print(f"SKIPPED, nothing was measured: {missing}")
        return 0
    print(f"\n{tables(measured, plan)}")
    if arguments.write:
        write(measured, plan)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
