"""Google's Gemini API for image models: `POST /v1beta/models/{model}:generateContent`, by API key.

Confirmed, from Google's documentation and the code of its clients (python-genai, vercel/ai), autumn 2026: the header
`x-goog-api-key`; the members of a request and their types; ratios and tiers, four more ratios and the tier `512` for
the newer flash models; the format of answers and errors; the values of `blockReason` and `finishReason`; RetryInfo;
that `personGeneration`, `prominentPeople` and `imageOutputOptions` are not for API keys; the names of the models; that
a 400 or a 500 is not charged.

Inferred: that unknown members are refused (with the messages of Google's JSON transcoding); that `candidateCount` above
1 and `imageSize` in lower case are refused; that a seed is an int32; that drafts precede the image as thoughts; the
pixels of each ratio. Equal seeds give different images here, since Google calls them best effort.

Unlike Google: a key in the URL is refused, to detect clients that send it there.
"""

from simulators.gemini.simulator import GeminiSimulator, gemini_simulator

__all__ = ["GeminiSimulator", "gemini_simulator"]
