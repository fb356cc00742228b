"""Compares the provider's charges, the ledger, the storage, and the answers that clients received."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from darkroom.adapters.marks.files import stated_in_xmp
from darkroom.adapters.marks.statement import Statement
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import MediaSource
from harness.caller import Answer, Generation, Image
from harness.orders import Order
from servers.s3 import S3Server
from simulators.karlo.order import KarloOrder

NOTHING_SPENT: Final = frozenset({"refused", "cancelled"})


class _Line(msgspec.Struct):
    body: KarloOrder


def charges_in(file: Path) -> dict[str, list[KarloOrder]]:
    """Return the orders that the provider charged, by prompt."""
    charges = defaultdict[str, list[KarloOrder]](list)
    for line in file.read_bytes().splitlines() if file.exists() else ():
        order = msgspec.json.decode(line, type=_Line).body
        charges[order.prompt].append(order)
    return charges


def digests(waiting: Mapping[str, bytes]) -> dict[str, str]:
    """Return the SHA-256 of each file of a spool, in hexadecimal, by name."""
    return {name: hashlib.sha256(data).hexdigest() for name, data in waiting.items()}


@dataclass(slots=True)
class Findings:
    """The result of a comparison. `faults` lists, for each broken promise, a line for each affected order."""

    orders: int = 0
    charges: int = 0
    images: int = 0
    set_aside: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    faults: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


class Books:
    """Compares everything that is known at the end of a test.

    Args:
        charges: The file in which the provider recorded its charges.
        bucket: The storage of the images.
        generations: The generations in the ledger.
    """

    def __init__(self, charges: Path, bucket: S3Server, generations: Sequence[Generation]) -> None:
        self._charges = charges_in(charges)
        self._bucket = bucket
        self._by_id = {generation.id: generation for generation in generations}
        self._by_prompt = defaultdict[str, list[Generation]](list)
        for generation in generations:
            self._by_prompt[generation.prompt].append(generation)
        self.findings = Findings(
            orders=len(self._by_prompt),
            charges=sum(map(len, self._charges.values())),
            images=sum(len(generation.images) for generation in generations),
            problems=Counter(f"{one.state}: {one.problem}" for one in generations if one.problem),
            outcomes=Counter(generation.state for generation in generations),
        )

    async def compare(
        self,
        *,
        answers: Iterable[tuple[Order, Answer]] = (),
        promised: Iterable[str] = (),
        seen_in_spool: Mapping[str, str] | None = None,
        left_in_spool: Iterable[str] = (),
        evidence: Collection[str] = (),
    ) -> Findings:
        """Compare everything, and return the findings.

        Args:
            answers: Orders with the answers that clients received.
            promised: Ids of generations that must have been drawn.
            seen_in_spool: Digests of images that once waited in a spool, by name.
            left_in_spool: Names of images that still wait there.
            evidence: Digests of the evidence.
        """
        self._compare_money()
        await asyncio.to_thread(self._compare_storage)
        for name, digest in (seen_in_spool or {}).items():
            self._compare_spooled(name, digest, evidence)
        for name in left_in_spool:
            self._fault("left in the spool", name)
        for order, answer in answers:
            self._compare_answer(order, answer)
        for id_ in promised:
            if self._by_id[id_].state in NOTHING_SPENT:
                self._fault("promised and not drawn", id_)
        return self.findings

    def kept(self, prompt: str) -> Generation | None:
        """Return the generation that an order's key stands for at the end; None if there is none."""
        kept = [generation for generation in self._by_prompt[prompt] if generation.state not in NOTHING_SPENT]
        if len(kept) > 1:
            self._fault("ordered twice", prompt)
        return kept[0] if kept else None

    def _compare_money(self) -> None:
        for prompt in self._charges.keys() - self._by_prompt.keys():
            self._fault("charged and not in the ledger", prompt)
        for prompt in self._by_prompt.keys() | self._charges.keys():
            paid, kept = len(self._charges.get(prompt, ())), self.kept(prompt)
            if paid > 1:
                self._fault("charged twice", prompt)
            if paid and kept is None:
                self._fault("charged, and said to cost nothing", prompt)
            if kept and kept.state in ("drawn", "stored", "unusable") and not paid:
                self._fault("said to be charged, and was not", prompt)

    def _compare_storage(self) -> None:
        expected: list[tuple[Image, KarloOrder]] = []
        for prompt, generations in self._by_prompt.items():
            for generation in generations:
                if not generation.final:
                    self._fault("unfinished", f"{generation.id} is {generation.state}")
                elif generation.state == "unusable":
                    self._fault("lost", f"{generation.id}: {generation.problem}")
                for order in self._charges.get(prompt, ())[:1]:
                    if generation.state == "stored" and [image.seed for image in generation.images] != order.seeds():
                        self._fault("lost", f"{generation.id} has {len(generation.images)} of {order.samples} images")
                    expected += ((image, order) for image in generation.images)
        keys = {image.key for image, _ in expected}
        previews = {f"{key.rpartition('.')[0]}.preview.webp" for key in keys}
        # A process that was killed while it started leaves the object with which it tries the bucket.
        stored = set(self._bucket.keys())
        tried = {key for key in stored if key.rpartition("/")[2].startswith("check-")}
        for key in stored - keys - previews - tried:
            self._fault("in storage and not in the ledger", key)
        with ThreadPoolExecutor(4) as threads:
            for fault in threads.map(lambda pair: self._flaw(*pair), expected):
                if fault:
                    self._fault(*fault)

    def _flaw(self, image: Image, order: KarloOrder) -> tuple[str, str] | None:
        picture = order.picture(image.seed)
        try:
            stored = self._bucket.get(image.key)
        except KeyError:
            return "lost", f"nothing lies at {image.key}"
        said = Statement(source=MediaSource.TRAINED, generator="karlo", model=order.version, seed=image.seed)
        marked = stated_in_xmp(picture.encoded(), MediaType(picture.media_type), said)
        if stored.body != marked or stored.content_type != picture.media_type:
            return "corrupt", image.key
        return None

    def _compare_spooled(self, name: str, digest: str, evidence: Collection[str]) -> None:
        generation = self._by_id.get(name.partition(".")[0])
        stored = [self._bucket.get(image.key).body for image in generation.images] if generation else []
        if digest in {hashlib.sha256(body).hexdigest() for body in stored}:
            return
        if digest in evidence:
            # The machine died before the image was recorded as drawn, and another machine has ended the generation.
            self.findings.set_aside += 1
        else:
            self._fault("spooled and lost", f"{name} of {generation}")

    def _compare_answer(self, order: Order, answer: Answer) -> None:
        kept = self.kept(order.prompt)
        state = {"images": "stored", "outcome-unknown": "unknown"}[answer.kind]
        if kept is None or kept.state != state or kept.images != answer.images:
            self._fault("answered otherwise", f"{order.key}: {answer}, and it is {kept}")

    def _fault(self, promise: str, what: str) -> None:
        self.findings.faults[promise].append(what)
