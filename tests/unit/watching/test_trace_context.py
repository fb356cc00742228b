import asyncio

import pytest

from darkroom.adapters.watching.trace_context import sent_traceparent, trace_headers, trace_id, within

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    "traceparent",
    [f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-00", f"01-{TRACE}-{PARENT}-01", f"fe-{TRACE}-{PARENT}-01-more"],
)
def test_a_valid_traceparent_is_accepted(traceparent: str) -> None:
    assert sent_traceparent([(b"traceparent", traceparent.encode())]) == traceparent


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        f"00-{TRACE}-{PARENT}",
        f"00-{TRACE}-{PARENT}-01-more",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{PARENT}-01\r\nx: y",
        f"01-{TRACE}-{PARENT}-01-\xe9",
    ],
)
def test_an_invalid_traceparent_is_ignored(traceparent: str) -> None:
    assert sent_traceparent([(b"traceparent", traceparent.encode("latin-1"))]) is None


def test_two_traceparents_are_ignored() -> None:
    header = (b"traceparent", f"00-{TRACE}-{PARENT}-01".encode())
    assert sent_traceparent([header, header]) is None


async def test_a_task_started_within_a_trace_belongs_to_it() -> None:
    may_go_on = asyncio.Event()

    async def work() -> tuple[str | None, dict[str, str]]:
        await may_go_on.wait()
        return trace_id(), trace_headers()

    with within(f"00-{TRACE}-{PARENT}-01"):
        begun = asyncio.create_task(work())
    may_go_on.set()
    assert (trace_id(), trace_headers()) == (None, {})
    assert await begun == (TRACE, {"traceparent": f"00-{TRACE}-{PARENT}-01"})
