"""A generator from outside raises its own exceptions: each is shown as the problem of its base class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest

from integration.cli.command_line import CommandLine
from servers.darkroom import Darkroom

# The prompt names the exception, and when to raise it: when asked, or when the images are collected.
SOURCE: Final = '''
from contextlib import asynccontextmanager
from darkroom.adapters.in_memory.generator import WIDEST_CARD
from darkroom.domain.model.errors import (
    Charged, DrawingFailed, GeneratorRefused, GeneratorUnavailable, OutcomeUnknown, PromptRejected, UnusableImage,
)
from darkroom.domain.ports import ImageGenerator, Receipt


class Crowded(GeneratorUnavailable):
    def __init__(self, *, queue, wait):
        super().__init__(f"{queue} wait before it", retry_after=wait)
        self.queue = queue


class Rude(PromptRejected):
    """Calls no constructor of ours."""

    def __init__(self, words, score):
        Exception.__init__(self, words, score)

    def __str__(self):
        return "not these words"


class Locked(GeneratorRefused):
    def __init__(self):
        self.detail = "the account is locked"


class Dear(UnusableImage):
    def __init__(self, a, b, c, d):
        super().__init__("paid, and torn")
        self.retry_after = "tomorrow"


class Torn(OutcomeUnknown):
    code = "torn-outside"

    def __new__(cls, sock, *, peer):
        return super().__new__(cls)

    def __init__(self, sock, *, peer):
        super().__init__(f"{peer} hung up")


class Bent(GeneratorUnavailable):
    """Holds anything anywhere."""

    evidence = further_evidence = provider_message = 42
    detail = 7

    def __init__(self):
        pass

    @property
    def retry_after(self):
        raise RuntimeError("ask later")

    def __str__(self):
        raise RuntimeError("no words")


class Odd(DrawingFailed):
    """Inherits none of our kinds, and says what it cost in a way of its own."""

    code = "odd"
    charged = "perhaps"

    def __init__(self, one, two):
        super().__init__(one + two)


class Unpicklable(Exception):
    def __init__(self, a, b):
        raise TypeError("not even this")


FAULTS = {
    "crowded": lambda: Crowded(queue=7, wait=12.3),
    "rude": lambda: Rude(["x"], 0.9),
    "locked": lambda: Locked(),
    "dear": lambda: Dear(1, 2, 3, 4),
    "torn": lambda: Torn(None, peer="it"),
    "bent": lambda: Bent(),
    "odd": lambda: Odd("o", "dd"),
    "unpicklable": lambda: Unpicklable(1, 2),
}


class Mine(ImageGenerator):
    cards = (WIDEST_CARD,)

    async def submit(self, request, key):
        when, _, name = request.prompt.value.partition(" ")
        if when == "asked":
            raise FAULTS[name]()
        return Receipt(b"here")

    async def collect(self, request, receipt):
        raise FAULTS[request.prompt.value.partition(" ")[2]]()
        yield


@asynccontextmanager
async def opened(_):
    yield Mine()
'''

EXPECTED: Final[dict[str, tuple[int, str, str, str]]] = {
    "asked crowded": (503, "generator-unavailable", "no", "7 wait before it"),
    "asked rude": (400, "prompt-rejected", "no", "not these words"),
    "asked locked": (502, "generator-refused", "no", "the account is locked"),
    "asked dear": (502, "unusable-image", "yes", "paid, and torn"),
    "asked torn": (502, "outcome-unknown", "unknown", "it hung up"),
    "asked bent": (503, "generator-unavailable", "no", "7"),
    "asked odd": (500, "internal", "unknown", "odd"),
    "asked unpicklable": (502, "outcome-unknown", "unknown", "the generator had an internal error"),
    "collected rude": (400, "prompt-rejected", "no", "not these words"),
    "collected locked": (502, "generator-refused", "no", "the account is locked"),
    "collected dear": (502, "unusable-image", "yes", "paid, and torn"),
    "collected torn": (502, "outcome-unknown", "unknown", "it hung up"),
    "collected odd": (500, "internal", "unknown", "odd"),
}


@pytest.fixture
def darkroom(shell: CommandLine) -> Darkroom:
    installed = shell.folder / "installed"
    about = installed / "mine-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1\n", encoding="utf-8")
    (about / "entry_points.txt").write_text("[darkroom.generators]\nmine = mine:opened\n", encoding="utf-8")
    (installed / "mine.py").write_text(SOURCE, encoding="utf-8")
    return shell.serve(DARKROOM_GENERATORS="mine", PYTHONPATH=str(installed))


@pytest.fixture
def client(shell: CommandLine, darkroom: Darkroom) -> Iterator[httpx.Client]:
    token = shell.run("token").stdout.strip()
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{darkroom.port}", headers=headers, timeout=60) as client:
        yield client


def told(problem: dict[str, Any]) -> tuple[str, str, str]:
    return problem["type"].removeprefix("/problems/"), problem["charged"], problem["detail"]


def test_each_is_the_problem_of_its_base_class_and_the_history_stays_readable(client: httpx.Client) -> None:
    answers = {}
    for prompt in EXPECTED:
        order = {"version": "memory", "prompt": prompt, "width": 64, "height": 64}
        answers[prompt] = client.post("/api/images", json=order, headers={"Idempotency-Key": prompt})

    assert {prompt: (one.status_code, *told(one.json())) for prompt, one in answers.items()} == EXPECTED
    assert answers["asked crowded"].headers["retry-after"] == "13"

    listed = client.get("/api/generations", params={"limit": 100})
    assert listed.status_code == 200, listed.text
    shown = {one["order"]["prompt"]: one for one in listed.json()["items"]}
    assert {prompt: told(one["problem"]) for prompt, one in shown.items()} == {
        prompt: expected[1:] for prompt, expected in EXPECTED.items()
    }
    for one in shown.values():
        assert client.get(f"/api/generations/{one['id']}").status_code == 200
