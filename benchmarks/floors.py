"""`python -m benchmarks.floors`: like `benchmarks.throughput`, for Darkroom and the systems it is compared with."""

from typing import Final

from benchmarks.throughput import main

FLOORS: Final = "durable floor,bare floor,Darkroom,Darkroom again,naive"

if __name__ == "__main__":
    raise SystemExit(main("floors", in_flight="1,8,32,128", only=FLOORS))
