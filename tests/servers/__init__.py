"""Real servers for the tests, started and stopped by them: an S3 server, PostgreSQL, a proxy with faults, the service.

Whoever starts one stops it: each is a context manager. All listen on the loopback interface only. `servers.fixtures`
hands the expensive ones to the tests, one of each for a pytest worker.
"""
