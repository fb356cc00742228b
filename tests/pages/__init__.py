"""Generates pages and tables of `docs/` from the code, so that they cannot differ from it."""
