"""The ports, watched: each decorator is the same port, and reports its calls to a watcher."""
