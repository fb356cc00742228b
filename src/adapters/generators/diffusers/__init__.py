"""Models in this process, on its GPU or CPU, through the library `diffusers`: no provider, no key, nothing to pay.

Confirmed, from the sources of diffusers 0.42 and by drawing with it:

- `AutoPipelineForText2Image` loads every kind of text-to-image pipeline except Karlo's, which is `UnCLIPPipeline`.
- A pipeline's parameters and their defaults are in the signature of its `__call__`, from which the card is read. A
  number whose default is outside an order's bounds is not honoured: a model distilled to four steps draws with four.
- Karlo's weights (`karlo-v1-alpha`) draw 256 x 256 pixels only and do not support negative prompts. They draw in three
  stages; `num_inference_steps` (25) and `guidance_scale` (8.0) are those of the second one, the decoder, as in Karlo's
  own API, and the other stages keep their defaults.
- Text encoders truncate long prompts: to 77 tokens for CLIP, a few hundred for T5. Tokens cannot be counted without the
  model, so the card limits prompts to a number of characters that usually fits. A prompt that would be truncated
  nevertheless is refused before it is drawn.
- A list of torch generators gives each sample of a batch its own seed. They are on the CPU, so that a seed starts from
  the same noise on every device. Samples drawn together may differ in their last bits from those drawn alone.

Inferred: the sizes that a pipeline draws well, which it does not report. By default, sides are from half to twice the
one that the pipeline was made for, in steps that every kind of pipeline can divide; a setting overrides this.

The same request gives the same pixels on the same machine with the same releases of torch and diffusers.
"""

from darkroom.adapters.generators.diffusers.generator import open_diffusers
from darkroom.adapters.generators.diffusers.sources import parse_sources

__all__ = ["open_diffusers", "parse_sources"]
