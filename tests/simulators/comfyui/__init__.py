"""ComfyUI's HTTP API: a queue of one worker, a history, and files that outlive both.

Sources: `server.py`, `execution.py` and `nodes.py` of October 2025 (0.3.64), `server.py` and `comfy_execution/jobs.py`
of autumn 2026 (0.36), and ComfyUI's documentation of its routes and messages.

Confirmed: what is asked and answered on `/prompt`, `/queue`, `/history/{id}`, `/api/jobs/{id}` and its `cancel`,
`/interrupt`, `/view`, `/system_stats` and `/object_info/{class}`; that an id which is sent twice is queued twice; that
ids must be canonical UUIDs in newer versions (`old=True` is one before that, without `/api/jobs`); that a workflow is
validated before it is queued, and which types of errors that has; that 200 comes with `node_errors` if some of several
outputs do not validate; that a restart forgets queue and history and keeps files; the name of a file by its prefix and
the highest number present; that an interrupt without an id stops whatever runs; ranges of the stock nodes; that a PNG
carries its workflow; that Partner nodes need `extra_data.api_key_comfy_org`.

Inferred, or stricter than the real one: members of an order and inputs of a node that are not documented are refused
(the real one passes over them), and so are sides that are not multiples of a node's step; the words of a proxy that
asks for `authorization`; that `Flux2ProImageNode` fails as it does without a key. An image is counted as charged when
it is queued, also if its job is then told as failed. Not simulated: WebSockets, uploads,
custom nodes, subgraphs, the cache.
"""

from simulators.comfyui.simulator import ComfyUISimulator, comfyui_simulator

__all__ = ["ComfyUISimulator", "comfyui_simulator"]
