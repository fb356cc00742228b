"""Jobs in ComfyUI's answers, and whether each outcome was charged."""

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
    """Return the id of the job for a version and key: always the same UUID."""
    return str(uuid5(_ORDERS, f"{version}\n{key}"))


def read_job_id(reference: bytes) -> str | None:
    """Return the job id in a receipt's reference; None if it is not one."""
    text = reference.decode("ascii", errors="replace")
    return text if _ID.fullmatch(text) else None


class File(NamedTuple):
    """A file that `/view` serves."""

    filename: str
    subfolder: str
    type: str

    @property
    def path(self) -> str:
        """The path of the file's URL, including the query."""
        return f"/view?{urlencode(self._asdict())}"


@dataclass(frozen=True, slots=True)
class Job:
    """The description of a job, empty if there is none; `missing`: ComfyUI reports that it does not know the job."""

    document: Mapping[str, Any]
    missing: bool = False

    @classmethod
    def of_history(cls, entry: Mapping[str, Any]) -> Self:
        """Convert an entry of `/history`, which lists ended jobs, to the form of `/api/jobs`."""
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
        """Whether ComfyUI knows the job."""
        return bool(self.document)

    @property
    def ended(self) -> bool:
        """Whether the reported status is final."""
        return self.document.get("status") in ("completed", "failed", "cancelled")

    def file(self, output: str, *, paid: bool) -> File:
        """Return the first image that the node `output` has saved; `paid`: whether the workflow costs money.

        Raises:
            DrawingFailed: there is none; the subclass gives the reason, `charged` whether money was spent.
        """
        if self.document.get("status") != "completed":
            raise self._failure(paid=paid)
        outputs = self.document.get("outputs")
        node = outputs.get(output) if isinstance(outputs, dict) else None
        images = node.get("images") if isinstance(node, dict) else None
        image = images[0] if isinstance(images, list) and images else None
        told = [image.get(field, "") for field in File._fields] if isinstance(image, dict) else []
        if not told or not told[0] or not all(isinstance(name, str) and len(name) <= _LONGEST_NAME for name in told):
            raise UnusableImage("the job ended, but the node that saves its image saved none", evidence=self._evidence)
        return File(*told)

    @property
    def said(self) -> object:
        """The exception message of a failed job; None if there is none."""
        error = self.document.get("execution_error")
        return error.get("exception_message") if isinstance(error, dict) else None

    def _failure(self, *, paid: bool) -> DrawingFailed:
        if self.document.get("status") == "cancelled":
            detail = "the job was cancelled before it ended"
        else:
            error = self.document.get("execution_error")
            told = [error.get(name) for name in ("node_type", "exception_type")] if isinstance(error, dict) else []
            names = [name for name in told if isinstance(name, str) and _NAME.fullmatch(name)]
            detail = f"the workflow failed while it ran{': ' if names else ''}{', '.join(names)}"
        return not_drawn(detail, paid=paid, evidence=self._evidence)

    @property
    def _evidence(self) -> bytes:
        # The workflow and the inputs of its nodes are left out: evidence must not keep prompts.
        error = self.document.get("execution_error")
        kept = ("node_id", "node_type", "exception_type", "exception_message")
        said = {name: error.get(name) for name in kept} if isinstance(error, dict) else None
        told = {"status": self.document.get("status"), "outputs": self.document.get("outputs"), "execution_error": said}
        return json.dumps(told).encode()


def not_drawn(detail: str, *, paid: bool, evidence: bytes = b"") -> DrawingFailed:
    """Return the error for a job without an image: free, or unknown if its workflow costs money."""
    return (OutcomeUnknown if paid else GeneratorUnavailable)(detail, evidence=evidence)


def read_place(queue: Mapping[str, Any], job: str) -> Progress | None:
    """Return the place of a job in the queue, 0 while it runs; None if it is not in the queue."""
    running, pending = (_numbered(queue.get(name)) for name in ("queue_running", "queue_pending"))
    if job in running:
        return Progress(position=0)
    if job not in pending:
        return None
    return Progress(position=1 + sum(number < pending[job] for number in pending.values()))


def _numbered(entries: object) -> dict[str, float]:
    """Return the queue number of each job by its id."""
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
