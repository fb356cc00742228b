"""Checks each answer against the contract that the service itself publishes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx

from integration.http.json_schema import Validator

REFUSAL = {"$ref": "#/components/schemas/RefusalAnswer"}
RPC_REFUSAL = {"$ref": "#/components/schemas/RpcRefusal"}
PROBLEM = {"$ref": "#/components/schemas/ProblemAnswer"}


class Contract:
    """The contract in an OpenAPI document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document, self._validator = document, Validator(document)
        self._schemas = document["components"]["schemas"]
        self._paths = [
            (re.compile(re.sub(r"\{\w+\}", "[^/]+", template)), operations)
            for template, operations in document["paths"].items()
        ]

    async def hold(self, response: httpx.Response) -> None:
        """Fail if an answer breaks the contract."""
        await response.aread()
        assert response.headers["x-request-id"]
        form = self._form_of_errors(response.request.url.path)
        if response.status_code >= 400:
            own = "application/problem+json" if form is PROBLEM else "application/json"
            assert response.headers["content-type"] == own
        if described := self._described(response):
            self._hold_to(described, response)
        elif response.status_code >= 400 and response.request.method != "HEAD":
            self._hold_content(form, response)

    def _form_of_errors(self, path: str) -> Mapping[str, str]:
        if "RefusalAnswer" in self._schemas and path.startswith("/v1"):
            return REFUSAL
        return RPC_REFUSAL if "RpcRefusal" in self._schemas and path.rstrip("/") == "/mcp" else PROBLEM

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
