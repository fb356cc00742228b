from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from signal import SIGKILL, SIGTERM

import httpx
import pytest

from darkroom.entrypoints.settings.cores import usable_cores
from harness.waiting import until
from integration.cli.command_line import CommandLine
from servers.darkroom import Darkroom
from servers.parts import PartMissing
from simulators.karlo import KarloSimulator

CANARY = "canary-" + "s" * 32


@pytest.fixture
def darkroom(shell: CommandLine) -> Darkroom:
    secrets = {"AWS_SECRET_ACCESS_KEY": "canary", "OTEL_EXPORTER_OTLP_HEADERS": "api-key=canary"}
    return shell.serve(DARKROOM_WORKERS="2", DARKROOM_JWT_SECRET=CANARY, **secrets)


def workers_of(darkroom: Darkroom) -> set[int]:
    """Return the process ids of the running workers of a service."""
    children = Path(f"/proc/{darkroom.pid}/task/{darkroom.pid}/children")
    if not children.exists():
        raise PartMissing("/proc", "lists the processes that another one has started; Linux has it")
    return {int(pid) for pid in children.read_text().split()}


def lives(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_until(condition: Callable[[], bool]) -> None:
    # The time limit of the test is the limit here.
    while not condition():
        time.sleep(0.02)


def answers(darkroom: Darkroom) -> bool:
    # If no worker is ready, the request waits until the next one has started.
    return httpx.get(f"http://127.0.0.1:{darkroom.port}/health/ready", timeout=60).status_code == 200


def test_workers_share_a_port_and_end_with_their_parent(darkroom: Darkroom) -> None:
    workers = workers_of(darkroom)
    assert len(workers) == 2
    assert all(answers(darkroom) for _ in range(20))
    darkroom.terminate()
    assert darkroom.wait() == 0
    assert not any(map(lives, workers))


def test_a_client_that_connects_while_workers_end_is_answered_or_refused(darkroom: Darkroom) -> None:
    address = f"http://127.0.0.1:{darkroom.port}"
    with httpx.Client(base_url=address) as keeping:  # its connection keeps the service open a moment longer
        assert keeping.get("/health/live").status_code == 200
        darkroom.terminate()
        while True:
            try:
                assert httpx.get(f"{address}/health/live", timeout=60).status_code == 200
            except httpx.ConnectError:
                break
            time.sleep(0.02)
        assert darkroom.wait() == 0


@pytest.mark.parametrize("signal", [SIGKILL, pytest.param(SIGTERM, marks=pytest.mark.thorough)])
def test_a_worker_that_ends_is_replaced(darkroom: Darkroom, signal: int) -> None:
    first, second = workers_of(darkroom)
    os.kill(first, signal)
    wait_until(lambda: len(workers_of(darkroom) - {first}) == 2)
    assert second in workers_of(darkroom)
    os.kill(second, SIGKILL)  # so that the new one answers
    wait_until(lambda: second not in workers_of(darkroom))
    assert all(answers(darkroom) for _ in range(20))


@pytest.mark.thorough
def test_a_failed_replacement_of_a_worker_is_tried_again(darkroom: Darkroom, shell: CommandLine) -> None:
    key = shell.folder / ".darkroom" / "link-key"
    kept = key.read_bytes()
    key.write_bytes(b"")
    first, second = workers_of(darkroom)
    os.kill(first, SIGKILL)
    darkroom.wait_for("ended with status 2 before it was ready; trying again", stream="stderr")
    assert answers(darkroom)
    key.write_bytes(kept)
    wait_until(lambda: len(workers_of(darkroom)) == 2)
    assert second in workers_of(darkroom)


@pytest.mark.thorough
async def test_a_second_signal_ends_all_workers_immediately(
    shell: CommandLine, karlo: KarloSimulator, with_karlo: dict[str, str]
) -> None:
    karlo.faults.set("black-hole-after-charge")
    darkroom = await asyncio.to_thread(shell.serve, **with_karlo, DARKROOM_WORKERS="2")
    workers = workers_of(darkroom)
    order = shell.start("generate", "a fox", "--url", f"http://127.0.0.1:{darkroom.port}")
    while not karlo.calls:  # noqa: ASYNC110  # the simulator does not announce calls
        await asyncio.sleep(0.01)
    darkroom.terminate()
    await asyncio.to_thread(darkroom.wait_for, "stopping", stream="stderr")
    darkroom.terminate()
    assert await asyncio.to_thread(darkroom.wait) == 128 + SIGTERM
    await asyncio.to_thread(wait_until, lambda: not any(map(lives, workers)))
    order.kill()


@pytest.mark.thorough
def test_workers_end_when_their_parent_is_killed(darkroom: Darkroom) -> None:
    workers = workers_of(darkroom)
    os.kill(darkroom.pid, SIGKILL)
    wait_until(lambda: not any(map(lives, workers)))


@pytest.mark.thorough
def test_a_worker_killed_while_others_start_is_replaced(shell: CommandLine) -> None:
    with Darkroom(shell.folder, {"DARKROOM_WORKERS": "3"}) as darkroom:
        wait_until(lambda: len(workers_of(darkroom)) == 3)  # one takes orders, two start
        first, second, _ = sorted(workers_of(darkroom))
        os.kill(second, SIGKILL)
        darkroom.wait_for("a worker was ended by SIGKILL before it was ready; trying again", stream="stderr")
        os.kill(first, SIGKILL)
        darkroom.wait_for("a worker was ended by SIGKILL; another one replaces it", stream="stderr")
        darkroom.wait_until_ready()
        wait_until(lambda: len(workers_of(darkroom) - {first, second}) == 3)
        assert all(answers(darkroom) for _ in range(20))
        darkroom.terminate()
        assert darkroom.wait() == 0


def test_the_service_ends_with_a_reason_if_its_first_worker_is_killed_early(shell: CommandLine) -> None:
    with Darkroom(shell.folder, {"DARKROOM_WORKERS": "2"}) as darkroom:
        wait_until(lambda: bool(workers_of(darkroom)))
        (first,) = workers_of(darkroom)
        os.kill(first, SIGKILL)
        assert darkroom.wait() == 1
        assert "a worker was ended by SIGKILL before it was ready" in darkroom.stderr


async def test_the_limit_of_orders_in_flight_holds_for_all_workers_together(
    shell: CommandLine, karlo: KarloSimulator, with_karlo: dict[str, str]
) -> None:
    karlo.faults.set("black-hole-after-charge")
    room = {"DARKROOM_WORKERS": "2", "DARKROOM_MAX_IN_FLIGHT": "2", "DARKROOM_MAX_QUEUED": "0"}
    darkroom = await asyncio.to_thread(shell.serve, **with_karlo, **room)
    token = (await asyncio.to_thread(shell.run, "token")).stdout.strip()
    order = {"version": "v2.1", "prompt": "a fox", "width": 512, "height": 512}

    async def ordered() -> int:
        headers = {"Authorization": f"Bearer {token}", "Connection": "close", "Prefer": "respond-async"}
        async with httpx.AsyncClient(headers=headers, timeout=60, trust_env=False) as http:
            return (await http.post(f"http://127.0.0.1:{darkroom.port}/api/images", json=order)).status_code

    answers: list[int] = []
    while answers.count(202) < 2:  # the kernel chooses the worker for each connection
        answers.append(await ordered())
    await until(lambda: len(karlo.calls) == 2)
    assert set(await asyncio.gather(*(ordered() for _ in range(16)))) == {503}
    assert len(karlo.calls) == 2


@pytest.mark.thorough
def test_auto_starts_as_many_workers_as_suit_the_machine(shell: CommandLine) -> None:
    with Darkroom(shell.folder, {"DARKROOM_WORKERS": "auto"}) as darkroom:
        darkroom.wait_until_ready()
        suitable = min(usable_cores(), 4)
        assert len(workers_of(darkroom)) == (suitable if suitable > 1 else 0)
        assert f"DARKROOM_WORKERS=auto: {suitable} here" in darkroom.stderr


def test_secrets_are_not_visible_in_the_list_of_processes(darkroom: Darkroom) -> None:
    for worker in workers_of(darkroom):
        shown = Path(f"/proc/{worker}/environ").read_bytes() + Path(f"/proc/{worker}/cmdline").read_bytes()
        assert b"canary" not in shown


def test_ctrl_c_on_a_terminal_ends_the_service_cleanly(darkroom: Darkroom) -> None:
    os.killpg(darkroom.pid, 2)
    assert darkroom.wait() == 0
