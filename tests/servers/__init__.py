"""Real servers for the tests: an S3 server, PostgreSQL, a proxy with faults, the service itself, and others.

Each is a context manager that stops its server. All listen on the loopback interface only. `servers.fixtures` provides
the expensive ones, one of each for each pytest worker.
"""
