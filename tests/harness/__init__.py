"""The service as its operator runs it, the clients that order from it, and the books that must agree afterwards.

`fleet` runs processes that are killed and started again, `caller` and `clients` order from them, `load` keeps several
at it, `books` compares what the provider charged, what the ledger says and what lies in storage, byte by byte.
`workshop` puts the pieces together.
"""
