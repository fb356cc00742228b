"""ComfyUI's HTTP API: a queue with one worker, a history, and files that are kept longer than both.

Sources: `server.py`, `execution.py` and `nodes.py` of October 2025 (0.3.64), `server.py` and `comfy_execution/jobs.py`
of autumn 2026 (0.36), and ComfyUI's documentation of its routes and messages.

Confirmed: the requests and answers of `/prompt`, `/queue`, `/history/{id}`, `/api/jobs/{id}` and its `cancel`,
`/interrupt`, `/view`, `/system_stats` and `/object_info/{class}`; that an id that is sent twice is queued twice; that
ids must be canonical UUIDs in newer versions (`old=True` is an earlier one, without `/api/jobs`); that a workflow is
validated before it is queued, and the types of errors; that 200 has `node_errors` if some of several outputs are
invalid; that a restart drops queue and history but keeps files; that files are named by their prefix and the highest
number so far; that an interrupt without an id stops the running job; the ranges of the stock nodes; that a PNG contains
its workflow; that Partner nodes need `extra_data.api_key_comfy_org`.

Inferred, or stricter than the original: undocumented members of an order and inputs of a node are refused (the original
ignores them), as are sides that are not multiples of a node's step; the answer of a proxy that requires
`authorization`; how `Flux2ProImageNode` fails without a key. An image counts as charged when it is queued, even if its
job then fails. Not simulated: WebSockets, uploads, custom nodes, subgraphs, the cache.
"""

from simulators.comfyui.simulator import ComfyUISimulator, comfyui_simulator

__all__ = ["ComfyUISimulator", "comfyui_simulator"]
