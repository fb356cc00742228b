"""Settings for several endpoints of one kind of provider."""

import pytest

from darkroom.domain.model.model_card import ModelCard
from darkroom.entrypoints.container.generators import open_generator
from darkroom.entrypoints.settings import BadSettings, OpenAISettings, Settings, ignored_names
from darkroom.entrypoints.settings.setting import declared_in

TWO = {
    "DARKROOM_GENERATORS": "openai,openai.azure",
    "DARKROOM_OPENAI_API_KEY": "sk-plain",
    "DARKROOM_OPENAI_AZURE_API_KEY": "the-azure-key",
    "DARKROOM_OPENAI_AZURE_BASE_URL": "https://res.openai.azure.com/openai/v1",
    "DARKROOM_OPENAI_AZURE_MODELS": "azure-image=1024x1024 kind=gpt-image model=images-prod",
    "DARKROOM_OPENAI_AZURE_HEADER": "api-key",
    "DARKROOM_OPENAI_AZURE_QUERY": "api-version=preview",
    "DARKROOM_IMAGES_PER_MINUTE_OPENAI_AZURE": "5",
}


def test_each_endpoint_has_its_own_settings() -> None:
    settings = Settings.read(TWO)
    plain, azure = (settings.for_generator(name).of(OpenAISettings) for name in settings.generators.names)

    assert (plain.api_key.value, plain.base_url, plain.header) == ("sk-plain", "https://api.openai.com/v1", None)
    assert (azure.api_key.value, azure.base_url) == ("the-azure-key", "https://res.openai.azure.com/openai/v1")
    assert (azure.header, azure.query) == ("api-key", "api-version=preview")
    assert settings.images_per_minute == {"openai.azure": 5}
    assert not list(ignored_names(TWO))


async def test_each_endpoint_is_a_generator_with_its_own_name() -> None:
    settings = Settings.read(TWO)
    cards: list[ModelCard] = []
    for name in settings.generators.names:
        async with open_generator(settings, name) as generator:
            cards += generator.cards

    assert [(card.version.value, card.generator) for card in cards] == [
        ("gpt-image-2", "openai"),
        ("azure-image", "openai.azure"),
    ]


def test_an_endpoint_does_not_need_the_unnamed_one() -> None:
    alone = {name: text for name, text in TWO.items() if name != "DARKROOM_OPENAI_API_KEY"}

    assert Settings.read(alone | {"DARKROOM_GENERATORS": "openai.azure"}).generators.names == ("openai.azure",)


def test_the_settings_in_use_include_those_of_each_endpoint() -> None:
    names = [one.setting.name for group in Settings.read(TWO).groups for one in declared_in(group)]

    assert "DARKROOM_OPENAI_MODELS" in names
    assert "DARKROOM_OPENAI_AZURE_MODELS" in names
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"DARKROOM_OPENAI_AZURE_API_KEY": ""}, "DARKROOM_OPENAI_AZURE_API_KEY is missing: with DARKROOM_GENERATORS="),
        ({"DARKROOM_OPENAI_AZURE_BASE_URL": "ftp://x"}, "DARKROOM_OPENAI_AZURE_BASE_URL must be an address"),
        ({"DARKROOM_OPENAI_AZURE_HEADER": "api key"}, "DARKROOM_OPENAI_AZURE_HEADER must be the name of a header"),
        ({"DARKROOM_GENERATORS": "openai.image"}, "'openai.image' must not be named like a setting"),
        ({"DARKROOM_GENERATORS": "openai.output"}, "'openai.output' must not be named like a setting"),
        ({"DARKROOM_GENERATORS": "openai.Azure"}, "'openai.Azure' must name an endpoint in lower case"),
        ({"DARKROOM_GENERATORS": "openai."}, "'openai.' must name an endpoint in lower case"),
        ({"DARKROOM_IMAGES_PER_MINUTE_OPENAI_AZURE": "x"}, "DARKROOM_IMAGES_PER_MINUTE_OPENAI_AZURE must be"),
    ],
)
def test_a_wrong_setting_of_an_endpoint_is_reported_by_its_own_name(changes: dict[str, str], says: str) -> None:
    with pytest.raises(BadSettings, match=says):
        Settings.read(TWO | changes)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"DARKROOM_OPENAI_AZURE_MODELS": "flux-dev"}, "DARKROOM_OPENAI_AZURE_MODELS: 'flux-dev' must say"),
        ({"DARKROOM_OPENAI_AZURE_QUERY": "a b"}, "the query must be such as"),
    ],
)
async def test_a_mistake_found_when_the_generator_is_opened_is_reported_by_its_own_name_too(
    changes: dict[str, str], says: str
) -> None:
    settings = Settings.read(TWO | changes)

    with pytest.raises(BadSettings, match=says):
        async with open_generator(settings, "openai.azure"):
            pass


async def test_a_kind_without_settings_cannot_have_endpoints() -> None:
    settings = Settings.read({"DARKROOM_GENERATORS": "sketch.second"})

    with pytest.raises(BadSettings, match="DARKROOM_GENERATORS must name some of"):
        async with open_generator(settings, "sketch.second"):
            pass


def test_the_two_fields_of_a_size_are_read_as_one_word() -> None:
    models = "a=64-512 size:width,height steps=4,b=64-512 size:width,height,gpt-image-2"
    settings = Settings.read(
        {"DARKROOM_GENERATORS": "openai", "DARKROOM_OPENAI_API_KEY": "k", "DARKROOM_OPENAI_MODELS": models}
    )

    assert settings.of(OpenAISettings).models == (
        "a=64-512 size:width,height steps=4",
        "b=64-512 size:width,height",
        "gpt-image-2",
    )
