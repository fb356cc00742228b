from __future__ import annotations

from pathlib import Path

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import DataNotFoundError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.utils import ArgumentGenerator

from darkroom.adapters.storages.s3 import open_s3_client
from darkroom.adapters.storages.s3.models import ModelLoader
from darkroom.domain.model.errors import StorageFault

CALLED = ("CreateSession", "GetObject", "ListObjects")


@pytest.fixture(scope="module")
def own() -> Loader:
    """The loader of botocore."""
    return Loader()


@pytest.fixture(scope="module")
def ours(own: Loader) -> ModelLoader:
    return ModelLoader(own.search_paths)


@pytest.mark.parametrize("service", ["s3", "sts", "sso", "sso-oidc", "signin"])
@pytest.mark.parametrize("region", ["ap-northeast-2", "us-east-1", "cn-north-1", "us-gov-west-1", "mars-1"])
async def test_clients_use_the_same_endpoints(own: Loader, ours: ModelLoader, service: str, region: str) -> None:
    async def endpoint_of(loader: Loader) -> tuple[object, ...]:
        session = get_session()
        session.register_component("data_loader", loader)
        config = AioConfig(ignore_configured_endpoint_urls=True)
        async with session.create_client(service, region_name=region, config=config) as client:
            meta = client.meta
            return meta.endpoint_url, meta.region_name, meta.partition, meta.config.signature_version

    assert await endpoint_of(ours) == await endpoint_of(own)


def test_operations_and_all_their_shapes_are_the_same(own: Loader, ours: ModelLoader) -> None:
    theirs, kept = (loader.load_service_model("s3", "service-2") for loader in (own, ours))
    model = ServiceModel(kept, "s3")
    for name in CALLED:
        assert kept["operations"][name] == theirs["operations"][name]
        operation = model.operation_model(name)
        for shape in filter(None, (operation.input_shape, operation.output_shape, *operation.error_shapes)):
            ArgumentGenerator().generate_skeleton(shape)  # resolves every nested shape
    assert all(shape == theirs["shapes"][name] for name, shape in kept["shapes"].items())


def test_only_the_operations_that_are_called_are_kept(ours: ModelLoader) -> None:
    assert ours.load_service_model("s3", "service-2")["operations"].keys() == set(CALLED)
    for partition in ours.load_data("endpoints")["partitions"]:
        assert len(partition["services"]) <= 5


def test_the_operators_files_take_precedence(own: Loader, tmp_path: Path) -> None:
    (tmp_path / "partitions.json").write_text('{"mine": 1}')
    assert ModelLoader([str(tmp_path), *own.search_paths]).load_data("partitions") == {"mine": 1}


def test_unknown_data_raises_data_not_found(ours: ModelLoader) -> None:
    with pytest.raises(DataNotFoundError):
        ours.load_data("nothing")
    with pytest.raises(DataNotFoundError):
        ours.load_service_model("nothing", "service-2")


async def test_broken_files_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "endpoints.json").write_text('{"partitions"')
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    with pytest.raises(StorageFault, match="no S3 client can be made"):
        async with open_s3_client(region="us-east-1"):
            pass
