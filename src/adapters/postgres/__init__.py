"""The Postgres database that the ledger and the spool share: its connections, its schema, its faults."""
