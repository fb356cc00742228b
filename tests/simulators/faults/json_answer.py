"""Parts of a provider's own faults, where it answers in JSON: another answer, or the right one changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from simulators.exchange import AnsweredExchange, Exchange
from simulators.faults.fault import AnswerAct, BeforeChargeAct, Options


def saying_instead(body: object, status: int, headers: Mapping[str, str] | None = None) -> BeforeChargeAct:
    """Answers with just that; the option `status` goes before `status`."""

    async def act(exchange: Exchange, options: Options) -> web.StreamResponse:
        return web.json_response(body, status=options.status or status, headers=headers)

    return act


def changing(change: Callable[[dict[str, Any]], object]) -> AnswerAct:
    """The right answer with something changed in its outermost object."""

    async def act(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
        return web.json_response(change(json.loads(exchange.answer.body)))

    return act
