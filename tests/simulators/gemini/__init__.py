"""Google's Gemini API as its image models answer it: `POST /v1beta/models/{model}:generateContent`, by API key.

Confirmed, from Google's documentation and the code of its clients (python-genai, vercel/ai), autumn 2026: the header
`x-goog-api-key`; the members of a request and their types; ratios and tiers, four more ratios and the tier `512` for
the newer flash models; the shape of answers and of errors; the values of `blockReason` and `finishReason`; RetryInfo;
that `personGeneration`, `prominentPeople` and `imageOutputOptions` are not for API keys; the names of the models; that
a 400 or a 500 is not charged for.

Inferred: that a member which is not known is refused (as Google's JSON transcoding does, in its words); that
`candidateCount` above 1 is refused, and `imageSize` in lower case; that a seed is an int32; that drafts come as
thoughts before the picture; how many pixels a ratio has. Equal seeds give other images here: Google calls them best
effort.

Not as Google does it: a key in the URL is refused, so that a client which sends it there is found out.
"""

from simulators.gemini.simulator import GeminiSimulator, gemini_simulator

__all__ = ["GeminiSimulator", "gemini_simulator"]
