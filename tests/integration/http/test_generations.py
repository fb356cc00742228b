"""How callers read, list, search and delete their generations."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from darkroom.adapters.in_memory.generator import InMemoryImageGenerator
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import GeneratorRefused, OutcomeUnknown, StorageFault, UnusableImage
from darkroom.domain.model.generation import State
from integration.http.faults import StorageInTrouble
from integration.http.generators import PRICED, FailingGenerator, GatedGenerator, StingyGenerator
from integration.http.house import House, bare, bearer, open_house


class Stubborn(InMemoryImageStorage):
    """Fails to delete until `lets_go` is set."""

    lets_go = False

    async def delete(self, key: str) -> None:
        if not self.lets_go:
            raise StorageFault("locked")
        await super().delete(key)


ASYNC = {"Prefer": "respond-async"}
GENERATIONS = "/api/generations"


async def test_a_generation_is_shown_with_its_order_and_its_images() -> None:
    async with open_house(generator=InMemoryImageGenerator(PRICED)) as house:
        answer = await house.order(
            prompt="a\nb", negative_prompt="people", seed=[2**32 - 1], num_inference_steps=50, guidance_scale=5
        )
        shown = (await house.client.get(answer.links["describedby"]["url"])).json()
    created, finished = (datetime.fromisoformat(shown.pop(name)) for name in ("created_at", "finished_at"))
    assert datetime.now(UTC) - timedelta(minutes=1) < created <= finished
    assert shown.pop("id") in answer.headers["link"]
    assert shown == {
        "state": "stored",
        "order": {
            "version": "memory",
            "prompt": "a\nb",
            "negative_prompt": "people",
            "width": 64,
            "height": 48,
            "seed": [2**32 - 1],
            "num_inference_steps": 50,
            "guidance_scale": 5.0,
            "samples": 1,
        },
        "generator": "memory",
        "model": "memory",
        "cost": {"amount": "0.02", "currency": "USD"},
        "images": [
            image | {"download": image["image"], "preview": None, "index": 0, "width": 64, "height": 48}
            for image in answer.json()
        ],
        "deleted": [],
        "problem": None,
    }


async def test_the_order_that_is_shown_can_be_ordered_again(house: House) -> None:
    first = await house.order(samples=3)
    shown = (await house.client.get(first.links["describedby"]["url"])).json()
    again = await house.client.post("/api/images", json=shown["order"])
    assert [image["seed"] for image in again.json()] == [image["seed"] for image in first.json()]


async def test_times_are_rfc_3339_in_utc(house: House) -> None:
    await house.order()
    (shown,) = (await house.client.get(GENERATIONS)).json()["items"]
    assert shown["created_at"].endswith("Z")


async def test_a_generation_of_another_caller_is_not_found(house: House) -> None:
    address = (await house.order()).links["describedby"]["url"]
    stranger = bearer(sub="mallory")
    answers = [
        await house.client.get(address, headers=stranger),
        await house.client.delete(address, headers=stranger),
        await house.client.get(f"{GENERATIONS}/0199a8f2-7c4e-7b1d-9a53-2f6d1c0b4e88"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert {answer.json()["detail"] for answer in answers} == {"there is no such generation"}
    assert (await house.client.get(GENERATIONS, headers=stranger)).json() == {"items": [], "next_cursor": None}
    assert (await house.client.get(address)).status_code == 200


@pytest.mark.parametrize("name", ["x", "0", "..", "%00", "%2e%2e%2f", "0199a8f2", "'; DROP TABLE generations"])
async def test_an_invalid_id_is_not_found(house: House, name: str) -> None:
    answers = [await house.client.request(method, f"{GENERATIONS}/{name}/") for method in ("GET", "DELETE")]
    assert {answer.status_code for answer in answers} <= {404, 405}


async def test_the_list_goes_from_new_to_old_page_by_page(house: House) -> None:
    made = [(await house.order()).links["describedby"]["url"].rpartition("/")[2] for _ in range(7)]
    seen: list[str] = []
    parameters = {"limit": "3"}
    for left in (4, 1, 0):
        page = (await house.client.get(GENERATIONS, params=parameters)).json()
        seen += [item["id"] for item in page["items"]]
        assert (page["next_cursor"] is None) == (left == 0)
        parameters["cursor"] = page["next_cursor"]
    assert seen == sorted(made, reverse=True)


async def test_a_full_last_page_has_no_next(house: House) -> None:
    for _ in range(2):
        await house.order()
    page = (await house.client.get(GENERATIONS, params={"limit": 2})).json()
    assert (len(page["items"]), page["next_cursor"]) == (2, None)


async def test_twenty_are_listed_by_default(house: House) -> None:
    for _ in range(21):
        await house.order(ASYNC, width=16, height=16)
    assert len((await house.client.get(GENERATIONS)).json()["items"]) == 20
    assert len((await house.client.get(GENERATIONS, params={"limit": 100})).json()["items"]) == 21


async def test_the_list_can_be_searched(house: House) -> None:
    await house.order(prompt="a Red fox")
    await house.order(prompt="붉은 여우")
    await house.order(prompt="an owl")
    found = {}
    for query in ("text=red%20FOX", "text=여우", "state=stored&version=memory&text=o", "state=refused", "version=v9"):
        page = (await house.client.get(f"{GENERATIONS}?{query}")).json()
        assert page["next_cursor"] is None
        found[query] = [item["order"]["prompt"] for item in page["items"]]
    assert found == {
        "text=red%20FOX": ["a Red fox"],
        "text=여우": ["붉은 여우"],
        "state=stored&version=memory&text=o": ["an owl", "a Red fox"],
        "state=refused": [],
        "version=v9": [],
    }


async def test_results_of_a_search_come_page_by_page(house: House) -> None:
    for number in range(7):
        await house.order(prompt=f"fox {number}" if number % 2 else f"owl {number}")
    query = {"text": "FOX", "limit": "2"}
    first = (await house.client.get(GENERATIONS, params=query)).json()
    second = (await house.client.get(GENERATIONS, params=query | {"cursor": first["next_cursor"]})).json()
    assert [item["order"]["prompt"] for item in first["items"] + second["items"]] == ["fox 5", "fox 3", "fox 1"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("limit=0", ["limit"]),
        ("limit=101", ["limit"]),
        ("limit=-1", ["limit"]),
        ("limit=ten", ["limit"]),
        ("limit=1.5", ["limit"]),
        ("limit=", ["limit"]),
        ("cursor=x", ["cursor"]),
        ("cursor=%00", ["cursor"]),
        ("limit=1000&cursor=1", ["cursor", "limit"]),
        ("limit=2&limit=2", ["limit"]),
        ("cursor=null", ["cursor"]),
        ("cursor=", ["cursor"]),
        ("cursor=0199a8f27c4e7b1d9a532f6d1c0b4e88", ["cursor"]),
        ("Limit=2", ["Limit"]),
        ("limit=2&order=oldest&caller=bob", ["caller", "order"]),
        ("limit=\u0663", ["limit"]),
        ("limit=2&=", [""]),
        ("state=done", ["state"]),
        ("state=", ["state"]),
        ("version=", ["version"]),
        ("text=", ["text"]),
        ("text=%00&state=STORED", ["state", "text"]),
        ("text=a&text=b", ["text"]),
        ("text=" + "a" * 201, ["text"]),
    ],
)
async def test_wrong_parameters_are_named(house: House, query: str, wrong: list[str]) -> None:
    answer = await house.client.get(f"{GENERATIONS}?{query}")
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/invalid-request")
    assert sorted(broken["parameter"] for broken in answer.json()["errors"]) == wrong
    assert all(broken["detail"].startswith(("must be ", "is ")) for broken in answer.json()["errors"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/images"),
        ("GET", "/api/models"),
        ("GET", "/api/usage"),
        ("DELETE", f"{GENERATIONS}/{UUID(int=1)}"),
    ],
)
async def test_unknown_parameters_are_named(house: House, method: str, path: str) -> None:
    answer = await house.client.request(method, f"{path}?dry_run=true&prompt=a%20fox")
    assert [broken["parameter"] for broken in answer.json()["errors"]] == ["dry_run", "prompt"]
    assert answer.status_code == 400


async def test_deleting_a_stored_generation_removes_images_and_prompts() -> None:
    storage = InMemoryImageStorage()
    async with open_house(storage=storage) as house:
        kept = await house.order(prompt="keep me")
        address = (await house.order(prompt="forget me", samples=2)).links["describedby"]["url"]
        deleted = await house.client.delete(address)
        afterwards = [await house.client.get(address), await house.client.delete(address)]
        listed = (await house.client.get(GENERATIONS)).json()["items"]
        generation = await house.services.ledger.find(address.rpartition("/")[2])
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert [(answer.status_code, answer.json()["charged"]) for answer in afterwards] == [(410, "yes")] * 2
    assert [bare(item["images"]) for item in listed] == [kept.json()]
    assert [f"memory:{key}" for key in storage.kept] == [kept.json()[0]["image"]]
    assert generation is not None
    assert not generation.prompts_kept


async def test_one_image_can_be_deleted_alone() -> None:
    storage = InMemoryImageStorage()
    async with open_house(storage=storage) as house:
        answer = await house.order({"Idempotency-Key": "k"}, prompt="two of these", samples=3)
        address, images = answer.links["describedby"]["url"], answer.json()
        deleted = [await house.client.delete(f"{address}/images/1") for _ in range(2)]
        shown = (await house.client.get(address)).json()
        (listed,) = (await house.client.get(GENERATIONS)).json()["items"]
        again = await house.order({"Idempotency-Key": "k"}, prompt="two of these", samples=3)
        leaving = await house.order({"Idempotency-Key": "k"} | ASYNC, prompt="two of these", samples=3)
        missing = [await house.client.delete(f"{address}/images/{index}") for index in ("3", "-1", "x", "1.0", "")]
        usage = (await house.client.get("/api/usage?by=day", headers=bearer(scope="usage:read"))).json()["items"]
    assert [(one.status_code, one.content) for one in deleted] == [(204, b"")] * 2
    assert shown == listed
    assert (bare(shown["images"]), shown["deleted"]) == ([images[0], images[2]], [1])
    assert [image["index"] for image in shown["images"]] == [0, 2]
    assert (shown["state"], shown["order"]["prompt"], shown["problem"]) == ("stored", "two of these", None)
    assert {f"memory:{key}" for key in storage.kept} == {image["image"] for image in (images[0], images[2])}
    for gone in (again, leaving):
        assert (gone.status_code, gone.json()["type"], gone.json()["charged"]) == (410, "/problems/gone", "yes")
        assert gone.json()["images"] == [images[0], images[2]]
    assert {one.status_code for one in missing} <= {404, 405}
    assert [(row["images"], row["drawn"], row["stored"]) for row in usage] == [(3, 3, 2)]


async def test_images_can_be_deleted_concurrently_and_the_order_remains() -> None:
    storage = InMemoryImageStorage()
    async with open_house(storage=storage) as house:
        address = (await house.order(prompt="all of these", samples=4)).links["describedby"]["url"]
        answers = await asyncio.gather(*(house.client.delete(f"{address}/images/{index}") for index in range(4)))
        shown = (await house.client.get(address)).json()
        assert (await house.client.delete(address)).status_code == 204
        afterwards = await house.client.delete(f"{address}/images/0")
    assert {answer.status_code for answer in answers} == {204}
    assert (shown["images"], shown["deleted"], shown["order"]["prompt"]) == ([], [0, 1, 2, 3], "all of these")
    assert storage.kept == {}
    assert afterwards.status_code == 410


async def test_an_image_is_deleted_later_if_the_storage_fails_now() -> None:
    storage = Stubborn()
    async with open_house(storage=storage) as house:
        address = (await house.order(samples=2)).links["describedby"]["url"]
        assert (await house.client.delete(f"{address}/images/0")).status_code == 204
        shown = (await house.client.get(address)).json()
        assert ([image["index"] for image in shown["images"]], shown["deleted"], len(storage.kept)) == ([1], [0], 2)
        storage.lets_go = True
        await house.services.keep.sweep(images=None, prompts=None)
    assert len(storage.kept) == 1


async def test_an_image_of_a_running_generation_or_of_another_caller_is_not_deleted() -> None:
    generator = GatedGenerator()
    async with open_house(generator=generator) as house:
        address = (await house.order(ASYNC)).headers["location"]
        early = await house.client.delete(f"{address}/images/0")
        generator.gate.set()
        await house.settled(address.rpartition("/")[2])
        anothers = await house.client.delete(f"{address}/images/0", headers=bearer(sub="mallory"))
        assert len((await house.client.get(address)).json()["images"]) == 1
    assert (early.status_code, early.json()["type"]) == (409, "/problems/generation-running")
    assert anothers.status_code == 404


async def test_deleting_a_waiting_generation_cancels_it() -> None:
    generator = GatedGenerator()
    async with open_house(generator=generator, max_in_flight=1) as house:
        await house.order(ASYNC)
        address = (await house.order(ASYNC)).headers["location"]
        assert (await house.client.delete(address)).status_code == 204
        shown = (await house.client.get(address)).json()
        generator.gate.set()
    assert (shown["state"], shown["images"], shown["cost"]) == ("cancelled", [], None)
    assert len(generator.asked) == 1


async def test_deleting_a_running_generation_is_refused() -> None:
    generator = GatedGenerator()
    async with open_house(generator=generator) as house:
        address = (await house.order(ASYNC)).headers["location"]
        shown = await house.client.get(address)
        answer = await house.client.delete(address)
        generator.gate.set()
        await house.settled(address.rpartition("/")[2])
        assert (await house.client.delete(address)).status_code == 204
    assert shown.json()["state"] == State.SUBMITTED
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/generation-running")


async def test_deleting_a_generation_that_waits_for_the_storage_is_refused() -> None:
    storage = StorageInTrouble()
    async with open_house(storage=storage, patience=0.05) as house:
        address = (await house.order()).headers["location"]
        answer = await house.client.delete(address)
        storage.well = True
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/generation-running")


@pytest.mark.parametrize(
    ("generator", "charged"),
    [
        (FailingGenerator(GeneratorRefused("no such key")), "no"),
        (FailingGenerator(OutcomeUnknown("cut off")), "unknown"),
        (StingyGenerator(UnusableImage("the others are broken")), "yes"),
    ],
    ids=["refused", "unknown", "unusable"],
)
async def test_a_failed_generation_can_be_deleted(generator: InMemoryImageGenerator, charged: str) -> None:
    async with open_house(generator=generator) as house:
        address = (await house.order(samples=2)).links["describedby"]["url"]
        assert (await house.client.delete(address)).status_code == 204
        afterwards = await house.client.get(address)
    assert (afterwards.status_code, afterwards.json()["charged"]) == (410, charged)
