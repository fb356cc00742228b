"""Models in this process, on its GPU or CPU, through the library `diffusers`: no provider, no key, nothing to pay.

Confirmed, from the sources of diffusers 0.42 and by drawing with it:

- `AutoPipelineForText2Image` opens every kind of text-to-image pipeline but Karlo's, which is `UnCLIPPipeline`.
- What a kind of pipeline can be told is in the signature of its `__call__`, and so are its defaults. The card is read
  from there. A number that has no default within an order's bounds is not honoured: a model that was distilled to four
  steps draws with four.
- Karlo's weights (`karlo-v1-alpha`) draw 256 x 256 pixels only and know no negative prompt. They are drawn with in
  three stages; `num_inference_steps` (25) and `guidance_scale` (8.0) are those of the second one, the decoder, as in
  Karlo's own API, and the others keep to their defaults.
- Text encoders cut what is longer than they read: 77 tokens for CLIP, a few hundred for T5. Tokens cannot be counted
  without the model, so the card bounds prompts by the characters that this number of tokens hardly exceeds. What would
  be cut all the same is refused before it is drawn.
- A list of generators gives each sample of a batch its own seed. They live on the CPU, so that a seed starts from the
  same noise on every device. Samples that are drawn together may differ in their last bits from those drawn alone.

Inferred: the sizes that a pipeline draws well, which no pipeline tells. Taken for them are sides from half to twice
the one that it was made for, in steps that all kinds of pipelines can divide; a setting tells better.

The same request gives the same pixels on the same machine with the same releases of torch and diffusers.
"""

from darkroom.adapters.generators.diffusers.generator import open_diffusers
from darkroom.adapters.generators.diffusers.sources import parse_sources

__all__ = ["open_diffusers", "parse_sources"]
