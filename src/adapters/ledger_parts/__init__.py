"""What every ledger needs, whatever it writes to: how an order counts, what it is held to, how it lies in a row."""
