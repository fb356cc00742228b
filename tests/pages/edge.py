"""The tables of `docs/security.md` on odd requests and slow clients. `make edge` measures them again."""

import asyncio
import platform
import re
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from integration.cli.command_line import CommandLine
from integration.edge.measuring import outcome
from integration.edge.patience import EACH, SLOW, CutOff, cut_off, served_meanwhile
from integration.edge.shapes import SHAPES

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
KEPT = 20  # seconds
BEGIN, END = "<!-- measured by `make edge` -->\n", "<!-- end of what is measured -->\n"


def shapes_in(page: str) -> dict[str, str]:
    """Return the outcome of each shape of request according to a page, by the name of the shape."""
    return dict(re.findall(r"^\| `(.+)` \| (.*) \|$", page, re.MULTILINE))


def measured(port: int, token: str) -> str:
    """Measure, and return both tables with the conditions of the measurement."""
    fates = [(shape.name, asyncio.run(outcome(port, token, shape))) for shape in SHAPES]
    cuts, asked, answered = asyncio.run(_slow(port, token))
    rows = "\n".join(f"| {cut.name} | {', '.join(sorted(cut.statuses))} | {cut.seconds:.0f} s |" for cut in cuts)
    return f"""
On {datetime.now(UTC):%Y-%m-%d} with Python {platform.python_version()}, uvicorn {metadata.version("uvicorn")} and
httptools {metadata.version("httptools")}.

{EACH} connections of each of these kinds at once, {len(cuts) * EACH} together. Another client asked {asked} times
meanwhile, and was answered {answered} times. `DARKROOM_KEEP_ALIVE` was {KEPT} s.

| what a client does | answer | cut off after |
|---|---|---|
{rows}

"refused" means that the guard refuses the request before the application sees it, and closes the connection. A bare
number is the application's answer; the connection can then be used for another request, unless it says "closed".

| shape of a request | what becomes of it |
|---|---|
""" + "".join(f"| `{name}` | {fate} |\n" for name, fate in fates)


async def _slow(port: int, token: str) -> tuple[Sequence[CutOff], int, int]:
    held = asyncio.gather(*(cut_off(port, token, kind) for kind in SLOW))
    asked, answered = await served_meanwhile(port, held)
    return await held, asked, answered


def main() -> None:
    """Start the service, measure, and write both tables into the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    with tempfile.TemporaryDirectory() as folder, CommandLine(Path(folder)) as shell:
        darkroom = shell.serve(DARKROOM_LOG_LEVEL="warning", DARKROOM_KEEP_ALIVE=str(KEPT))
        tables = measured(darkroom.port, shell.run("token").stdout.strip())
    PAGE.write_text(before + BEGIN + tables + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
