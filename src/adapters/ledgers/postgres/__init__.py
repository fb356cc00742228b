"""The ledger for several machines: a Postgres database that all of them share."""

from darkroom.adapters.ledgers.postgres.issued_tokens import PostgresIssuedTokens
from darkroom.adapters.ledgers.postgres.ledger import PostgresGenerationLedger, open_postgres_ledger
from darkroom.adapters.ledgers.postgres.revoked_tokens import PostgresRevokedTokens

__all__ = ["PostgresGenerationLedger", "PostgresIssuedTokens", "PostgresRevokedTokens", "open_postgres_ledger"]
