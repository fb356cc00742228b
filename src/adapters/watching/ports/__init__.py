"""The ports, watched: each decorator is the same port, and tells a watcher of the calls that go through it."""
