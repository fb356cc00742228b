"""A job as ComfyUI describes it, and what each end of it means."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self
from urllib.parse import urlencode
from uuid import UUID, uuid5

from darkroom.domain.model.errors import DrawingFailed, GeneratorUnavailable, OutcomeUnknown, UnusableImage
from darkroom.domain.model.progress import Progress

_ORDERS: Final = UUID("5f8c1f0e-6d0f-4c1e-9b1f-7a4d2f6f0c3a")
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_. ]{0,63}")
_LONGEST_NAME: Final = 512


def job_id(version: str, key: str) -> str:
    """The id of the job for a key: a UUID, as ComfyUI asks for, and always the same one."""
    return str(uuid5(_ORDERS, f"{version}\n{key}"))


def read_job_id(reference: bytes) -> str | None:
    """The id of a job, if it is one."""
    text = reference.decode("ascii", errors="replace")
    return text if _ID.fullmatch(text) else None


class File(NamedTuple):
    """A file that `/view` hands out."""

    filename: str
    subfolder: str
    type: str

    @property
    def path(self) -> str:
        """Where it is handed out, its query included."""
        return f"/view?{urlencode(self._asdict())}"


@dataclass(frozen=True, slots=True)
class Job:
    """What is said of a job; empty if nothing is. `missing` says that ComfyUI does not know it."""

    document: Mapping[str, Any]
    missing: bool = False

    @classmethod
    def of_history(cls, entry: Mapping[str, Any]) -> Self:
        """From an entry of the history, which holds jobs that have ended."""
        told = entry.get("status")
        status: Mapping[str, Any] = told if isinstance(told, dict) else {}
        errors = [data for name, data in _messages(status) if name == "execution_error"]
        interrupted = any(name == "execution_interrupted" for name, _ in _messages(status))
        failed = "cancelled" if interrupted else "failed"
        return cls(
            {
                "status": failed if status.get("status_str") == "error" else "completed",
                "outputs": entry.get("outputs"),
                "execution_error": errors[-1] if errors else None,
            }
        )

    @property
    def known(self) -> bool:
        """Whether ComfyUI has it."""
        return bool(self.document)

    @property
    def ended(self) -> bool:
        """Whether it will not change any more, as far as ComfyUI says."""
        return self.document.get("status") in ("completed", "failed", "cancelled")

    def file(self, output: str, *, paid: bool) -> File:
        """The image that a node has saved; if it has saved several, the first.

        Raises:
            DrawingFailed: it ended without one; the class says why, and what is known of the money.
        """
        if self.document.get("status") != "completed":
            raise self._failure(paid=paid)
        outputs = self.document.get("outputs")
        node = outputs.get(output) if isinstance(outputs, dict) else None
        images = node.get("images") if isinstance(node, dict) else None
        image = images[0] if isinstance(images, list) and images else None
        told = [image.get(field, "") for field in File._fields] if isinstance(image, dict) else []
        if not told or not told[0] or not all(isinstance(name, str) and len(name) <= _LONGEST_NAME for name in told):
            raise UnusableImage(
                "the job ended, and the node that saves its image has saved none", evidence=self._evidence
            )
        return File(*told)

    @property
    def said(self) -> object:
        """What it says of why it failed."""
        error = self.document.get("execution_error")
        return error.get("exception_message") if isinstance(error, dict) else None

    def _failure(self, *, paid: bool) -> DrawingFailed:
        if self.document.get("status") == "cancelled":
            detail = "the job was taken back before it ended"
        else:
            error = self.document.get("execution_error")
            told = [error.get(name) for name in ("node_type", "exception_type")] if isinstance(error, dict) else []
            names = [name for name in told if isinstance(name, str) and _NAME.fullmatch(name)]
            detail = f"the workflow failed while it ran{': ' if names else ''}{', '.join(names)}"
        return not_drawn(detail, paid=paid, evidence=self._evidence)

    @property
    def _evidence(self) -> bytes:
        # The workflow and what its nodes were given are left out: prompts are not for the evidence to keep.
        error = self.document.get("execution_error")
        kept = ("node_id", "node_type", "exception_type", "exception_message")
        said = {name: error.get(name) for name in kept} if isinstance(error, dict) else None
        told = {"status": self.document.get("status"), "outputs": self.document.get("outputs"), "execution_error": said}
        return json.dumps(told).encode()


def not_drawn(detail: str, *, paid: bool, evidence: bytes = b"") -> DrawingFailed:
    """A job that gave nothing: free, unless its workflow has nodes that cost money."""
    return (OutcomeUnknown if paid else GeneratorUnavailable)(detail, evidence=evidence)


def read_place(queue: Mapping[str, Any], job: str) -> Progress | None:
    """The place of a job in the queue, 0 while it runs; None if it is not there."""
    running, pending = (_numbered(queue.get(name)) for name in ("queue_running", "queue_pending"))
    if job in running:
        return Progress(position=0)
    if job not in pending:
        return None
    return Progress(position=1 + sum(number < pending[job] for number in pending.values()))


def _numbered(entries: object) -> dict[str, float]:
    """By its id, the number that a job waits under."""
    found = entries if isinstance(entries, list) else []
    return {
        entry[1]: entry[0]
        for entry in found
        if isinstance(entry, list) and entry[1:] and isinstance(entry[0], int | float) and isinstance(entry[1], str)
    }


def _messages(status: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    messages = status.get("messages")
    return [
        (entry[0], entry[1])
        for entry in (messages if isinstance(messages, list) else [])
        if isinstance(entry, list) and entry[1:] and isinstance(entry[0], str) and isinstance(entry[1], dict)
    ]
