"""`python -m benchmarks.tls`: as `benchmarks.throughput`, with the provider and S3 reached by TLS."""

from benchmarks.throughput import main

if __name__ == "__main__":
    only = "durable floor,bare floor,Darkroom,Darkroom again,naive"
    raise SystemExit(main("tls", tls=True, in_flight="1,32,128", only=only))
