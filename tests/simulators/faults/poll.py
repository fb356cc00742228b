"""Faults of polling for the state of a drawing, which each provider calls by another name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulators.faults import wire
from simulators.faults.fault import AnswerAct, AnyFault, Fault
from simulators.faults.json_answer import changing
from simulators.faults.paid_call import DEEP, HTML, NOT_TEXT


class OfPoll(Fault[AnswerAct]):
    """A fault that replaces the answer to a poll."""

    stage = "poll of a drawing"


def poll_with(name: str, sentence: str, **members: object) -> OfPoll:
    """Return a fault that sets members of a poll's answer."""
    return OfPoll(name, sentence, changing(lambda document: {**document, **members}))


def poll_without(name: str, sentence: str, member: str) -> OfPoll:
    """Return a fault that removes a member from a poll's answer."""
    return OfPoll(name, sentence, changing(without(member)))


def without(member: str) -> Callable[[dict[str, Any]], object]:
    return lambda document: {name: value for name, value in document.items() if name != member}


def _poll(name: str, sentence: str, act: AnswerAct, *reads: str) -> OfPoll:
    return OfPoll(f"poll-{name}", sentence, act, reads)


def polls(*statuses: int) -> tuple[AnyFault, ...]:
    """Return the faults of polls that all providers share, with one for each of the statuses."""
    return (
        *(
            _poll(str(status), f"{status} with a line of text.", wire.replying(b"No.\n", "text/plain", status))
            for status in statuses
        ),
        _poll("reset", "The connection is reset (RST) without a byte of an answer.", wire.reset),
        _poll("close", "The connection is closed (FIN) without a byte of an answer.", wire.close),
        _poll("not-http", "The answer is the greeting of an SSH server.", wire.not_http),
        _poll("black-hole", "The connection stays open, but no answer is sent.", wire.black_hole),
        _poll("cut-short", "Half of the answer, shorter than its Content-Length, then FIN.", wire.cut_short),
        _poll("oversized", "The answer and 300 MB of blanks, or `size` bytes, in chunks.", wire.oversized, "size"),
        _poll("gzip-bomb", "The answer and 300 MB of blanks, or `size` bytes, gzipped.", wire.gzip_bomb, "size"),
        _poll("redirect-elsewhere", "A 307, or the `status`, to another port.", wire.redirect_elsewhere, "status"),
        _poll("html", "200 with a page of HTML.", wire.replying(HTML, "text/html")),
        _poll("garbage", "200 with bytes that are not text.", wire.replying(NOT_TEXT, "application/json")),
        _poll("deep", "200 with JSON nested 100,000 deep.", wire.replying(DEEP, "application/json")),
    )
