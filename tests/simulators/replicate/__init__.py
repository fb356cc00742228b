"""Replicate's HTTP API: predictions are created, polled or cancelled, and their files are fetched.

Sources, as of autumn 2026: Replicate's documentation ("HTTP API", "Prediction lifecycle", "Create a prediction",
"Output files", "Data retention", "Rate limits", "Billing"), its changelog on deadlines, the types of its Python client,
the input schemas of `stability-ai/sdxl` and `black-forest-labs/flux-dev`, and errors quoted in public issues. A
prediction is `starting` when it is created and `processing` at the first poll.

Inferred: the messages of 401 and 402; that unknown inputs are refused, which the original may ignore; that links to
files are signed. A prediction counts as charged when it is created, even if it then fails or is aborted. Not simulated:
webhooks, streams, `Prefer: wait`, deployments.
"""

from simulators.replicate.simulator import ReplicateSimulator, replicate_simulator

__all__ = ["ReplicateSimulator", "replicate_simulator"]
