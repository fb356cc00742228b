"""The published contract is complete, and describes what the service does."""

from __future__ import annotations

from typing import Any

import pytest

from darkroom.adapters.in_memory.generator import InMemoryImageGenerator
from integration.http.generators import KARLO_LIKE, WITHOUT_SEEDS
from integration.http.house import House, open_house
from integration.http.json_schema import Validator, references

# The contract leaves out itself, the page for people, and links to files, whose form each storage chooses.
UNDESCRIBED = {"/docs", "/docs/openapi.json", "/", "/page/{name}", "/files/{key}"}


async def document_of(house: House) -> dict[str, Any]:
    answer = await house.client.get("/docs/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    document: dict[str, Any] = answer.json()
    return document


async def test_every_route_is_described_and_nothing_else(house: House) -> None:
    described = {
        (path, method.upper())
        for path, operations in (await document_of(house))["paths"].items()
        for method in operations
        if method != "parameters"
    }
    routed = {
        (route.path_format, method)
        for route in house.app.routes
        for method in route.methods
        if method != "OPTIONS" and route.path_format not in UNDESCRIBED
    }
    assert described == routed


@pytest.mark.thorough
async def test_the_document_is_valid_openapi(house: House) -> None:
    from openapi_spec_validator import validate  # noqa: PLC0415  # takes seconds, which only this test needs

    validate(await document_of(house))


async def test_every_reference_leads_somewhere(house: House) -> None:
    document = await document_of(house)
    validator = Validator(document)
    found = set(references(document))
    assert len(found) > 20
    for reference in found:
        assert validator.resolve({"$ref": reference})


async def test_operations_have_unique_ids_and_declare_whether_they_need_a_token(house: House) -> None:
    document = await document_of(house)
    operations = [
        (path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    ]
    assert document["openapi"] == "3.1.0"
    assert len({operation["operationId"] for _, operation in operations}) == len(operations)
    for path, operation in operations:
        open_to_all = operation.get("security", document["security"]) == []
        assert open_to_all == path.startswith(("/health/", "/problems/", "/.well-known/")), path
        assert ("401" in operation["responses"]) is not open_to_all
        assert "500" in operation["responses"]


async def test_examples_of_problems_match_their_schema(house: House) -> None:
    document = await document_of(house)
    validator = Validator(document)
    contents = [
        content
        for item in document["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict)
        for response in operation["responses"].values()
        for media_type, content in response.get("content", {}).items()
        if media_type == "application/problem+json"
    ]
    for content in contents:
        for example in content["examples"].values():
            assert list(validator.errors(example["value"], content["schema"])) == []


@pytest.mark.parametrize("index", [0, 1])
async def test_the_example_of_an_order_can_be_ordered(index: int) -> None:
    async with open_house(generator=InMemoryImageGenerator(KARLO_LIKE, WITHOUT_SEEDS)) as house:
        orders = (await document_of(house))["components"]["schemas"]["Order"]["anyOf"]
        answer = await house.client.post("/api/images", json=orders[index]["examples"][0])
    assert answer.status_code == 200


async def test_the_document_refers_to_no_other_host(house: House) -> None:
    text = (await house.client.get("/docs/openapi.json")).text
    assert "cdn" not in text
    assert "//" not in text.replace("https://pictures.example/7.png", "")
