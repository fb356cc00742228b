"""`python -m benchmarks.tls`: like `benchmarks.floors`, with TLS to the provider and S3."""

from benchmarks.floors import FLOORS
from benchmarks.throughput import main

if __name__ == "__main__":
    raise SystemExit(main("tls", tls=True, in_flight="1,32,128", only=FLOORS))
