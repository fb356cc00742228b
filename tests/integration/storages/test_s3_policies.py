"""The policies of `deploy/s3` allow only what Darkroom does, on a server that enforces them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from darkroom.adapters.conformance import Read, StorageContract, all_keys, new_key, placed, put, some_image
from darkroom.adapters.storages.s3 import S3ImageStorage
from darkroom.domain.model.errors import StorageFault
from darkroom.domain.model.image_file import MediaType
from servers.s3 import Credentials, S3Server
from servers.s3_users import client_of, user_with

OpenStorage = Callable[..., AbstractAsyncContextManager[S3ImageStorage]]
POLICIES = Path(__file__).parents[3] / "deploy" / "s3"
ELSEWHERE = "another"


def policy(name: str, bucket: str = S3Server.bucket) -> str:
    """A shipped policy, with the name of our bucket."""
    text = (POLICIES / f"{name}.json").read_text(encoding="utf-8")
    assert "arn:aws:s3:::my-images" in text
    return text.replace("my-images", bucket)


@pytest.fixture(scope="module")
def service(s3_server: S3Server) -> Credentials:
    """A user with the rights that a service needs."""
    return user_with(s3_server, policy("service-policy"))


@pytest.fixture(scope="module")
def auditor(s3_server: S3Server) -> Credentials:
    """A user that also has the rights that `darkroom orphans` needs."""
    return user_with(s3_server, policy("service-policy"), policy("orphans-policy"))


class TestEverythingThatAStorageDoes(StorageContract):
    @pytest.fixture
    async def storage(
        self, s3: S3Server, auditor: Credentials, open_storage: OpenStorage
    ) -> AsyncIterator[S3ImageStorage]:
        async with open_storage(s3.endpoint_url, auditor) as storage:
            yield storage


async def test_a_service_may_not_list_the_bucket(
    s3: S3Server, service: Credentials, open_storage: OpenStorage, read: Read
) -> None:
    async with open_storage(s3.endpoint_url, service) as storage:
        key = new_key()
        assert (await storage.check()).startswith("keeps images in the bucket")
        await put(storage, key, some_image())
        await put(storage, key, some_image())
        assert await read(await storage.link(key)) == (some_image(), MediaType.PNG)
        assert await storage.holds(placed(key, some_image()))
        assert not await storage.holds(placed(new_key(), some_image()))
        with pytest.raises(StorageFault, match="access is denied: ListObjects"):
            await all_keys(storage)
        await storage.delete(key)
    assert s3.keys() == []


def user_without(s3: S3Server, action: str) -> Credentials:
    """A user with all rights that the policies grant, except one action."""

    def without(name: str) -> str:
        document = json.loads(policy(name))
        (statement,) = document["Statement"]
        allowed = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        statement["Action"] = [one for one in allowed if one != action] or ["s3:GetBucketLocation"]
        return json.dumps(document)

    return user_with(s3, without("service-policy"), without("orphans-policy"))


@pytest.mark.parametrize("action", ["s3:PutObject", "s3:GetObject", "s3:ListBucket"])
async def test_every_action_in_the_policies_is_needed(s3: S3Server, open_storage: OpenStorage, action: str) -> None:
    lacking = user_without(s3, action)
    async with open_storage(s3.endpoint_url, lacking) as storage:
        with pytest.raises(StorageFault, match="access is denied"):  # noqa: PT012  # by either of the two calls
            await storage.check()
            await all_keys(storage)


async def test_repeated_checks_leave_one_object_if_nothing_may_be_deleted(
    s3: S3Server, open_storage: OpenStorage
) -> None:
    lacking = user_without(s3, "s3:DeleteObject")
    for _ in range(2):
        async with open_storage(s3.endpoint_url, lacking) as storage:
            assert (await storage.check()).endswith("where nothing may be deleted, so that images/check.png stays")
            assert await all_keys(storage) == []
            with pytest.raises(StorageFault, match="access is denied: DeleteObject"):
                await storage.delete(new_key())
    assert s3.keys() == ["images/check.png"]


FOREIGN: dict[str, Callable[[Any, str], object]] = {
    "read beside the prefix": lambda s3, here: s3.get_object(Bucket=here, Key="other/a"),
    "read beside it, by a longer name": lambda s3, here: s3.get_object(Bucket=here, Key="images2/a"),
    "write beside it": lambda s3, here: s3.put_object(Bucket=here, Key="other/b", Body=b"b"),
    "delete beside it": lambda s3, here: s3.delete_object(Bucket=here, Key="other/a"),
    "copy from beside it": lambda s3, here: s3.copy_object(Bucket=here, Key="images/c", CopySource=f"{here}/other/a"),
    "list the whole bucket": lambda s3, here: s3.list_objects_v2(Bucket=here),
    "list beside the prefix": lambda s3, here: s3.list_objects_v2(Bucket=here, Prefix="other/"),
    "read in another bucket": lambda s3, here: s3.get_object(Bucket=ELSEWHERE, Key="images/a"),
    "write in another bucket": lambda s3, here: s3.put_object(Bucket=ELSEWHERE, Key="images/b", Body=b"b"),
    "list another bucket": lambda s3, here: s3.list_objects_v2(Bucket=ELSEWHERE, Prefix="images/"),
    "make a bucket": lambda s3, here: s3.create_bucket(Bucket="yet-another"),
    "delete a bucket": lambda s3, here: s3.delete_bucket(Bucket=ELSEWHERE),
    "open an object to all": lambda s3, here: s3.put_object_acl(Bucket=here, Key="images/a", ACL="public-read"),
    "tag an object": lambda s3, here: s3.put_object_tagging(
        Bucket=here, Key="images/a", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}
    ),
    "read the bucket's policy": lambda s3, here: s3.get_bucket_policy(Bucket=here),
    "change the bucket's policy": lambda s3, here: s3.put_bucket_policy(
        Bucket=here, Policy=policy("bucket-policy", here)
    ),
}


def test_a_thief_of_the_keys_can_do_nothing_else(s3: S3Server, auditor: Credentials) -> None:
    admin, thief = client_of(s3, s3.admin), client_of(s3, auditor)
    admin.create_bucket(Bucket=ELSEWHERE)
    kept = [(s3.bucket, "images/a"), (s3.bucket, "images2/a"), (s3.bucket, "other/a"), (ELSEWHERE, "images/a")]
    for bucket, key in kept:
        admin.put_object(Bucket=bucket, Key=key, Body=b"a")
    said = {}
    for name, deed in FOREIGN.items():
        try:
            said[name] = deed(thief, s3.bucket)
        except ClientError as refusal:
            said[name] = refusal.response["Error"]["Code"]
    assert said == dict.fromkeys(FOREIGN, "AccessDenied")
    assert [admin.get_object(Bucket=bucket, Key=key)["Body"].read() for bucket, key in kept] == [b"a"] * 4


async def test_plain_text_is_refused_if_the_bucket_policy_says_so(s3: S3Server, open_storage: OpenStorage) -> None:
    bucket, admin = "tls-only", client_of(s3, s3.admin)
    admin.create_bucket(Bucket=bucket)
    async with open_storage(s3.endpoint_url, user_with(s3, policy("service-policy", bucket)), bucket=bucket) as storage:
        await storage.check()
        admin.put_bucket_policy(Bucket=bucket, Policy=policy("bucket-policy", bucket))
        with pytest.raises(StorageFault, match="access is denied: PutObject"):
            await storage.check()
