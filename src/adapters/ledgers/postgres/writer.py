"""Many rows in one round trip and one commit."""

from collections.abc import Sequence

import asyncpg

from darkroom.adapters.batches import Batches
from darkroom.adapters.postgres.database import PostgresDatabase
from darkroom.adapters.postgres.faults import faults_as, spoils_all
from darkroom.domain.model.errors import LedgerUnavailable

Row = tuple[object, ...]
Contended = tuple[str, ...]


class Writer:
    """Group commit: what waits while one batch is on its way goes into the next one together.

    The statement is executed for each row, all of it in one transaction. It takes the row and, as its last parameter,
    the row's place, and MUST give the place back where it wrote the row.
    """

    def __init__(self, database: PostgresDatabase, statement: str) -> None:
        self._database, self._statement = database, statement
        self._writing: Batches[tuple[Contended, Row], bool] = Batches(self._write)

    async def write(self, row: Row, *, contended: Contended = ()) -> bool:
        """Whether it was written. If not, it MUST be tried alone, which delays no other row and says why.

        `contended` names what the statement may have to wait for. Rows are written in the order of these names, so
        that no two processes wait for each other.

        Raises:
            LedgerUnavailable: the database does not answer.
        """
        return await self._writing((contended, row))

    async def close(self) -> None:
        """Write what waits."""
        await self._writing.close()

    async def _write(self, batch: Sequence[tuple[Contended, Row]]) -> Sequence[bool]:
        in_order = sorted(range(len(batch)), key=lambda place: batch[place][0])
        rows = [(*batch[place][1], place) for place in in_order]
        with faults_as(LedgerUnavailable, "the ledger cannot be written just now"):
            try:
                async with self._database.session() as session:
                    written = {place for (place,) in await session.fetchmany(self._statement, rows)}
            except asyncpg.PostgresError as fault:  # for the sake of one, perhaps; all of the batch is undone
                if spoils_all(fault):
                    raise
                written = set()
        return [place in written for place in range(len(batch))]
