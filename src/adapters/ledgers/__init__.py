"""Where generations are written down: SQLite for one machine, Postgres for several."""
