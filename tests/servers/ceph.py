"""A real RADOS Gateway, which is Ceph's S3 server, with one monitor and one object store in memory. Needs root."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import uuid
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

import botocore.session
import httpx
from botocore.config import Config

from servers.parts import PartMissing
from servers.ports import LOOPBACK, free_port
from servers.process import Process, ProgramFailed
from servers.s3 import Credentials

_PROGRAMS = ("ceph", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")
# One copy of everything, in memory, and no authentication within the cluster.
_CONFIGURATION = """
[global]
fsid = {cluster}
mon host = v2:{host}:{monitor}
auth cluster required = none
auth service required = none
auth client required = none
ms mon client mode = crc
public addr = {host}
cluster addr = {host}
ms bind port min = {first}
ms bind port max = {last}
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
osd objectstore = memstore
memstore device bytes = 1073741824
run dir = {folder}
admin socket = {folder}/$name.asok
mon data = {folder}/mon
osd data = {folder}/osd
rgw data = {folder}/rgw
rgw frontends = beast endpoint={host}:{port}
rgw run sync thread = false
log to stderr = true
log to file = false
mon cluster log to file = false
"""


class CephServer:
    """A gateway with one bucket, empty at the start. It uses path-style addresses over plain HTTP.

    Attributes:
        bucket: The name of the bucket.
        service: Credentials that may do everything with the bucket.
    """

    bucket = "darkroom"
    region = "us-east-1"

    def __init__(self) -> None:
        self.service = Credentials()
        self.port = free_port()
        self._started = ExitStack()

    def __enter__(self) -> Self:
        """Start the cluster, which takes about ten seconds.

        Raises:
            PartMissing: Ceph is not installed, or the tests do not run as root.
            ProgramFailed: it does not start.
        """
        missing = [program for program in _PROGRAMS if not shutil.which(program)]
        if missing or os.geteuid() != 0:
            raise PartMissing("Ceph's RADOS Gateway", f"needs root, and Debian's {', '.join(missing) or 'packages'}")
        with ExitStack() as started:
            self._folder = Path(started.enter_context(tempfile.TemporaryDirectory(prefix="darkroom-ceph-")))
            self._start(started)
            self._started = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self._started.close()

    @property
    def endpoint_url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def empty(self) -> None:
        """Delete all objects in the bucket."""
        for found in self._client.list_objects_v2(Bucket=self.bucket).get("Contents", ()):
            self._client.delete_object(Bucket=self.bucket, Key=found["Key"])

    def _start(self, started: ExitStack) -> None:
        cluster, disk, monitor, first = str(uuid.uuid4()), str(uuid.uuid4()), free_port(), free_port()
        configuration = self._folder / "ceph.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                cluster=cluster,
                folder=self._folder,
                host=LOOPBACK,
                monitor=monitor,
                port=self.port,
                first=first,
                last=first + 60,
            ),
            encoding="utf-8",
        )
        for name in ("mon", "osd", "rgw"):
            (self._folder / name).mkdir()
        here = ("-c", str(configuration))
        monitors = str(self._folder / "monmap")
        self._run("monmaptool", "--create", "--addv", "a", f"[v2:{LOOPBACK}:{monitor}]", "--fsid", cluster, monitors)
        self._run("ceph-mon", *here, "--mkfs", "-i", "a", "--monmap", monitors)
        started.enter_context(Process(["ceph-mon", *here, "-f", "-i", "a"], folder=self._folder))
        self._run("ceph", *here, "osd", "new", disk)
        self._run("ceph-osd", *here, "--mkfs", "-i", "0", "--osd-uuid", disk)
        started.enter_context(Process(["ceph-osd", *here, "-f", "-i", "0"], folder=self._folder))
        gateway = started.enter_context(Process(["radosgw", *here, "-f", "-n", "client.rgw"], folder=self._folder))
        self._await_gateway(gateway)
        keys = ("--access-key", self.service.access_key, "--secret-key", self.service.secret_key)
        self._run("radosgw-admin", *here, "user", "create", "--uid", "darkroom", "--display-name", "darkroom", *keys)
        self._client = _connect(self.endpoint_url, self.service)
        self._client.create_bucket(Bucket=self.bucket)

    def _run(self, *command: str) -> None:
        with Process(command, folder=self._folder) as process:
            if process.wait(timeout=60) != 0:
                raise ProgramFailed(f"{command[0]} failed\n{process.stderr}")

    def _await_gateway(self, gateway: Process) -> None:
        deadline = time.monotonic() + 90
        with httpx.Client(trust_env=False) as http:
            while True:
                with suppress(httpx.TransportError):
                    if http.get(self.endpoint_url).is_success:
                        return
                if not gateway.running or time.monotonic() > deadline:
                    raise ProgramFailed(f"the gateway does not start\n{gateway.stderr}")
                time.sleep(0.1)


def _connect(endpoint_url: str, credentials: Credentials) -> Any:  # noqa: ANN401 - botocore generates its clients at run time
    return botocore.session.get_session().create_client(
        "s3",
        region_name=CephServer.region,
        endpoint_url=endpoint_url,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, proxies={}),
    )
