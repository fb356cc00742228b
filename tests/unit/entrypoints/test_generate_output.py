import asyncio
import io
import sys
from pathlib import Path

import pytest

from darkroom.adapters.in_memory.generator import tile
from darkroom.domain.model.errors import InvalidValue
from darkroom.entrypoints.commands.generate.files import make_writable, write_image
from darkroom.entrypoints.commands.generate.outcome import what_next
from darkroom.entrypoints.commands.generate.progress import progress

PNG = tile(16, 16, 0)


@pytest.mark.parametrize(
    ("prompt", "seed", "name"),
    [
        ("A fox, in the snow!", 7, "a-fox-in-the-snow-7.png"),
        ("눈 속의 여우", 7, "눈-속의-여우-7.png"),
        ("../../etc/passwd", 7, "etc-passwd-7.png"),
        ("...", None, "image.png"),
        ("word " * 20, 0, "word-word-word-word-word-word-word-word-0.png"),
    ],
)
def test_a_file_is_named_after_its_prompt_and_its_seed(
    tmp_path: Path, prompt: str, seed: int | None, name: str
) -> None:
    assert write_image(tmp_path, prompt=prompt, seed=seed, data=PNG) == tmp_path / name


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    names = [write_image(tmp_path, prompt="fox", seed=1, data=PNG).name for _ in range(3)]
    assert names == ["fox-1.png", "fox-1-2.png", "fox-1-3.png"]


def test_data_that_is_not_an_image_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue):
        write_image(tmp_path, prompt="fox", seed=1, data=b"<html>")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_created_and_the_write_test_leaves_nothing_in_it(tmp_path: Path) -> None:
    for _ in range(2):
        make_writable(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        ({"type": "/problems/outcome-unknown", "charged": "unknown"}, "may be charged again"),
        ({"type": "/problems/prompt-rejected", "charged": "unknown"}, "may be charged again"),
        ({"type": "/problems/unusable-image", "charged": "yes"}, "is charged again"),
        ({"type": "/problems/prompt-rejected", "charged": "yes"}, "is charged again"),
        ({"type": "/problems/gone", "charged": "yes"}, "is charged again"),
        ({"type": "/problems/storage-unavailable", "charged": "yes"}, "--idempotency-key the-key"),
        ({"type": "/problems/internal", "charged": "unknown"}, "--idempotency-key the-key"),
        ({"type": "/problems/overloaded", "charged": "unknown"}, "--idempotency-key the-key"),
        ({"charged": "unknown"}, "--idempotency-key the-key"),
    ],
)
def test_the_key_is_suggested_only_if_repeating_the_order_under_it_can_help(
    problem: dict[str, str], expected: str
) -> None:
    hint = what_next(problem, "the-key")
    assert expected in hint
    assert ("the-key" in hint) == ("the-key" in expected)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


async def test_progress_is_shown_and_then_erased(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    async with progress():
        while "drawing ... 0 s" not in terminal.getvalue():  # noqa: ASYNC110  # a terminal does not announce writes
            await asyncio.sleep(0)
    assert terminal.getvalue().endswith("\r\x1b[K")


async def test_no_progress_is_written_to_anything_but_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    async with progress():
        await asyncio.sleep(0)
    assert stream.getvalue() == ""
