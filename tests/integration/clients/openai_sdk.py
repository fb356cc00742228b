"""Draw with OpenAI's SDK and print the result as JSON. Runs in an environment that has the SDK."""

# ruff: noqa: T201  # a program, which prints

import json
import sys

import openai  # type: ignore[import-not-found]  # in an environment of its own

base_url, api_key, client_options, call = sys.argv[1:]
client = openai.OpenAI(base_url=base_url, api_key=api_key, **json.loads(client_options))
try:
    answer = client.images.generate(**json.loads(call))
except openai.APIStatusError as error:
    told = {"error": type(error).__name__, "status": error.status_code, "said": str(error), "body": error.body}
except openai.APIError as error:
    told = {"error": type(error).__name__, "said": str(error)}
else:
    told = {"images": [{"url": image.url, "b64_json": image.b64_json} for image in answer.data or ()]}
told["models"] = [model.id for model in client.models.list()]
print(json.dumps(told))
