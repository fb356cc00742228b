from __future__ import annotations

import pytest

from simulators.faults import SHARED_MENU
from simulators.faults.fault import AfterCharge, BeforeCharge, OfFetch, OfImages
from simulators.faults.paid_call import MENU
from simulators.faults.switchboard import CallFaults, NoSuchFault, Switchboard
from simulators.karlo.faults import KARLO_MENU


@pytest.fixture
def board() -> Switchboard:
    return Switchboard(SHARED_MENU)


def names(faults: CallFaults, index: int | None = None) -> list[str]:
    """Return the names of the fetch faults that act now."""
    return [switch.fault.name for switch in faults.take(OfFetch, index)]


def test_no_fault_is_on_by_default(board: Switchboard) -> None:
    faults = board.for_call("a lighthouse")

    assert not [*faults.take(BeforeCharge), *faults.take(AfterCharge), *faults.take(OfImages), *faults.take(OfFetch)]


def test_a_fault_acts_at_its_own_stage(board: Switchboard) -> None:
    board.set("reset-after-charge")
    faults = board.for_call("a lighthouse")

    assert [switch.fault.name for switch in faults.take(AfterCharge)] == ["reset-after-charge"]
    assert not list(faults.take(BeforeCharge))


def test_a_fault_stays_on_until_it_is_cleared(board: Switchboard) -> None:
    board.set("fetch-503")

    assert names(board.for_call("")) == names(board.for_call("")) == ["fetch-503"]
    board.clear()
    assert names(board.for_call("")) == []


def test_a_fault_may_end_after_some_calls(board: Switchboard) -> None:
    board.set("fetch-503", times=2)

    assert [names(board.for_call("")) for _ in range(3)] == [["fetch-503"], ["fetch-503"], []]


def test_a_fault_may_spoil_one_image_only(board: Switchboard) -> None:
    board.set("fetch-503", index=1)

    assert [names(board.for_call(""), index) for index in (0, 1, 2)] == [[], ["fetch-503"], []]


def test_a_prompt_requests_faults_for_its_own_call(board: Switchboard) -> None:
    faults = board.for_call("a [fault:fetch-503 times=1] lighthouse [fault:fetch-slow seconds=0.5 index=2]")

    assert names(faults, 2) == ["fetch-503", "fetch-slow"]
    assert [switch.options.seconds for switch in faults.take(OfFetch, 2)] == [0.5]
    assert names(board.for_call("a lighthouse")) == []


def test_a_fault_switched_on_later_affects_existing_calls(board: Switchboard) -> None:
    faults = board.for_call("")
    board.set("fetch-404")

    assert names(faults) == ["fetch-404"]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("reset-after-charg", {}, "did you mean 'reset-after-charge'"),
        ("slow", {"size": 1}, "slow does not read size"),
        ("slow", {"seconds": "soon"}, "seconds"),
        ("slow", {"times": 0}, "times"),
        ("images-none", {"index": 0}, "images-none does not read index"),
    ],
)
def test_an_invalid_fault_or_option_is_named(board: Switchboard, name: str, options: dict[str, int], said: str) -> None:
    with pytest.raises(NoSuchFault, match=said):
        board.set(name, **options)


def test_a_prompt_cannot_request_a_fault_that_is_not_on_the_menu(board: Switchboard) -> None:
    with pytest.raises(NoSuchFault, match="no fault is called 'flood'"):
        board.for_call("a lighthouse [fault:flood]")


def test_two_faults_cannot_have_the_same_name() -> None:
    with pytest.raises(ValueError, match="two faults are called"):
        Switchboard((*MENU, *MENU))


def test_every_fault_can_be_requested_in_a_prompt_and_has_a_description() -> None:
    board = Switchboard((*SHARED_MENU, *KARLO_MENU))

    for fault in board.menu.values():
        board.for_call(f"[fault:{fault.name}]")
        assert fault.sentence.endswith(".")
