"""What is asked of the SQLite file."""

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
    """The generation that a row holds."""
    return decode(row, from_microseconds)


def find(connection: sqlite3.Connection, generation_id: str) -> Generation | None:
    """The generation of that id."""
    row = connection.execute(sql.FIND, (generation_id,)).fetchone()
    return row and generation_in(row)


def find_by_key(connection: sqlite3.Connection, caller: str, key: IdempotencyKey) -> Generation | None:
    """The generation that a caller's key stands for."""
    row = connection.execute(sql.FIND_BY_KEY, (caller, key.value)).fetchone()
    return row and generation_in(row)


def page(connection: sqlite3.Connection, caller: str, limit: int, before: str | None) -> Sequence[Generation]:
    """A caller's generations, newest first."""
    parameters = {"caller": caller, "limit": limit, "before": before}
    return [generation_in(row) for row in connection.execute(sql.PAGE, parameters)]


def look(connection: sqlite3.Connection, caller: str, before: str | None, limit: int) -> Sequence[sqlite3.Row]:
    """What a search looks at of a caller's rows, newest first."""
    return connection.execute(sql.LOOK, {"caller": caller, "limit": limit, "before": before}).fetchall()


def find_some(connection: sqlite3.Connection, ids: Sequence[str]) -> Sequence[Generation]:
    """The generations of these ids, newest first, without the erased ones."""
    return [generation_in(row) for row in connection.execute(sql.FIND_SOME, (json.dumps([*ids]),))]


def unfinished(connection: sqlite3.Connection, worker: str) -> Mapping[str, int]:
    """What a worker has not finished: the revisions by id."""
    return {row["id"]: row["revision"] for row in connection.execute(sql.UNFINISHED, (worker,))}


def other_workers(connection: sqlite3.Connection, worker: str) -> Sequence[str]:
    """Who else has something unfinished, or a call open."""
    return [row["worker"] for row in connection.execute(sql.OTHER_WORKERS, {"worker": worker})]


def abandoned(connection: sqlite3.Connection, dead: Collection[str], limit: int) -> Sequence[Generation]:
    """The oldest of what dead workers have not finished."""
    parameters = {"dead": json.dumps([*dead]), "limit": limit}
    return [generation_in(row) for row in connection.execute(sql.ABANDONED, parameters)]


def usage(connection: sqlite3.Connection, since: datetime, caller: str | None) -> Sequence[Usage]:
    """The account by caller, model and day."""
    rows = connection.execute(
        sql.USAGE if caller is None else sql.USAGE_OF_CALLER,
        {"since": to_microseconds(since), "hour": -(-to_microseconds(since) // _HOUR), "caller": caller},
    )
    return [usage_in(row, (datetime.fromtimestamp(0, UTC) + row["day"] * _DAY).date()) for row in rows]


def durations(connection: sqlite3.Connection, like: GenerationRequest) -> Sequence[timedelta]:
    """How long the latest orders of that kind took."""
    rows = connection.execute(sql.DURATIONS, {"version": like.version.value, "pixels": like.pixels})
    return [timedelta(microseconds=row["lasted"]) for row in rows]


def ahead_of(now: datetime) -> dict[str, object]:
    """The parameters by which what a wrong clock has dated ahead is found, and dated to `now`."""
    ahead = too_far_ahead(now)
    first = least_uuid7(int(ahead.timestamp() * 1000))
    return {"now": to_microseconds(now), "ahead": to_microseconds(ahead), "first": first}


def is_ahead(connection: sqlite3.Connection, now: datetime) -> bool:
    """Whether a wrong clock has dated something ahead."""
    return bool(connection.execute(sql.IS_AHEAD, ahead_of(now)).fetchone()[0])


def sweepable(
    connection: sqlite3.Connection, erase_before: datetime | None, forget_before: datetime | None
) -> Sequence[Generation]:
    """What is to be swept."""
    parameters = {"erase_before": to_microseconds(erase_before), "forget_before": to_microseconds(forget_before)}
    return [generation_in(row) for row in connection.execute(sql.SWEEPABLE, parameters)]


def outcomes(connection: sqlite3.Connection, after: str) -> Sequence[sqlite3.Row]:
    """Some of the documents that say what became of the generations after an id, in the order of their ids."""
    return connection.execute(sql.OUTCOMES, {"after": after}).fetchall()
