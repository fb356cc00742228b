"""`darkroom ledger`."""

import argparse
import asyncio

from darkroom.entrypoints.container.backups import Upgrade, end_what_may_have_left, upgrade_ledger
from darkroom.entrypoints.container.ledgers import make_new_ledger
from darkroom.entrypoints.settings import Settings


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: the actions `new`, `upgrade` and `restored`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("new", help="make an empty ledger in SQLite at its place")
    upgrade = actions.add_parser("upgrade", help="bring the ledger's schema up to date, as the next start would")
    upgrade.add_argument(
        "--dry-run", action="store_true", help="change nothing: try it on a copy of a ledger in SQLite"
    )
    actions.add_parser(
        "restored", help="after pg_restore: end the orders that may have been sent to the provider after the dump"
    )
    parser.epilog = (
        "The service does not start with a new ledger beside images or a spool: if the old one was lost, keys are free "
        "again and images are unknown. `new` says that a new one is meant."
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Make, upgrade or fix up a ledger; return the exit status."""
    if arguments.action == "new":
        print(f"a new ledger was made at {asyncio.run(make_new_ledger(settings))}")
    elif arguments.action == "restored":
        ended = asyncio.run(end_what_may_have_left(settings))
        print(f"ended as unknown, as they may have been sent to the provider after the dump: {ended}")
    else:
        print(_told(asyncio.run(upgrade_ledger(settings, dry_run=arguments.dry_run)), dry_run=arguments.dry_run))
    return 0


def _told(upgrade: Upgrade, *, dry_run: bool) -> str:
    if upgrade.before == upgrade.after:
        return f"{upgrade.where} is up to date, at version {upgrade.after}"
    if not dry_run:
        return f"{upgrade.where} was brought from version {upgrade.before} to {upgrade.after}"
    steps = f"{upgrade.where} is at version {upgrade.before} and would be brought to {upgrade.after}"
    if upgrade.seconds is None:
        return f"{steps}; nothing was tried, as that would lock its tables"
    return f"{steps}, which took {upgrade.seconds:.1f} s on a copy"
