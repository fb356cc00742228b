"""The embedded ledger: one SQLite file, shared by the worker processes of one machine."""

from darkroom.adapters.ledgers.sqlite.ledger import SQLiteGenerationLedger, open_sqlite_ledger

__all__ = ["SQLiteGenerationLedger", "open_sqlite_ledger"]
