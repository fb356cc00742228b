"""`python -m mutation N SEED`: try a sample of mutants against the fast tests, and list those that no test notices.

The sample is the same for the same seed and code. What was tried before is read from `.mutants/`, so that a run which
was ended goes on where it stood. Two mutants are tried at once.

One module is changed as it is imported: nothing is written to the sources, which are installed from `src` under another
name.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mutation.changes import changes

ROOT: Final = Path(__file__).parents[2]
KEPT: Final = ROOT / ".mutants"
AT_ONCE: Final = 2
LONGEST: Final = 300  # seconds for the tests of one mutant: what hangs is noticed too

CORE: Final = ("tests/unit/domain", "tests/mutation/stories.py")
MONEY: Final = (*CORE, "tests/unit/ledgers", "tests/integration/http/test_usage_of_all.py")
TESTS: Final[dict[str, Sequence[str]]] = {
    "src/domain/model": MONEY,
    "src/domain/use_cases": CORE,
    "src/domain/use_cases/follow.py": ("tests/integration/http/test_events.py",),
    "src/domain/use_cases/keep.py": (*CORE, "tests/integration/http/test_generations.py"),
    "src/domain/use_cases/generate_images.py": (*CORE, "tests/integration/http/test_idempotency.py"),
    "src/domain/use_cases/evidence.py": (*CORE, "tests/unit/spools/test_evidence.py"),
    "src/domain/use_cases/previews.py": ("tests/unit/previews",),
    "src/adapters/outbound_http": ("tests/unit/provider_http",),
    "src/adapters/ledgers/rows.py": ("tests/unit/ledgers", "tests/integration/ledgers/test_contract.py"),
    "src/adapters/ledgers/sqlite/writes.py": ("tests/integration/ledgers/test_contract.py",),
}
"""The fast tests that hold a file or a folder: those of the longest path that a file begins with."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one file; `digest` is that of the file."""

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
        file for path in TESTS for file in ([ROOT / path] if path.endswith(".py") else (ROOT / path).rglob("*.py"))
    }
    for file in sorted(files):
        source, name = file.read_bytes(), file.relative_to(ROOT).as_posix()
        digest = hashlib.sha256(source).hexdigest()[:16]
        for number, change in enumerate(changes(ast.parse(source))):
            yield Mutant(name, number, change.line, change.what, digest)


def survives(mutant: Mutant | None) -> bool:
    """Whether all of its tests pass; None is the code as it is, with all tests."""
    if mutant is None:
        tests: set[str] = {test for those in TESTS.values() for test in those}
    else:
        tests = set(TESTS[max((path for path in TESTS if mutant.file.startswith(path)), key=len)])
    options = ["-q", "-x", "-p", "mutation.in_place", "-p", "no:cacheprovider", "-p", "no:randomly", "--timeout=60"]
    options += ["-m", "not long and not postgres"]
    environment = {**os.environ, "MUTANT": f"{mutant.file}:{mutant.number}" if mutant else "", "PYTHONPATH": "tests"}
    options += ["--deselect", "tests/unit/domain/test_parameters.py"]  # which is about edits of a copy of the code
    command = [sys.executable, "-m", "pytest", *options, *sorted(tests)]
    try:
        tried = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired:
        return False
    return tried.returncode == 0


def main(sample: int, seed: int) -> int:
    """Try so many, and return how many survived."""
    everything = list(mutants())
    chosen = random.Random(seed).sample(everything, min(sample, len(everything)))
    KEPT.mkdir(exist_ok=True)
    results = KEPT / f"{seed}.jsonl"
    known = dict(json.loads(line) for line in results.read_text().splitlines()) if results.exists() else {}
    if not survives(None):
        sys.stdout.write("the tests do not pass without a mutant\n")
        return 1

    def tried(mutant: Mutant) -> tuple[Mutant, bool]:
        name = f"{mutant.digest} {mutant}"
        if name not in known:
            known[name] = survives(mutant)
            with results.open("a") as file:
                file.write(json.dumps([name, known[name]]) + "\n")
        return mutant, known[name]

    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as trying:
        survivors = [mutant for mutant, lives in trying.map(tried, chosen) if lives]
    sys.stdout.writelines(f"survives: {mutant}\n" for mutant in sorted(survivors, key=str))
    noticed = len(chosen) - len(survivors)
    sys.stdout.write(
        f"{noticed} of {len(chosen)} mutants were noticed, of {len(everything)} that there are "
        f"({time.monotonic() - began:.0f} s)\n"
    )
    return len(survivors)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])) > 0)
