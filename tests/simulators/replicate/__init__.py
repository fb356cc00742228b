"""Replicate's HTTP API: predictions that are created, asked about, taken back, and whose files are fetched.

Sources, as they stood in autumn 2026: Replicate's documentation ("HTTP API", "Prediction lifecycle", "Create a
prediction", "Output files", "Data retention", "Rate limits", "Billing"), its changelog on deadlines, the types of its
Python client, the input schemas of `stability-ai/sdxl` and `black-forest-labs/flux-dev`, and errors as they were quoted
in public issues. A prediction is `starting` as it is created and `processing` when it is first asked about.

Inferred: the words of 401 and 402; that unknown inputs are refused, where the real one may pass over them; that the
files' links are signed. A prediction is counted as charged when it is created, also one that is then told as failed or
aborted. Not simulated: webhooks, streams, `Prefer: wait`, deployments.
"""

from simulators.replicate.simulator import ReplicateSimulator, replicate_simulator

__all__ = ["ReplicateSimulator", "replicate_simulator"]
