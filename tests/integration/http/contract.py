"""Holds each answer to the contract that the service itself publishes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx

from integration.http.json_schema import Validator

REFUSAL = {"$ref": "#/components/schemas/RefusalAnswer"}
PROBLEM = {"$ref": "#/components/schemas/ProblemAnswer"}


class Contract:
    """`document` is the OpenAPI document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document, self._validator = document, Validator(document)
        self._schemas = document["components"]["schemas"]
        self._paths = [
            (re.compile(re.sub(r"\{\w+\}", "[^/]+", template)), operations)
            for template, operations in document["paths"].items()
        ]

    async def hold(self, response: httpx.Response) -> None:
        """Fail where an answer is not as the contract says."""
        await response.aread()
        assert response.headers["x-request-id"]
        at_v1 = "RefusalAnswer" in self._schemas and response.request.url.path.startswith("/v1")
        if response.status_code >= 400:
            assert response.headers["content-type"] == ("application/json" if at_v1 else "application/problem+json")
        if described := self._described(response):
            self._hold_to(described, response)
        elif response.status_code >= 400 and response.request.method != "HEAD":
            self._hold_content(REFUSAL if at_v1 else PROBLEM, response)

    def _described(self, response: httpx.Response) -> Mapping[str, Any] | None:
        path, method = response.request.url.path, response.request.method.lower()
        operation = next(
            (found[method] for shape, found in self._paths if shape.fullmatch(path) and method in found), None
        )
        if operation is None:
            return None
        assert str(response.status_code) in operation["responses"], f"{method} {path}: {response.status_code}"
        described: Mapping[str, Any] = operation["responses"][str(response.status_code)]
        return described

    def _hold_to(self, described: Mapping[str, Any], response: httpx.Response) -> None:
        for name, reference in described["headers"].items():
            if name in response.headers:
                schema = self._validator.resolve(reference)["schema"]
                value: str | int = response.headers[name]
                wrong = list(self._validator.errors(int(value) if schema["type"] == "integer" else value, schema))
                assert not wrong, f"{name}: {wrong}"
        content = described.get("content")
        if content is None:
            assert response.content == b""
            return
        media_type = response.headers["content-type"].partition(";")[0]
        assert media_type in content
        if media_type.endswith("json"):
            self._hold_content(content[media_type]["schema"], response)

    def _hold_content(self, schema: Mapping[str, Any], response: httpx.Response) -> None:
        assert list(self._validator.errors(response.json(), schema)) == []
