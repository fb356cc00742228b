"""The embedded ledger: one SQLite file that the processes of one machine share."""

from darkroom.adapters.ledgers.sqlite.ledger import SQLiteGenerationLedger, open_sqlite_ledger

__all__ = ["SQLiteGenerationLedger", "open_sqlite_ledger"]
