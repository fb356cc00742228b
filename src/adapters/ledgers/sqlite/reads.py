"""The reads of the SQLite ledger, each on a given connection."""

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from darkroom.adapters.ledgers.rows import decode, usage_in
from darkroom.adapters.ledgers.sqlite import statements as sql
from darkroom.adapters.ledgers.sqlite.instants import from_microseconds, to_microseconds
from darkroom.domain.model.generation import Generation, GenerationRequest
from darkroom.domain.model.identifiers import least_uuid7
from darkroom.domain.model.limits import Usage, too_far_ahead
from darkroom.domain.model.values import IdempotencyKey

_DAY: Final = timedelta(days=1)
_HOUR: Final = 3_600_000_000  # microseconds


def generation_in(row: sqlite3.Row) -> Generation:
    """Return the generation in a row."""
    return decode(row, from_microseconds)


def find(connection: sqlite3.Connection, generation_id: str) -> Generation | None:
    """Return the generation of that id; None if there is none."""
    row = connection.execute(sql.FIND, (generation_id,)).fetchone()
    return row and generation_in(row)


def find_by_key(connection: sqlite3.Connection, caller: str, key: IdempotencyKey) -> Generation | None:
    """Return the generation that a caller's key stands for; None if the key is free."""
    row = connection.execute(sql.FIND_BY_KEY, (caller, key.value)).fetchone()
    return row and generation_in(row)


def page(connection: sqlite3.Connection, caller: str, limit: int, before: str | None) -> Sequence[Generation]:
    """Return up to `limit` of a caller's generations older than the id `before`, newest first."""
    parameters = {"caller": caller, "limit": limit, "before": before}
    return [generation_in(row) for row in connection.execute(sql.PAGE, parameters)]


def look(connection: sqlite3.Connection, caller: str, before: str | None, limit: int) -> Sequence[sqlite3.Row]:
    """Return the columns that a search needs of up to `limit` rows older than the id `before`, newest first."""
    return connection.execute(sql.LOOK, {"caller": caller, "limit": limit, "before": before}).fetchall()


def find_some(connection: sqlite3.Connection, ids: Sequence[str]) -> Sequence[Generation]:
    """Return the generations of these ids that are not erased, newest first."""
    return [generation_in(row) for row in connection.execute(sql.FIND_SOME, (json.dumps([*ids]),))]


def unfinished(connection: sqlite3.Connection, worker: str) -> Mapping[str, int]:
    """Return the revisions of a worker's unfinished generations, by id."""
    return {row["id"]: row["revision"] for row in connection.execute(sql.UNFINISHED, (worker,))}


def other_workers(connection: sqlite3.Connection, worker: str) -> Sequence[str]:
    """Return the other workers that have an unfinished generation or an open call."""
    return [row["worker"] for row in connection.execute(sql.OTHER_WORKERS, {"worker": worker})]


def abandoned(connection: sqlite3.Connection, dead: Collection[str], limit: int) -> Sequence[Generation]:
    """Return up to `limit` unfinished generations of dead workers, oldest first."""
    parameters = {"dead": json.dumps([*dead]), "limit": limit}
    return [generation_in(row) for row in connection.execute(sql.ABANDONED, parameters)]


def usage(connection: sqlite3.Connection, since: datetime, caller: str | None) -> Sequence[Usage]:
    """Return the usage since then by caller, model and day (UTC), of all callers if `caller` is None."""
    rows = connection.execute(
        sql.USAGE if caller is None else sql.USAGE_OF_CALLER,
        {"since": to_microseconds(since), "hour": -(-to_microseconds(since) // _HOUR), "caller": caller},
    )
    return [usage_in(row, (datetime.fromtimestamp(0, UTC) + row["day"] * _DAY).date()) for row in rows]


def durations(connection: sqlite3.Connection, like: GenerationRequest) -> Sequence[timedelta]:
    """Return how long recent similar orders took, as `GenerationLedger.durations`."""
    rows = connection.execute(sql.DURATIONS, {"version": like.version.value, "pixels": like.pixels})
    return [timedelta(microseconds=row["lasted"]) for row in rows]


def ahead_of(now: datetime) -> dict[str, object]:
    """Return the parameters of the statements that find rows dated ahead by a wrong clock, and redate them to `now`."""
    ahead = too_far_ahead(now)
    first = least_uuid7(int(ahead.timestamp() * 1000))
    return {"now": to_microseconds(now), "ahead": to_microseconds(ahead), "first": first}


def is_ahead(connection: sqlite3.Connection, now: datetime) -> bool:
    """Return whether a wrong clock has dated a generation or webhook ahead."""
    return bool(connection.execute(sql.IS_AHEAD, ahead_of(now)).fetchone()[0])


def sweepable(
    connection: sqlite3.Connection, erase_before: datetime | None, forget_before: datetime | None
) -> Sequence[Generation]:
    """Return the generations to be swept, as `GenerationLedger.sweepable`."""
    parameters = {"erase_before": to_microseconds(erase_before), "forget_before": to_microseconds(forget_before)}
    return [generation_in(row) for row in connection.execute(sql.SWEEPABLE, parameters)]


def outcomes(connection: sqlite3.Connection, after: str) -> Sequence[sqlite3.Row]:
    """Return up to 500 rows with `id` and `outcome`, of ids above `after`, in their order."""
    return connection.execute(sql.OUTCOMES, {"after": after}).fetchall()
