"""The API of AUTOMATIC1111's Stable Diffusion web UI, `POST /sdapi/v1/txt2img`, which Forge, SD.Next and others share.

Sources: `modules/api/api.py`, `modules/api/models.py`, `modules/processing.py` and `modules/progress.py` of
AUTOMATIC1111 1.10, and the same files of SD.Next, as of autumn 2026: the fields and their defaults, consecutive seeds
within a batch, sides rounded down to a multiple of 8, unknown checkpoints silently ignored, `info` as a string, the
text `parameters` in each PNG, Basic credentials, the format of 401, 404, 422 and 500, the progress of a call by its
name. Unknown fields are ignored, as in the original.

Inferred: the messages of errors. Stricter than the original: types are not converted. Live previews change
with each step, and are PNGs. Not simulated: grids, scripts. Nothing is billed: what counts as charged is the work that
was done.
"""

from simulators.webui.simulator import WebUISimulator, webui_simulator

__all__ = ["WebUISimulator", "webui_simulator"]
