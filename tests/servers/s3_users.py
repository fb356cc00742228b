"""Users of the S3 server with policies, made through its IAM API as on AWS."""

from __future__ import annotations

import time
from contextlib import suppress
from itertools import count
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from servers.process import ProgramFailed
from servers.s3 import Credentials, S3Server

_numbers = count(1)


def user_with(server: S3Server, *policies: str) -> Credentials:
    """Make a user with only these policies (JSON), and return its credentials. Blocks the thread for a moment.

    Raises:
        ProgramFailed: the server does not accept the credentials.
    """
    name = f"user-{next(_numbers)}"
    iam = client_of(server, server.admin, "iam")
    iam.create_user(UserName=name)
    for number, policy in enumerate(policies):
        iam.put_user_policy(UserName=name, PolicyName=f"policy-{number}", PolicyDocument=policy)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    credentials = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
    user, deadline = client_of(server, credentials), time.monotonic() + 30
    while time.monotonic() < deadline:  # the S3 service accepts the user a moment later
        with suppress(ClientError):
            user.list_buckets()
            return credentials
        time.sleep(0.02)
    raise ProgramFailed(f"SeaweedFS does not know {name}")


def client_of(server: S3Server, credentials: Credentials, service: str = "s3") -> Any:  # noqa: ANN401 - not typed
    """Return a client of botocore, for calls that Darkroom does not make."""
    return botocore.session.get_session().create_client(
        service,
        region_name=server.region,
        endpoint_url=server.endpoint_url,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        config=Config(
            signature_version="s3v4" if service == "s3" else "v4",
            s3={"addressing_style": "path"},
            proxies={},
            retries={"total_max_attempts": 1},
        ),
    )
