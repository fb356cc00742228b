"""Black Forest Labs' API: tasks are ordered at one host and polled at another, and links expire soon.

Sources: BFL's documentation (integration, errors, the reference of FLUX.2 [pro], [max] and [flex]), their skills for
assistants of February 2026, and Vercel's adapter.

Confirmed: the calls and their answers; that the polling URL names another host, the only one that knows the task; the
statuses; the fields of FLUX.2 [pro] and [flex] with their limits; that `prompt_upsampling` of [flex] is true by
default; 402, 403 and 429, the latter for a 25th task at a time; that links are valid for ten minutes; `cost`.

Inferred, or stricter than the original: that fields of other models are refused; the messages of errors; that 4
megapixels are 4,000,000; that a task is forgotten after an hour. A task counts as charged when it is ordered, even if
moderation then rejects it. Not simulated: webhooks, image editing.
"""

from simulators.bfl.simulator import BflSimulator, bfl_simulator

__all__ = ["BflSimulator", "bfl_simulator"]
