"""`darkroom usage`."""

import argparse
import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from darkroom.domain.model.limits import Usage
from darkroom.entrypoints.container.clock import now
from darkroom.entrypoints.container.ledgers import open_kept_records
from darkroom.entrypoints.settings import Settings

_COLUMNS = "{:10}  {:24}  {:20}  {:>8}  {:>8}  {:>8}  {:>8}  {}"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: the first day, and the format of the output."""
    parser.add_argument("--since", type=_day, help="from this day on (UTC), such as 2026-01-31; default: 30 days")
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print what was ordered, day by day; return the exit status."""
    first = arguments.since or now().date() - timedelta(days=30)
    rows = asyncio.run(_usage(settings, datetime.combine(first, time(), UTC)))
    if arguments.json:
        print(json.dumps([_as_json(row) for row in rows], indent=2))
        return 0
    print(_COLUMNS.format("day", "caller", "model", "ordered", "drawn", "kept", "unknown", "cost"))
    for row in rows:
        cost = f"{row.cost.amount:f} {row.cost.currency}" if row.cost else ""
        counts = (row.images, row.drawn, row.stored, row.unknown)
        print(_COLUMNS.format(f"{row.day}", row.caller, row.version, *counts, cost))
    return 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as fault:
        raise argparse.ArgumentTypeError("must be a day such as 2026-01-31") from fault


async def _usage(settings: Settings, since: datetime) -> Sequence[Usage]:
    async with open_kept_records(settings) as records:
        rows = await records.ledger.usage(since)
    return sorted(rows, key=lambda row: (row.day, row.caller, row.version))


def _as_json(row: Usage) -> dict[str, object]:
    cost = row.cost
    return {
        "day": row.day.isoformat(),
        "caller": row.caller,
        "version": row.version,
        "images": row.images,
        "drawn": row.drawn,
        "stored": row.stored,
        "unknown": row.unknown,
        "cost": {"amount": f"{cost.amount:f}", "currency": cost.currency} if cost else None,
    }
