"""Helpers for faults of providers that answer in JSON: another answer, or a changed one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from simulators.exchange import AnsweredExchange, Exchange
from simulators.faults.fault import AnswerAct, BeforeChargeAct, Options


def saying_instead(body: object, status: int, headers: Mapping[str, str] | None = None) -> BeforeChargeAct:
    """Return a fault that answers with this body and status; the option `status` overrides the latter."""

    async def act(exchange: Exchange, options: Options) -> web.StreamResponse:
        return web.json_response(body, status=options.status or status, headers=headers)

    return act


def changing(change: Callable[[dict[str, Any]], object]) -> AnswerAct:
    """Return a fault that sends the correct answer after `change` was applied to its outermost object."""

    async def act(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
        return web.json_response(change(json.loads(exchange.answer.body)))

    return act
