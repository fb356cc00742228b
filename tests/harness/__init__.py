"""Runs the service as an operator does, with clients that order, and compares the books afterwards.

`fleet` runs processes that are killed and restarted, `caller` and `clients` order from them, `load` keeps several
clients busy, and `books` compares the provider's charges, the ledger and the storage, byte by byte. `workshop` combines
them.
"""
