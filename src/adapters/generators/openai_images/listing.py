"""Free checks of an endpoint: whether it accepts the key, which models it has, and when they end."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import httpx

from darkroom.adapters.generators.openai_images.api import PAYS_AGAIN, ImagesAPI, is_litellm
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.adapters.outbound_http.free_calls import FreeCalls
from darkroom.domain.model.errors import GeneratorRefused, GeneratorUnavailable

_LONGEST: Final = 16 * 1024 * 1024  # bytes of a list of models
_REFUSES_KEY: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
# Names of fields with the day on which a model ends, of Azure, OpenRouter, Mistral and others.
_ENDS: Final = re.compile(r"(deprecat|retire|shut_?down|sunset|expir|end_of_life|eol|removal)", re.IGNORECASE)
_DAY: Final = re.compile(r"(20[0-9]{2}-[01][0-9]-[0-3][0-9])(?:[T ].*)?")
_SECONDS: Final = range(1_500_000_000, 4_500_000_000)  # Unix time, 2017 to 2112


@dataclass(frozen=True, slots=True)
class Listing:
    """Asks an endpoint about its models; `names` are the API's names of the declared ones, at least one."""

    api: ImagesAPI
    calls: FreeCalls
    names: Sequence[str]

    async def told(self) -> str:
        """Check the endpoint, and return the result as a sentence, for `check`.

        Raises:
            GeneratorUnavailable: the endpoint does not answer, or answers with a server error.
            GeneratorRefused: it refuses the key, or lacks a model.
        """
        answer = await self._asked("/models")
        entries = _entries(answer)
        one = answer if answer.is_success else await self._asked(f"/models/{quote(self.names[0], safe='')}")
        takes_key = answer.is_success or one.is_success
        if (
            entries
            and self._lists_what_is_called
            and (missing := [name for name in self.names if not _has(entries, name)])
        ):
            raise GeneratorRefused(f"the provider's list of models does not have {', '.join(missing)}")
        said = f"the Images API answers at {self.api.endpoint.base_url}"
        known = "does not refuse the key" if takes_key else "the key could not be tested: no free request is answered"
        notes = [
            *(f"{name} ends on {day}" for name, day in self._ends(entries)),
            *([f"the provider says that this API ends on {day}"] if (day := _sunset(answer)) else []),
            *([PAYS_AGAIN] if is_litellm(answer) else []),
        ]
        if not takes_key:
            known = f"{known} (HTTP {answer.status})"
        elif entries and self._lists_what_is_called:
            known += ", and has every model that is named" if len(self.names) > 1 else f", and has {self.names[0]}"
        else:
            known += "; it lists none of the names that are called, so they could not be compared"
        return "; ".join([f"{said} and {known}" if takes_key else f"{said}; {known}", *notes])

    async def _asked(self, path: str) -> Answer:
        request = httpx.Request("GET", self.api.url(path), headers=dict(self.api.headers))
        answer = await self.calls.send(request, longest=_LONGEST)
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise GeneratorUnavailable(f"the provider fails (HTTP {answer.status})")
        if answer.status in _REFUSES_KEY:
            raise GeneratorRefused(f"the provider refuses our key (HTTP {answer.status})")
        return answer

    @property
    def _lists_what_is_called(self) -> bool:
        # Azure lists the models that can be deployed, but calls name deployments.
        host = self.api.endpoint.url("/").host
        return not host.endswith((".azure.com", ".azure.us", ".azure.cn")) and "api-version=" not in self.api.query

    def _ends(self, entries: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
        for name in self.names:
            if entry := entries.get(name):
                days = sorted(_days(entry))
                if days:
                    yield name, days[0]


def _entries(answer: Answer) -> dict[str, Mapping[str, Any]]:
    """Return the listed models by id; empty if there is no list."""
    listed = answer.document().get("data") if answer.is_success else None
    entries = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return {one["id"]: one for one in entries if isinstance(one.get("id"), str)}


def _has(entries: Mapping[str, object], name: str) -> bool:
    return name in entries or any("*" in listed and fnmatchcase(name, listed) for listed in entries)


def _days(said: object, *, ends: bool = False) -> Iterator[str]:
    """Yield the days on which a model ends, from its entry; `ends`: whether the enclosing field is about that."""
    if isinstance(said, Mapping):
        for name, value in said.items():
            yield from _days(value, ends=ends or bool(_ENDS.search(str(name))))
    elif ends and (day := _day(said)):
        yield day


def _day(value: object) -> str | None:
    if isinstance(value, str) and (found := _DAY.fullmatch(value)):
        return found[1]
    if type(value) is int and value in _SECONDS:
        return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d}"
    return None


def _sunset(answer: Answer) -> str | None:
    """Return the day in the header `Sunset` (RFC 8594); None if it is missing or invalid."""
    try:
        return f"{parsedate_to_datetime(answer.headers['sunset']):%Y-%m-%d}"
    except (KeyError, ValueError):
        return None
