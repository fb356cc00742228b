"""What many would write first: FastAPI, httpx and aioboto3, and no more than the task asks for.

`PORT STAND_INS_URL` as arguments, in an environment of its own (`make bench-peers`). It checks neither token nor order,
writes nothing down, keeps nothing safe, and is asked again by its caller if anything fails on the way.
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
    """What the caller wants."""

    version: str
    prompt: str
    width: int
    height: int
    seed: list[int]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """One client for each of the two, for as long as it serves."""
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
    """Ask for an image, fetch it, upload it, and answer with its link."""
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
