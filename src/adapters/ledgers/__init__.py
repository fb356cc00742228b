"""Adapters of `GenerationLedger` and its companions: SQLite for one machine, Postgres for several."""
