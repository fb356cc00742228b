"""Metrics and traces of the calls of ports."""
