"""The entry points: the HTTP service and the command line, and the composition root."""
