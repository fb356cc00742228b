"""Black Forest Labs' API: tasks that are ordered at one host, asked about at another, and whose links die soon.

Sources: BFL's documentation (integration, errors, the reference of FLUX.2 [pro], [max] and [flex]), their skills for
assistants of February 2026, and Vercel's adapter.

Confirmed: the calls and their answers; that the polling URL names another host, where alone the task is known; the
statuses; what fields FLUX.2 [pro] and [flex] take, and their limits; that `prompt_upsampling` of [flex] is true unless
told otherwise; 402, 403 and 429, the latter for a 25th task under way; that links live for ten minutes; `cost`.

Inferred, or stricter than the real one: fields that a model does not have are refused; the words of errors; that 4
megapixels are 4,000,000; that a task is gone after an hour. A task is counted as charged when it is ordered, also if
moderation holds it back then. Not simulated: webhooks, editing of images.
"""

from simulators.bfl.simulator import BflSimulator, bfl_simulator

__all__ = ["BflSimulator", "bfl_simulator"]
