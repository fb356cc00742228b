"""Writes many rows in one round trip and one commit."""

from collections.abc import Sequence

import asyncpg

from darkroom.adapters.batches import Batches
from darkroom.adapters.postgres.database import PostgresDatabase
from darkroom.adapters.postgres.faults import faults_as, spoils_all
from darkroom.domain.model.errors import LedgerUnavailable

Row = tuple[object, ...]
Contended = tuple[str, ...]


class Writer:
    """Group commit: rows that arrive while a batch is being written form the next batch.

    The statement is executed for each row of a batch, in one transaction. Its parameters are the row's values and the
    row's position in the batch; it MUST return that position if it wrote the row.
    """

    def __init__(self, database: PostgresDatabase, statement: str) -> None:
        self._database, self._statement = database, statement
        self._writing: Batches[tuple[Contended, Row], bool] = Batches(self._write)

    async def write(self, row: Row, *, contended: Contended = ()) -> bool:
        """Return whether the row was written. If not, the caller MUST write it alone, which shows the reason.

        `contended` names what the statement may wait for. Rows are written in the order of these names, so that two
        processes do not deadlock.

        Raises:
            LedgerUnavailable: the database does not answer.
        """
        return await self._writing((contended, row))

    async def close(self) -> None:
        """Write everything that is queued."""
        await self._writing.close()

    async def _write(self, batch: Sequence[tuple[Contended, Row]]) -> Sequence[bool]:
        in_order = sorted(range(len(batch)), key=lambda place: batch[place][0])
        rows = [(*batch[place][1], place) for place in in_order]
        with faults_as(LedgerUnavailable, "the ledger cannot be written now"):
            try:
                async with self._database.session() as session:
                    written = {place for (place,) in await session.fetchmany(self._statement, rows)}
            except asyncpg.PostgresError as fault:  # perhaps because of one row; the whole batch is rolled back
                if spoils_all(fault):
                    raise
                written = set()
        return [place in written for place in range(len(batch))]
