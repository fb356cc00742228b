"""Adapters of all ports in memory, for tests and experiments."""
