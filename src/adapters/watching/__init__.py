"""Metrics and traces of what passes through the ports."""
