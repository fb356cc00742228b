"""ComfyUI's HTTP API: the operator's workflows, drawn on the operator's machine, one job after another.

Confirmed, from the sources of ComfyUI (`server.py`, `execution.py`, `nodes.py` of October 2025, and `server.py` and
`comfy_execution/jobs.py` of autumn 2026) and its documentation:

- `POST /prompt` with `{"prompt": nodes by id, "prompt_id", "extra_data"}`: 200 with `{"prompt_id", "number",
  "node_errors"}`; 400 with `{"error": {"type"}, "node_errors": {id: {"errors": [{"type"}]}}}` before anything runs. If
  only some of several output nodes validate, it is 200 and `node_errors` is not empty.
- The client may choose the id: a UUID in canonical form, in older versions any text. ComfyUI does not detect
  duplicates: an id that is sent twice is drawn twice. So the id is looked up before it is sent.
- `GET /api/jobs/{id}` returns the status `pending`, `in_progress`, `completed`, `failed` or `cancelled`, `outputs` and
  `execution_error`, or 404 with `{"error"}`. Versions without it have `GET /queue` and `GET /history/{id}`; a job moves
  from one to the other under one lock. Both are in memory only, so a restart loses them; files remain.
- `filename_prefix` names the file: `{prefix}_00001_.png` if no other has that prefix. Ours contains the id, so that
  `GET /view` finds the image of a job that ComfyUI has forgotten.
- `POST /api/jobs/{id}/cancel`, or `POST /queue {"delete": [id]}` and `POST /interrupt {"prompt_id": id}`, cancels a
  job; an interrupt without an id stops any running job.
- `GET /system_stats` and `GET /object_info/{class}` are free. The latter describes a node's inputs, the files that may
  be named, and `api_node` for nodes that cost money. Partner nodes need `extra_data.api_key_comfy_org`.
- A PNG contains prompt and workflow in text chunks, unless ComfyUI runs with `--disable-metadata`.
- KSampler takes seeds up to 2^64-1, EmptyLatentImage sides that are multiples of 8.

Inferred: sides are from 64 to 2048 pixels, unless the operator declares others; a job with a unique file name is not
answered from the cache with another order's file; a job with Partner nodes that fails, is cancelled or is forgotten may
have been charged, so its outcome is unknown and it is never sent again.

Progress is the place in `GET /queue`. Steps within a job and previews are only pushed, over a WebSocket per
`client_id`. It is not used: proxies in front of ComfyUI would have to support it, and each drawing would hold a
connection. Any process can look a job up at any time without it.

Without Partner nodes, an order costs only computing time. A job that ComfyUI does not know is then taken as not drawn
and may be ordered again; if it arrives after all, one drawing is wasted.
"""

from darkroom.adapters.generators.comfyui.generator import ComfyUIImageGenerator, open_comfyui
from darkroom.adapters.generators.comfyui.models import ComfyUIModel, parse_models

__all__ = ["ComfyUIImageGenerator", "ComfyUIModel", "open_comfyui", "parse_models"]
