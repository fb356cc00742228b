"""The ledger for several machines: a Postgres database, shared by all of them."""

from adapters.ledgers.postgres.ledger import PostgresGenerationLedger, open_postgres_ledger

__all__ = ["PostgresGenerationLedger", "open_postgres_ledger"]
