"""What adapters MUST do, as test classes for any adapter. Needs the extra `conformance`, for pytest.

A subclass of `GeneratorContract` provides the fixture `generator`. If the generator calls a provider, subclass
`ProviderContract` and provide two more: `provider`, a `Provider` that simulates each situation and records what was
asked and charged, and `impatient`, a generator for the same provider with deadlines of about a second. A subclass of
`StorageContract` provides `storage`, which is empty, and `read`. The tests are coroutines, for pytest-asyncio in its
mode `auto`; the name of each is the rule that it tests.

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

# Must run before these modules are imported, so that a failed assertion shows the values compared.
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
