"""Decorators of ports that report calls to a watcher."""
