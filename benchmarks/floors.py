"""`python -m benchmarks.floors`: as `benchmarks.throughput`, of Darkroom and what it is held to."""

from typing import Final

from benchmarks.throughput import main

FLOORS: Final = "durable floor,bare floor,Darkroom,Darkroom again,naive"

if __name__ == "__main__":
    raise SystemExit(main("floors", in_flight="1,8,32,128", only=FLOORS))
