from __future__ import annotations

import asyncio

import pytest

from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import Charged, Overloaded, StorageFault, StorageRefused
from darkroom.domain.use_cases import storage_trial
from darkroom.domain.use_cases.storage_trial import StorageTrial


class Storage(InMemoryImageStorage):
    """Raises `fault` in a check, if one is set, and counts the checks."""

    def __init__(self) -> None:
        super().__init__()
        self.fault: Exception | None = None
        self.checks, self.may_answer = 0, asyncio.Event()
        self.may_answer.set()

    async def check(self) -> str:
        self.checks += 1
        await self.may_answer.wait()
        if self.fault:
            raise self.fault
        return "it keeps images"


@pytest.fixture
def storage() -> Storage:
    return Storage()


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_trial, "_PAUSE", 0.0)


async def test_a_storage_that_is_not_in_doubt_is_not_checked(storage: Storage) -> None:
    storage.fault = StorageRefused("no")
    await StorageTrial(storage).require()
    assert storage.checks == 0


async def test_no_order_is_accepted_while_the_storage_refuses_until_a_check_succeeds(storage: Storage) -> None:
    trial, storage.fault = StorageTrial(storage), StorageRefused("the keys are wrong")
    with pytest.raises(StorageRefused), trial.noticing():
        raise storage.fault
    for _ in range(2):
        with pytest.raises(Overloaded) as refused:
            await trial.require()
        assert (refused.value.charged, refused.value.retry_after) == (Charged.NO, 30)
        assert "keys" not in refused.value.detail
    storage.fault = StorageFault("away")
    with pytest.raises(Overloaded):
        await trial.require()
    storage.fault = None
    await trial.require()
    tried = storage.checks
    await trial.require()
    assert storage.checks == tried


@pytest.mark.parametrize("fault", [StorageFault("away"), RuntimeError("a bug")])
async def test_orders_are_accepted_while_the_storage_is_away_and_it_is_checked_before_each(
    storage: Storage, fault: Exception
) -> None:
    trial, storage.fault = StorageTrial(storage), fault
    trial.doubt()
    for tried in (1, 2):
        await trial.require()
        assert storage.checks == tried
    storage.fault = StorageRefused("no")
    with pytest.raises(Overloaded):
        await trial.require()


async def test_a_failed_upload_does_not_put_the_storage_in_doubt(storage: Storage) -> None:
    trial = StorageTrial(storage)
    with pytest.raises(StorageFault), trial.noticing():
        raise StorageFault("away")
    await trial.require()
    assert storage.checks == 0


async def test_many_orders_wait_for_one_check_and_only_a_short_time(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage_trial, "_PATIENCE", 0.01)
    trial = StorageTrial(storage)
    storage.may_answer.clear()
    trial.doubt()
    await asyncio.gather(*(trial.require() for _ in range(5)))
    assert storage.checks == 1
    storage.fault = StorageRefused("no")
    storage.may_answer.set()
    with pytest.raises(Overloaded):
        await asyncio.wait_for(asked_without_end(trial), 30)


async def asked_without_end(trial: StorageTrial) -> None:
    while True:
        await trial.require()


async def test_there_is_a_pause_between_checks(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_trial, "_PAUSE", 3600.0)
    trial, storage.fault = StorageTrial(storage), StorageRefused("no")
    trial.doubt()
    for _ in range(3):
        with pytest.raises(Overloaded):
            await trial.require()
    assert storage.checks == 1
