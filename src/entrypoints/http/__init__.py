"""The HTTP entry point: turns requests into calls of the use cases, and their outcomes into answers."""
