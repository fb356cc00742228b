"""fal's queue API: orders that wait, are polled, have a result or an error, and can be cancelled.

Sources, as of August 2026: fal's documentation (inference API, queue, request errors, FAQ, reliability), its clients
for Python and JavaScript, and the schema of `fal-ai/flux/dev`.

Confirmed: the calls and answers of the queue, with 202 while an order waits or runs; that URLs contain only the first
two parts of a model's path; the headers `X-Fal-No-Retry` and `X-Fal-Request-Timeout`, which must be more than a second;
that the model validates inputs, so that an invalid one gives a 422 in the result; fal's own errors in JSON with
`error_type`; that server errors are not charged, and a refusal with 422 may be; links to another host than the queue.

Inferred, or stricter than the original: that unknown inputs are refused; that an image flagged by the checker is black
and charged; 401, 403 and 404 in answer to an order; the answer for a result that is not ready; that a running order is
not stopped; the ratios of `fal-ai/nano-banana`. An order counts as charged when it is accepted, even if its result is
an error. Not simulated: streams, logs, webhooks, files, retries and fallbacks.
"""

from simulators.fal.simulator import FalSimulator, fal_simulator

__all__ = ["FalSimulator", "fal_simulator"]
