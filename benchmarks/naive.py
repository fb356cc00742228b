"""The service that many would write first: FastAPI, httpx and aioboto3, with the bare minimum.

Its arguments are `PORT STAND_INS_URL`; it runs in a separate environment (`make bench-peers`). It verifies neither
tokens nor orders, records nothing, keeps no copy, and if anything fails, its caller has to order again.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import aioboto3  # type: ignore[import-not-found]
import httpx
import uvicorn
from fastapi import FastAPI  # type: ignore[import-not-found]
from pydantic import BaseModel

PORT, STAND_INS = int(sys.argv[1]), sys.argv[2]


class Order(BaseModel):
    """The caller's order."""

    version: str
    prompt: str
    width: int
    height: int
    seed: list[int]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open a client for the provider and one for the storage while the service runs."""
    s3 = aioboto3.Session().client(
        "s3",
        endpoint_url=STAND_INS,
        region_name="us-east-1",
        aws_access_key_id="benchmark",
        aws_secret_access_key="benchmark",  # noqa: S106  # it guards nothing
    )
    async with httpx.AsyncClient(timeout=60) as http, s3 as storage:
        app.state.http, app.state.s3 = http, storage
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/api/images")  # type: ignore[untyped-decorator]
async def draw(order: Order) -> list[dict[str, Any]]:
    """Order an image, fetch it, upload it, and answer with its link."""
    http, s3 = app.state.http, app.state.s3
    drawn = await http.post(f"{STAND_INS}/v2/inference/karlo/t2i", json=order.model_dump())
    drawn.raise_for_status()
    image = drawn.json()["images"][0]
    fetched = await http.get(image["image"])
    fetched.raise_for_status()
    key = f"images/{uuid4()}.webp"
    await s3.put_object(Bucket="bucket", Key=key, Body=fetched.content, ContentType="image/webp")
    link = await s3.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": key}, ExpiresIn=3600)
    return [{"id": image["id"], "seed": image["seed"], "image": link}]


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning")
