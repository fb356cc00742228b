"""What cannot be used is kept for the operator, for as long as its generation may be."""

import json
from typing import Final

from darkroom.domain.model.errors import Evidence
from darkroom.domain.model.generation import Generation
from darkroom.domain.ports import GenerationLedger, ImageSpool

QUOTING: Final = "prompt"
"""A part of the names of evidence in which a prompt may be quoted."""


def aside_name(generation: Generation, evidence: bytes | Evidence) -> str:
    """The name under which evidence is set aside: it says whether a prompt may be quoted there."""
    request = generation.request
    prompts = [prompt.value for prompt in (request.prompt, request.negative_prompt) if prompt]
    forms = [form for prompt in prompts for form in (prompt.encode(), json.dumps(prompt)[1:-1].encode())]
    quoted = not isinstance(evidence, bytes) or any(form in evidence for form in forms)
    return f"{generation.id}.{QUOTING}" if quoted else generation.id


async def sweep_evidence(spool: ImageSpool, ledger: GenerationLedger) -> int:
    """Remove evidence whose generation was erased, or whose prompts are forgotten that it may quote; returns how much.

    Raises:
        StorageFault, LedgerUnavailable: not now; nothing is lost.
    """
    removed = 0
    for name in await spool.aside_names():
        generation = await ledger.find(name.partition(".")[0])
        if generation is None:
            continue
        if generation.erased_at or (QUOTING in name.split(".") and not generation.prompts_kept):
            await spool.remove_aside(name)
            removed += 1
    return removed
