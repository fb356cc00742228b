"""fal's queue API: orders that wait, are asked about, have a result or an error, and are taken back.

Sources, as they stood in August 2026: fal's documentation (inference API, queue, request errors, FAQ, reliability), its
clients for Python and JavaScript, and the schema of `fal-ai/flux/dev`.

Confirmed: the calls and answers of the queue, 202 while an order waits or runs; that URLs name the first two parts of a
model's path only; the headers `X-Fal-No-Retry` and `X-Fal-Request-Timeout`, which must be more than a second; that
inputs are looked at by the model, so that a wrong one is a 422 in the result; errors of fal's own in JSON with
`error_type`; that server errors are not charged, and a refusal of 422 may be; links on another host than the queue.

Inferred, or stricter than the real one: inputs that a model does not have are refused; that a picture which the checker
flags is black and charged; 401, 403 and 404 in answer to an order; what a result says before it is there; that a
running order is not stopped; the ratios of `fal-ai/nano-banana`. An order is counted as charged when it is taken, also
if its result is then told as an error. Not simulated: streams, logs, webhooks, files, retries and fallbacks.
"""

from simulators.fal.simulator import FalSimulator, fal_simulator

__all__ = ["FalSimulator", "fal_simulator"]
