"""ComfyUI's HTTP API: workflows that the operator has, drawn on a machine of the operator's own, one job after another.

Confirmed, from the sources of ComfyUI (`server.py`, `execution.py`, `nodes.py` of October 2025, and `server.py` and
`comfy_execution/jobs.py` of autumn 2026) and its documentation:

- `POST /prompt` with `{"prompt": nodes by id, "prompt_id", "extra_data"}`: 200 with `{"prompt_id", "number",
  "node_errors"}`; 400 with `{"error": {"type"}, "node_errors": {id: {"errors": [{"type"}]}}}` before anything runs. If
  of several output nodes some do not validate, it is 200 and `node_errors` is not empty.
- The id may be ours. It must be a UUID in its canonical form, in older versions any text. ComfyUI does not look for
  duplicates: an id that is sent twice is drawn twice. So it is asked about first, and then sent.
- `GET /api/jobs/{id}` says `pending`, `in_progress`, `completed`, `failed` or `cancelled`, `outputs` and
  `execution_error`, or 404 with `{"error"}`. Versions without it have `GET /queue` and `GET /history/{id}`; a job moves
  from one to the other under one lock. Both lie in memory, so a restart forgets them; files stay.
- `filename_prefix` names the file, `{prefix}_00001_.png` if there is none with that prefix: ours holds the id, so that
  `GET /view` finds the image of a job that was forgotten.
- `POST /api/jobs/{id}/cancel`, or `POST /queue {"delete": [id]}` and `POST /interrupt {"prompt_id": id}`, takes a job
  back; an interrupt without an id stops whatever runs.
- `GET /system_stats` and `GET /object_info/{class}` are free: what inputs a node has, which files may be named, and
  `api_node` for those that cost money. Partner nodes need `extra_data.api_key_comfy_org`.
- A PNG carries prompt and workflow in text chunks, unless ComfyUI runs with `--disable-metadata`.
- An own machine charges nothing. KSampler takes seeds up to 2^64-1, EmptyLatentImage sides that are multiples of 8.

Inferred: sides from 64 to 2048 pixels, if the operator does not say otherwise; that jobs with a file name of their own
are not answered from the cache with another order's file; that a job with Partner nodes that fails, is taken back or is
forgotten may have been charged for, which is why its outcome is unknown then, and it is never sent again.

Progress is a place in `GET /queue`. Steps within a job and its previews are only pushed, over a WebSocket for each
`client_id`. It is not opened: a proxy before ComfyUI would have to let it through, and a connection would stay open
for each drawing. What has become of a job can be asked at any time, by any process, without it.

Without Partner nodes an order costs work only. A job that ComfyUI does not know is then not drawn, and may be ordered
again; one that arrives all the same after that is drawn for nothing.
"""

from darkroom.adapters.generators.comfyui.generator import ComfyUIImageGenerator, open_comfyui
from darkroom.adapters.generators.comfyui.models import ComfyUIModel, parse_models

__all__ = ["ComfyUIImageGenerator", "ComfyUIModel", "open_comfyui", "parse_models"]
