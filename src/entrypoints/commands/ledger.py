"""`darkroom ledger`."""

import argparse
import asyncio

from darkroom.entrypoints.container.ledgers import make_new_ledger
from darkroom.entrypoints.settings import Settings


def declare(parser: argparse.ArgumentParser) -> None:
    """Say what is meant."""
    parser.add_argument("action", choices=["new"], help="make an empty ledger in SQLite at its place")
    parser.epilog = (
        "The service does not start with a new ledger beside images or a spool: if the old one was lost, keys are free "
        "again and images are unknown. This command says that a new one is meant."
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Make it."""
    del arguments
    print(f"a new ledger lies at {asyncio.run(make_new_ledger(settings))}")
    return 0
