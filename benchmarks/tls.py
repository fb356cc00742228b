"""`python -m benchmarks.tls`: like `benchmarks.throughput`, with TLS to the provider and S3, for systems that store."""

from typing import Final

from benchmarks.throughput import main

_SYSTEMS: Final = "durable floor,bare floor,Darkroom,Darkroom again,naive"

if __name__ == "__main__":
    raise SystemExit(main("tls", tls=True, in_flight="1,32,128", only=_SYSTEMS))
