"""The API of AUTOMATIC1111's Stable Diffusion web UI, `POST /sdapi/v1/txt2img`, which Forge, SD.Next and others share.

Sources: `modules/api/api.py`, `modules/api/models.py` and `modules/processing.py` of AUTOMATIC1111 1.10, and the same
of SD.Next, as they stood in autumn 2026: the fields and their defaults, seeds that count on within a batch, sides that
are rounded down to a multiple of 8, a checkpoint that is not there and is passed over in silence, `info` as a string,
the text `parameters` in each PNG, Basic credentials, the shapes of 401, 404, 422 and 500. Unknown fields are ignored,
as there.

Inferred: the words of errors; that types are taken strictly, where the real one converts what it can. Not simulated:
grids, scripts, previews. Nothing is billed: what is counted as charged is the work that was done.
"""

from simulators.webui.simulator import WebUISimulator, webui_simulator

__all__ = ["WebUISimulator", "webui_simulator"]
