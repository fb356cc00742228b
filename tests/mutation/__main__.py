"""`python -m mutation N SEED`: try a sample of mutants against the fast tests, and list those that no test notices.

The sample is the same for the same seed and code. Earlier verdicts are read from `.mutants/`, so that an interrupted
run continues. Two mutants are tried at once, each with the tests that run the changed function.

A mutant that cannot be imported, or whose tests fail without it too, is not counted: another one replaces it.

The changed module is mutated while it is imported. The source files are not written, since the package installs them
from `src` under another name.
"""

from __future__ import annotations

import ast
import hashlib
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Final

from mutation.changes import changes
from mutation.reach import measured
from mutation.trial import ROOT, Verdict, judged

KEPT: Final = ROOT / ".mutants"
AT_ONCE: Final = 2
CHANGED: Final = (
    "src/domain/model",
    "src/domain/use_cases",
    "src/adapters/outbound_http",
    "src/adapters/ledgers/rows.py",
    "src/adapters/ledgers/sqlite/writes.py",
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one file; `digest` is the hash of the file."""

    file: str
    number: int
    line: int
    what: str
    digest: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} #{self.number}: {self.what}"


def mutants() -> Iterator[Mutant]:
    """Every mutant of the model, the use cases and the paid path."""
    files = {
        file for path in CHANGED for file in ([ROOT / path] if path.endswith(".py") else (ROOT / path).rglob("*.py"))
    }
    for file in sorted(files):
        source, name = file.read_bytes(), file.relative_to(ROOT).as_posix()
        digest = hashlib.sha256(source).hexdigest()[:16]
        for number, change in enumerate(changes(ast.parse(source))):
            yield Mutant(name, number, change.line, change.what, digest)


def main(sample: int, seed: int) -> int:
    """Try `sample` mutants, and return how many survived."""
    everything = list(mutants())
    order = iter(random.Random(seed).sample(everything, len(everything)))
    KEPT.mkdir(exist_ok=True)
    results = KEPT / f"verdicts-{seed}.jsonl"
    known = dict(json.loads(line) for line in results.read_text().splitlines()) if results.exists() else {}
    began, reach = time.monotonic(), measured(KEPT)

    def tried(mutant: Mutant) -> Verdict:
        name = f"{mutant.digest} {mutant}"
        if name not in known:
            known[name] = judged(f"{mutant.file}:{mutant.number}", reach.tests_of(mutant.file, mutant.line))
            if known[name] is not Verdict.UNCLEAR:
                with results.open("a") as file:
                    file.write(json.dumps([name, known[name]]) + "\n")
        return Verdict(known[name])

    verdicts: dict[Mutant, Verdict] = {}
    with ThreadPoolExecutor(AT_ONCE) as trying:
        while chosen := list(islice(order, sample - sum(verdict.counts for verdict in verdicts.values()))):
            verdicts |= dict(zip(chosen, trying.map(tried, chosen), strict=True))
    for mutant, verdict in sorted(verdicts.items(), key=str):
        if verdict is not Verdict.NOTICED:
            sys.stdout.write(f"{verdict}: {mutant}\n")
    count = Counter(verdicts.values())
    survived = sum(verdict.survives for verdict in verdicts.values())
    left_out = sum(count.values()) - survived - count[Verdict.NOTICED]
    noticed = f"{count[Verdict.NOTICED]} of {survived + count[Verdict.NOTICED]} mutants were noticed"
    took = f"{time.monotonic() - began:.0f} s"
    sys.stdout.write(f"{noticed}, of {len(everything)} that there are; {left_out} are not counted ({took})\n")
    return survived


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])) > 0)
