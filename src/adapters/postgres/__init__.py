"""The Postgres database that ledger and spool share: connections, schema and errors."""
