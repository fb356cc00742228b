"""What adapters MUST do, as tests for any adapter: needs the extra `conformance`, for pytest.

A subclass of `GeneratorContract` names the generator by one fixture, `generator`. Where a provider stands behind it, a
subclass of `ProviderContract` has two more: `provider`, which makes each situation happen and knows what was asked and
charged, and `impatient`, a generator for the same provider whose deadlines are a second or so. A subclass of
`StorageContract` has `storage`, empty, and `read`. Tests are coroutines: pytest-asyncio in its mode `auto` runs them,
and each one's name is the rule that it holds to.

    class TestMine(ProviderContract):
        situations = frozenset(Situation) - {Situation.LINKS_DEAD}  # it has no links

        @pytest.fixture
        async def provider(self): ...

        @pytest.fixture
        async def generator(self, provider): ...

        @pytest.fixture
        async def impatient(self, provider): ...
"""

import pkgutil

import pytest

# Before the first of them is imported, so that a broken rule shows what was expected and what came.
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)))

from darkroom.adapters.conformance.drawing import collected, draw  # noqa: E402
from darkroom.adapters.conformance.generator_contract import GeneratorContract  # noqa: E402
from darkroom.adapters.conformance.provider import Asked, Provider  # noqa: E402
from darkroom.adapters.conformance.provider_contract import ProviderContract  # noqa: E402
from darkroom.adapters.conformance.requests import full_request, plain_request  # noqa: E402
from darkroom.adapters.conformance.situations import OUTCOMES, Outcome, Situation  # noqa: E402
from darkroom.adapters.conformance.storage_contract import (  # noqa: E402
    Outage,
    Read,
    StorageContract,
    StorageOutageContract,
    all_keys,
    new_key,
    placed,
    put,
    some_image,
)

__all__ = [
    "OUTCOMES",
    "Asked",
    "GeneratorContract",
    "Outage",
    "Outcome",
    "Provider",
    "ProviderContract",
    "Read",
    "Situation",
    "StorageContract",
    "StorageOutageContract",
    "all_keys",
    "collected",
    "draw",
    "full_request",
    "new_key",
    "placed",
    "plain_request",
    "put",
    "some_image",
]
