"""Serve only Open WebUI's routers for images and files. Runs in an environment that has Open WebUI.

The argument is the port. The only user is the administrator.
"""

import asyncio
import secrets
import sys

import uvicorn
from fastapi import FastAPI  # type: ignore[import-not-found]  # all of these in an environment of its own
from open_webui.models.auths import Auths  # type: ignore[import-not-found]
from open_webui.models.users import UserModel  # type: ignore[import-not-found]
from open_webui.routers import files, images  # type: ignore[import-not-found]
from open_webui.utils.auth import get_current_user  # type: ignore[import-not-found]


async def main(port: int) -> None:
    ada: UserModel = await Auths.insert_new_auth("ada@example.com", secrets.token_hex(), "Ada", role="admin")
    app = FastAPI()
    app.include_router(images.router, prefix="/api/v1/images")
    app.include_router(files.router, prefix="/api/v1/files")
    app.dependency_overrides[get_current_user] = lambda: ada
    await uvicorn.Server(uvicorn.Config(app, port=port)).serve()


asyncio.run(main(int(sys.argv[1])))
