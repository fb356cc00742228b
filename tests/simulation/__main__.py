"""`python -m simulation FIRST [COUNT]`: repeat stories, and print which of them break a promise."""

import logging
import sys

from simulation.story import simulate

logging.disable(logging.CRITICAL)
first, count = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
broken = 0
for seed in range(first, first + count):
    try:
        simulate(seed)
    except AssertionError as promise:
        broken += 1
        sys.stdout.write(f"{seed}: {promise}\n")
sys.stdout.write(f"{count - broken} of {count} stories hold every promise\n")
sys.exit(broken > 0)
