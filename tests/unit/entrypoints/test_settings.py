import dataclasses
import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from darkroom.domain.model.money import Money
from darkroom.entrypoints.container.models import Models
from darkroom.entrypoints.container.policy import read_policy
from darkroom.entrypoints.settings import GROUPS, BadSettings, S3Settings, Secret, Settings, ignored_names
from darkroom.entrypoints.settings.generators import GENERATOR_GROUPS
from darkroom.entrypoints.settings.parsers import seconds
from darkroom.entrypoints.settings.setting import Declared, declared_in

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMCowBQYDK2VwAyEA\n-----END CERTIFICATE-----"
KEY = "-----BEGIN PRIVATE KEY-----\nMCowBQYDK2VwAyEA\n-----END PRIVATE KEY-----"
PEM = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----"
KARLO = {
    "DARKROOM_GENERATORS": "karlo",
    "DARKROOM_KARLO_API_KEY": "the-karlo-key",
    "DARKROOM_KARLO_BASE_URL": "http://127.0.0.1:9001",
}
S3 = {"DARKROOM_STORAGE": "s3", "DARKROOM_S3_BUCKET": "pictures"}
ISSUER = "https://id.example"
JWKS = {"DARKROOM_JWT_JWKS_URL": f"{ISSUER}/keys"}
RS256 = {"DARKROOM_JWT_ALGORITHM": "RS256", "DARKROOM_JWT_PUBLIC_KEY": PEM}

# Name, a valid text, its value, a wrong text, the rule in the error.
NUMBER, LONG = "must be a whole number from", "must be a number of seconds"
TABLE: list[tuple[str, str, object, str, str]] = [
    ("DARKROOM_HOST", "localhost", "localhost", "0.0.0.0.1", "must be an address or a host's name"),
    ("DARKROOM_PORT", "0", 0, "65536", f"{NUMBER} 0 to 65535"),
    ("DARKROOM_WORKERS", "4", 4, "0", f"{NUMBER} 1 to 256, or auto"),
    ("DARKROOM_MAX_CONNECTIONS", "9", 9, "0", f"{NUMBER} 1 to 1000000"),
    ("DARKROOM_MAX_CONNECTIONS_PER_CLIENT", "9", 9, "0", f"{NUMBER} 1 to 1000000"),
    ("DARKROOM_PUBLIC_URL", "https://a.example/", "https://a.example", "a.example", "must be an address such as"),
    ("DARKROOM_DOORS", "images_api", ("images_api",), "grpc", "must be"),
    ("DARKROOM_V1_REPLAY_SECONDS", "60", 60.0, "0", LONG),
    ("DARKROOM_KEEP_ALIVE", "60", 60, "0", f"{NUMBER} 1 to 86400"),
    ("DARKROOM_CORS_ORIGINS", "http://a:1,https://b", ("http://a:1", "https://b"), "https://a/b", "must be origins"),
    ("DARKROOM_LOG_LEVEL", "debug", "debug", "loud", "must be debug, info, warning or error"),
    ("DARKROOM_LOG_FORMAT", "json", "json", "xml", "must be console or json"),
    ("DARKROOM_JWT_ALGORITHM", "HS512", "HS512", "none", "must be HS256, HS384"),
    ("DARKROOM_GENERATORS", "sketch, sketch", ("sketch",), ",", "must be one name, or several"),
    ("DARKROOM_ALIASES", "v2.1=sketch", {"v2.1": "sketch"}, "v2.1", "must be pairs such as v2.1=sdxl-local"),
    (
        "DARKROOM_FALLBACKS",
        "v2.1 = sdxl | gpt, sdxl=gpt",
        {"v2.1": ("sdxl", "gpt"), "sdxl": ("gpt",)},
        "v2.1=sdxl||gpt",
        "must be models with | between them",
    ),
    ("DARKROOM_FETCH_TIMEOUT", "1.5", 1.5, "nan", LONG),
    ("DARKROOM_SHOW_PROVIDER_MESSAGES", "true", True, "yes", "must be true or false"),
    ("DARKROOM_TRUST_ENV", "True", True, "yes", "must be true or false"),
    ("DARKROOM_S3_CONDITIONAL_WRITES", "false", "false", "no", "must be auto, true or false"),
    ("DARKROOM_S3_CHECKSUMS", "true", "true", "yes", "must be auto, true or false"),
    ("AWS_ACCESS_KEY_ID", "AKID\n", Secret("AKID"), "a b", "must be printable ASCII"),
    ("AWS_SESSION_TOKEN", "a+/=", Secret("a+/="), "a\nb", "must be printable ASCII"),
    ("DARKROOM_STORAGE", "disk", "disk", "a tape", "must be one name"),
    ("DARKROOM_LINK_TTL", "60", 60, "604801", f"{NUMBER} 1 to 604800"),
    ("DARKROOM_PREVIEWS", "false", "false", "no", "must be auto, true or false"),
    ("DARKROOM_TOKEN", "a.b.c", Secret("a.b.c"), "a b", "must be printable ASCII"),
    ("DARKROOM_MARKS", "none", "none", "exif", "must be none, xmp or c2pa"),
    ("DARKROOM_MARK_PROMPTS", "true", True, "yes", "must be true or false"),
    ("DARKROOM_C2PA_CERTIFICATE", CERTIFICATE, CERTIFICATE, PEM, "must be a certificate that begins with -----BEGIN"),
    ("DARKROOM_C2PA_KEY", KEY, Secret(KEY), "/nowhere", "must be a private key as PEM text, or a file"),
    (
        "DARKROOM_LEDGER_URL",
        "sqlite:a",
        Secret("sqlite:a"),
        "mysql://u:pass@h",
        "must begin with sqlite: or postgresql",
    ),
    ("DARKROOM_WORKER_DEAD_AFTER", "60", 60.0, "0", LONG),
    ("DARKROOM_METRICS_PORT", "9464", 9464, "0", f"{NUMBER} 1 to 65535"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/", "http://c:4318", "c:4317", "must be an address such as"),
    ("DARKROOM_STORE_TIMEOUT", "3", 3.0, "0", LONG),
    ("DARKROOM_KEEP_TIMEOUT", "3", 3.0, "0", LONG),
    ("DARKROOM_BEGIN_TIMEOUT", "3", 3.0, "0", LONG),
    ("DARKROOM_DRAIN_TIMEOUT", "3", 3.0, "0", LONG),
    ("DARKROOM_MAX_IN_FLIGHT", "1", 1, "-1", f"{NUMBER} 1 to 100000"),
    ("DARKROOM_MAX_QUEUED", "0", 0, "many", f"{NUMBER} 0 to 1000000"),
    ("DARKROOM_MAX_STREAMS", "0", 0, "-1", f"{NUMBER} 0 to 100000"),
    ("DARKROOM_SPEND_PER_DAY_PER_CALLER", "1 USD", Money.parse("1 USD"), "1", "must"),
    ("DARKROOM_SPOOL_BYTES", "2 MiB", 2 * 2**20, "2 MB", "must be a number of bytes, such as"),
    ("DARKROOM_MEMORY_BYTES", "2 MiB", 2 * 2**20, "2 MB", "must be a number of bytes, such as"),
    ("DARKROOM_IMAGE_BYTES", "2 MiB", 2 * 2**20, "2 MB", "must be a number of bytes, such as"),
    ("DARKROOM_EVIDENCE_BYTES", "2 MiB", 2 * 2**20, "2 MB", "must be a number of bytes, such as"),
    ("DARKROOM_IMAGES_PER_DAY", "0", 0, "1.5", f"{NUMBER} 0"),
    (
        "DARKROOM_PRICES",
        "v=1 USD, w=2 KRW",
        {"v": Money(Decimal(1), "USD"), "w": Money(Decimal(2), "KRW")},
        "v=1",
        "must",
    ),
    ("DARKROOM_SPEND_PER_DAY", "10 USD", Money(Decimal(10), "USD"), "ten", "must be an amount and a currency"),
    ("DARKROOM_RETENTION_DAYS", "30", timedelta(30), "0", f"{NUMBER} 1"),
    (
        "DARKROOM_LOST_SPOOL_AFTER",
        "36h",
        timedelta(hours=36),
        "0d",
        "must be a whole number of seconds, minutes, hours",
    ),
    ("DARKROOM_PROMPT_RETENTION_DAYS", "7", timedelta(7), "week", f"{NUMBER} 1"),
    ("DARKROOM_WEBHOOK_HOSTS", "a.example", ("a.example",), "a.example/x", "must be hosts such as"),
    (
        "DARKROOM_KARLO_BASE_URL",
        "https://k.example/v/",
        "https://k.example/v",
        "https://u:p@k.example",
        "must be an address",
    ),
    ("DARKROOM_KARLO_IMAGE_HOSTS", "a.example,b:1", ("a.example", "b:1"), "a.example/x", "must be hosts such as"),
    ("DARKROOM_KARLO_RETURN_TYPE", "base64_string", "base64_string", "bytes", "must be url or base64_string"),
    ("DARKROOM_KARLO_IMAGE_FORMAT", "png", "png", "gif", "must be webp, png or jpeg"),
    ("DARKROOM_KARLO_NSFW_CHECKER", "true", True, "1", "must be true or false"),
    ("DARKROOM_OPENAI_LINKS_WITH_KEY", "true", True, "1", "must be true or false"),
    ("DARKROOM_KARLO_API_KEY", "k", Secret("k"), "a key", "must be printable ASCII without blanks"),
    ("DARKROOM_KARLO_TIMEOUT", "100", 100.0, "100s", LONG),
    ("DARKROOM_BFL_API_KEY", "k", Secret("k"), "a key", "must be printable ASCII without blanks"),
    ("DARKROOM_BFL_BASE_URL", "http://a:1/", "http://a:1", "a:1", "must be an address"),
    (
        "DARKROOM_BFL_MODELS",
        "a=b 64-512, c=d 64-512",
        ("a=b 64-512", "c=d 64-512"),
        ",",
        "must be one name, or several",
    ),
    ("DARKROOM_BFL_POLLING_HOSTS", ".a.example", (".a.example",), "a.example/x", "must be hosts such as"),
    ("DARKROOM_BFL_IMAGE_HOSTS", "a.example", ("a.example",), "a.example/x", "must be hosts such as"),
    ("DARKROOM_BFL_TIMEOUT", "60", 60.0, "1m", LONG),
    ("DARKROOM_COMFYUI_BASE_URL", "http://a:8188/", "http://a:8188", "a:8188", "must be an address"),
    ("DARKROOM_COMFYUI_MODELS", "a=b.ckpt, c=d.json", ("a=b.ckpt", "c=d.json"), ",", "must be one name, or several"),
    ("DARKROOM_COMFYUI_AUTHORIZATION", "Bearer t", Secret("Bearer t"), "Bearer ü", "must be printable ASCII, such as"),
    ("DARKROOM_COMFYUI_PARTNER_KEY", "k", Secret("k"), "a key", "must be printable ASCII without blanks"),
    ("DARKROOM_COMFYUI_KEEP_METADATA", "true", True, "yes", "must be true or false"),
    ("DARKROOM_COMFYUI_TIMEOUT", "60", 60.0, "1m", LONG),
    ("DARKROOM_DIFFUSERS_MODELS", "a=/m/a, b=c/d", ("a=/m/a", "b=c/d"), ",", "must be one name, or several"),
    ("DARKROOM_DIFFUSERS_DEVICE", "cuda:1", "cuda:1", "gpu", "must be auto, cpu, cuda"),
    ("DARKROOM_DIFFUSERS_DTYPE", "float16", "float16", "int8", "must be auto, float32, bfloat16 or float16"),
    ("DARKROOM_DIFFUSERS_BATCH", "8", 8, "9", f"{NUMBER} 1 to 8"),
    ("DARKROOM_ENDING_DATES", "a=2027-03-31", {"a": date(2027, 3, 31)}, "a=March", "must be days such as"),
    ("DARKROOM_FAL_API_KEY", "k:s", Secret("k:s"), "a key", "must be printable ASCII without blanks"),
    ("DARKROOM_FAL_BASE_URL", "http://a:1/", "http://a:1", "a:1", "must be an address"),
    ("DARKROOM_FAL_MODELS", "a=b/c 64-512, d", ("a=b/c 64-512", "d"), ",", "must be one name, or several"),
    ("DARKROOM_FAL_IMAGE_HOSTS", ".a.example", (".a.example",), "a.example/x", "must be hosts such as"),
    ("DARKROOM_FAL_TIMEOUT", "60", 60.0, "1m", LONG),
    ("DARKROOM_GEMINI_API_KEY", "k", Secret("k"), "a key", "must be printable ASCII without blanks"),
    ("DARKROOM_GEMINI_BASE_URL", "http://a:1/v1beta/", "http://a:1/v1beta", "a:1/v1beta", "must be an address"),
    ("DARKROOM_GEMINI_MODELS", "a=1K seed, b", ("a=1K seed", "b"), ",", "must be one name, or several"),
    ("DARKROOM_GEMINI_TIMEOUT", "60", 60.0, "1m", LONG),
    ("DARKROOM_OPENAI_API_KEY", "k", Secret("k"), "a key", "must be printable ASCII without blanks"),
    ("DARKROOM_OPENAI_BASE_URL", "http://a:1/v1/", "http://a:1/v1", "a:1/v1", "must be an address"),
    ("DARKROOM_OPENAI_MODELS", "a=64-512 seed, b", ("a=64-512 seed", "b"), ",", "must be one name, or several"),
    ("DARKROOM_OPENAI_HEADER", "api-key", "api-key", "api key", "must be the name of a header"),
    ("DARKROOM_OPENAI_RESPONSE_FORMAT", "url", "url", "file", "must be b64_json or url"),
    ("DARKROOM_OPENAI_IMAGE_HOSTS", "a.example", ("a.example",), "a.example/x", "must be hosts such as"),
    ("DARKROOM_OPENAI_OUTPUT_FORMAT", "webp", "webp", "gif", "must be png, jpeg or webp"),
    ("DARKROOM_OPENAI_OUTPUT_COMPRESSION", "0", 0, "101", f"{NUMBER} 0 to 100"),
    ("DARKROOM_OPENAI_QUALITY", "max", "max", "hd", "must be auto, low, medium, high, xhigh or max"),
    ("DARKROOM_OPENAI_BACKGROUND", "opaque", "opaque", "white", "must be auto, opaque or transparent"),
    ("DARKROOM_OPENAI_MODERATION", "low", "low", "off", "must be auto or low"),
    ("DARKROOM_OPENAI_TIMEOUT", "60", 60.0, "1m", LONG),
    ("DARKROOM_OPENROUTER_API_KEY", "k", Secret("k"), "a key", "must be printable ASCII without blanks"),
    ("DARKROOM_OPENROUTER_BASE_URL", "http://a:1/api/v1/", "http://a:1/api/v1", "a:1/v1", "must be an address"),
    ("DARKROOM_OPENROUTER_MODELS", "a=b/c 1K, d=e/f", ("a=b/c 1K", "d=e/f"), ",", "must be one name, or several"),
    ("DARKROOM_OPENROUTER_TIMEOUT", "60", 60.0, "1m", LONG),
    ("DARKROOM_REPLICATE_API_TOKEN", "t", Secret("t"), "a token", "must be printable ASCII without blanks"),
    ("DARKROOM_REPLICATE_BASE_URL", "http://a:1/v1/", "http://a:1/v1", "a:1/v1", "must be an address"),
    ("DARKROOM_REPLICATE_MODELS", "a=b/c 64-512, d", ("a=b/c 64-512", "d"), ",", "must be one name, or several"),
    ("DARKROOM_REPLICATE_IMAGE_HOSTS", "a.example", ("a.example",), "a.example/x", "must be hosts such as"),
    ("DARKROOM_REPLICATE_TIMEOUT", "60", 60.0, "1m", LONG),
    ("DARKROOM_STABILITY_API_KEY", "k", Secret("k"), "a key", "must be printable ASCII without blanks"),
    ("DARKROOM_STABILITY_BASE_URL", "http://a:1", "http://a:1", "a:1", "must be an address"),
    ("DARKROOM_STABILITY_MODELS", "sd3.5-flash", ("sd3.5-flash",), ",", "must be one name, or several"),
    ("DARKROOM_STABILITY_OUTPUT_FORMAT", "jpeg", "jpeg", "webp", "must be png or jpeg"),
    ("DARKROOM_STABILITY_TIMEOUT", "60", 60.0, "1m", LONG),
    ("DARKROOM_WEBUI_BASE_URL", "http://a:7860", "http://a:7860", "a:7860", "must be an address"),
    ("DARKROOM_WEBUI_MODELS", "webui, sdxl=xl", ("webui", "sdxl=xl"), ",", "must be one name, or several"),
    ("DARKROOM_WEBUI_AUTH", "me:secret", Secret("me:secret"), "secret", "must be user:password"),
    ("DARKROOM_WEBUI_KEEP_METADATA", "true", True, "yes", "must be true or false"),
    ("DARKROOM_WEBUI_TIMEOUT", "60", 60.0, "1m", LONG),
    ("DARKROOM_S3_BUCKET", "my.Bucket_1", "my.Bucket_1", "my bucket", "must be a bucket's name"),
    ("DARKROOM_S3_PREFIX", "a.b/c", "a.b/c", "a/../b/", "must be names of letters"),
    ("DARKROOM_S3_REGION", "eu-north-1", "eu-north-1", "eu north", "must be a region such as"),
    ("DARKROOM_S3_ENDPOINT_URL", "http://localhost:8333", "http://localhost:8333", "s3://b", "must be an address"),
    ("DARKROOM_S3_PUBLIC_ENDPOINT_URL", "https://s3.example", "https://s3.example", "https://", "must be an address"),
    ("DARKROOM_S3_ADDRESSING", "path", "path", "dns", "must be auto, path or virtual"),
    (
        "DARKROOM_S3_PUBLIC_BASE_URL",
        "https://c.example/a/",
        "https://c.example/a",
        "http://h:99999",
        "must be an address",
    ),
    ("DARKROOM_JWT_PUBLIC_KEY", PEM.replace("\n", "\\n"), PEM, "/nowhere", "must be a public key"),
    ("DARKROOM_JWT_JWKS_URL", f"{ISSUER}/keys?p=1", f"{ISSUER}/keys?p=1", "id.example/keys", "must be an address such"),
    ("DARKROOM_JWT_DISCOVERY", "true", True, "on", "must be true or false"),
    ("DARKROOM_JWT_KEYS_MAX_AGE", "600", 600.0, "-1", LONG),
    ("DARKROOM_JWT_LEEWAY", "0", 0, "31", f"{NUMBER} 0 to 30"),
    ("DARKROOM_JWT_MAX_LIFETIME", "3600", 3600, "0", f"{NUMBER} 1"),
    ("DARKROOM_JWT_AUDIENCE_CLAIM", "aud, client_id", ("aud", "client_id"), "aud,azp", "must be aud, or aud,client_id"),
    ("DARKROOM_JWT_SUBJECTS", "ada, grace", ("ada", "grace"), ",", "must be one name, or several"),
    ("DARKROOM_JWT_MAX_LENGTH", "16384", 16_384, "30001", f"{NUMBER} 512 to 30000"),
    ("DARKROOM_JWT_SCOPE_CLAIM", "scp,roles", ("scp", "roles"), "a b", "must be the name of a claim, or several"),
]
# Settings that accept any text.
TEXTS = {
    "DARKROOM_OPENAI_QUERY": "api-version=preview",
    "DARKROOM_DIFFUSERS_SIZES": "512-1024/64",
    "DARKROOM_DATA_DIR": "elsewhere",
    "DARKROOM_METRICS_HOST": "::1",
    "DARKROOM_JWT_SECRET": "s" * 64,
    "DARKROOM_LEDGER_PASSWORD": "any #@ text",
    "DARKROOM_WEBHOOK_SECRETS": "whsec_" + "c2VjcmV0" * 8,
    "DARKROOM_JWT_ISSUER": "us",
    "DARKROOM_JWT_AUDIENCE": "them",
    "DARKROOM_JWT_SCOPE_PREFIX": "darkroom/",
    "DARKROOM_PAGE_CLIENT_ID": "darkroom-page",
    "DARKROOM_PAGE_SCOPE": "openid images:read",
    "DARKROOM_WEBUI_SAMPLER": "DPM++ 2M",
    "DARKROOM_WEBUI_SCHEDULER": "Karras",
    "AWS_SECRET_ACCESS_KEY": "a secret/key",
}
CHOICES = {
    "DARKROOM_BFL": {"DARKROOM_GENERATORS": "bfl", "DARKROOM_BFL_API_KEY": "the-bfl-key"},
    "DARKROOM_FAL_": {"DARKROOM_GENERATORS": "fal", "DARKROOM_FAL_API_KEY": "the-fal-key"},
    "DARKROOM_COMFYUI": {
        "DARKROOM_GENERATORS": "comfyui",
        "DARKROOM_COMFYUI_BASE_URL": "http://127.0.0.1:8188",
        "DARKROOM_COMFYUI_MODELS": "sdxl=sd_xl_base_1.0.safetensors",
    },
    "DARKROOM_DIFFUSERS": {"DARKROOM_GENERATORS": "diffusers", "DARKROOM_DIFFUSERS_MODELS": "karlo=/models/karlo"},
    "DARKROOM_GEMINI": {"DARKROOM_GENERATORS": "gemini", "DARKROOM_GEMINI_API_KEY": "the-gemini-key"},
    "DARKROOM_KARLO": KARLO,
    "DARKROOM_OPENAI": {"DARKROOM_GENERATORS": "openai", "DARKROOM_OPENAI_API_KEY": "the-openai-key"},
    "DARKROOM_OPENROUTER": {
        "DARKROOM_GENERATORS": "openrouter",
        "DARKROOM_OPENROUTER_API_KEY": "the-openrouter-key",
        "DARKROOM_OPENROUTER_MODELS": "seedream=bytedance-seed/seedream-4.5",
    },
    "DARKROOM_REPLICATE": {"DARKROOM_GENERATORS": "replicate", "DARKROOM_REPLICATE_API_TOKEN": "the-replicate-token"},
    "DARKROOM_STABILITY": {"DARKROOM_GENERATORS": "stability", "DARKROOM_STABILITY_API_KEY": "the-stability-key"},
    "DARKROOM_WEBUI": {"DARKROOM_GENERATORS": "webui", "DARKROOM_WEBUI_BASE_URL": "http://127.0.0.1:7860"},
    "DARKROOM_S3": S3,
    "AWS_ACCESS_KEY_ID": S3 | {"AWS_SECRET_ACCESS_KEY": "secret"},
    "AWS_SECRET_ACCESS_KEY": S3 | {"AWS_ACCESS_KEY_ID": "key"},
    "AWS_SESSION_TOKEN": S3,
    "DARKROOM_C2PA": {"DARKROOM_MARKS": "c2pa", "DARKROOM_C2PA_CERTIFICATE": CERTIFICATE, "DARKROOM_C2PA_KEY": KEY},
    "DARKROOM_JWT_PUBLIC_KEY": RS256,
    "DARKROOM_JWT_DISCOVERY": {"DARKROOM_JWT_ISSUER": ISSUER},
    "DARKROOM_JWT_SCOPE_PREFIX": {"DARKROOM_JWT_SCOPE_CLAIM": "scope"},
    "DARKROOM_PAGE_": {
        "DARKROOM_JWT_DISCOVERY": "true",
        "DARKROOM_JWT_ISSUER": ISSUER,
        "DARKROOM_PAGE_CLIENT_ID": "page",
    },
}


def value_of(settings: Settings, name: str) -> object:
    members = [getattr(settings, member.name) for member in dataclasses.fields(settings)]
    for group in [*members, *settings.chosen.values()]:
        if type(group) in GROUPS:
            for declared in declared_in(type(group)):
                if declared.setting.name == name:
                    return getattr(group, declared.field)
    raise KeyError(name)


def chosen(name: str) -> Mapping[str, str]:
    """The other settings that must be set for this one to be used."""
    return next((choice for prefix, choice in CHOICES.items() if name.startswith(prefix)), {})


def problems(environment: Mapping[str, str]) -> tuple[str, ...]:
    with pytest.raises(BadSettings) as caught:
        Settings.read(environment)
    return caught.value.problems


def test_this_file_covers_every_setting() -> None:
    declared = [one.setting.name for group in GROUPS for one in declared_in(group)]
    assert sorted(declared) == sorted([*TEXTS, *(row[0] for row in TABLE)])


@pytest.mark.parametrize(("name", "text", "meaning", "_bad", "_said"), TABLE, ids=[row[0] for row in TABLE])
def test_a_setting_is_read(name: str, text: str, meaning: object, _bad: str, _said: str) -> None:
    assert value_of(Settings.read({**chosen(name), name: f" {text} "}), name) == meaning


@pytest.mark.parametrize(("name", "text"), TEXTS.items())
def test_a_text_is_read_unchanged(name: str, text: str) -> None:
    value = value_of(Settings.read({**chosen(name), name: text}), name)
    assert str(value.value if isinstance(value, Secret) else value) == text


@pytest.mark.parametrize(("name", "_text", "_meaning", "bad", "said"), TABLE, ids=[row[0] for row in TABLE])
def test_a_wrong_value_is_reported_in_one_line(name: str, _text: str, _meaning: object, bad: str, said: str) -> None:
    (line,) = problems({**chosen(name), name: bad})
    assert line.startswith(f"{name} {said}")
    assert "\n" not in line


@pytest.mark.parametrize(("name", "_text", "_meaning", "bad", "_said"), TABLE, ids=[row[0] for row in TABLE])
def test_a_wrong_value_is_reported_even_if_the_setting_is_not_used(
    name: str, _text: str, _meaning: object, bad: str, _said: str
) -> None:
    assert problems({name: bad})[0].startswith(name)


@pytest.mark.parametrize("name", [row[0] for row in TABLE])
def test_a_blank_value_counts_as_not_set(name: str) -> None:
    assert Settings.read({name: " "}) == Settings.read({})


def drains(environment: Mapping[str, str]) -> float:
    """The seconds that a shutdown waits."""
    limit = read_policy(Settings.read(environment), Models({}, {})).drain_timeout
    assert limit is not None
    return limit


# Every setting of a generator that is read as seconds is a time limit: the shutdown must not rely on its name.
TIME_LIMITS = {
    generator: [one for one in declared_in(group) if one.setting.read is seconds]
    for generator, group in GENERATOR_GROUPS.items()
}


@pytest.mark.parametrize("limit", [one for limits in TIME_LIMITS.values() for one in limits], ids=lambda one: one.field)
def test_shutdown_waits_as_long_as_a_generator_may_take(limit: Declared) -> None:
    name, default = limit.setting.name, limit.default
    environment = {**chosen(name), "DARKROOM_FETCH_TIMEOUT": "30", "DARKROOM_STORE_TIMEOUT": "7"}
    assert isinstance(default, int | float)
    assert drains(environment) == default + 30 + 7
    assert drains(environment | {name: "5000"}) == 5000 + 30 + 7
    assert drains(environment | {name: "5000", "DARKROOM_DRAIN_TIMEOUT": "3"}) == 3


def test_every_generator_outside_of_this_process_has_a_time_limit() -> None:
    assert [generator for generator, limits in TIME_LIMITS.items() if not limits] == ["diffusers"]


def test_shutdown_waits_for_the_slowest_generator() -> None:
    both = {
        "DARKROOM_GENERATORS": "openai,openai.azure",
        "DARKROOM_OPENAI_API_KEY": "the-openai-key",
        "DARKROOM_OPENAI_AZURE_API_KEY": "the-azure-key",
        "DARKROOM_OPENAI_AZURE_TIMEOUT": "700",
    }
    assert drains(both) == 700 + 60 + 20


def test_all_wrong_values_are_reported_at_once() -> None:
    lines = problems({"DARKROOM_PORT": "x", "DARKROOM_LINK_TTL": "y", "DARKROOM_METRICS_PORT": "z"})
    assert [line.split()[0] for line in lines] == ["DARKROOM_PORT", "DARKROOM_LINK_TTL", "DARKROOM_METRICS_PORT"]


def test_settings_required_by_a_choice_are_reported_together_with_wrong_values() -> None:
    environment = {
        "DARKROOM_PORT": "x",
        "DARKROOM_GENERATORS": "karlo",
        "DARKROOM_FETCH_TIMEOUT": "y",
        "DARKROOM_KARLO_BASE_URL": "z",
        "DARKROOM_STORAGE": "s3",
        "DARKROOM_IMAGES_PER_MINUTE_KARLO": "w",
    }
    assert [line.split()[0] for line in problems(environment)] == [
        "DARKROOM_PORT",
        "DARKROOM_FETCH_TIMEOUT",
        "DARKROOM_KARLO_BASE_URL",
        "DARKROOM_KARLO_API_KEY",
        "DARKROOM_S3_BUCKET",
        "DARKROOM_IMAGES_PER_MINUTE_KARLO",
    ]


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        ({"DARKROOM_GENERATORS": "sketch,karlo"}, ["DARKROOM_KARLO_API_KEY", "DARKROOM_KARLO_BASE_URL"]),
        ({"DARKROOM_STORAGE": "s3"}, ["DARKROOM_S3_BUCKET"]),
        ({"DARKROOM_JWT_ALGORITHM": "EdDSA"}, ["DARKROOM_JWT_PUBLIC_KEY"]),
        ({"DARKROOM_HOST": "0.0.0.0"}, ["DARKROOM_JWT_SECRET"]),
        ({"DARKROOM_HOST": "images.example"}, ["DARKROOM_JWT_SECRET"]),
    ],
)
def test_settings_required_by_a_choice_are_reported(environment: Mapping[str, str], missing: list[str]) -> None:
    lines = problems(environment)
    assert [line.partition(" is missing: ")[0] for line in lines] == missing


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_the_development_secret_is_used_on_loopback(host: str) -> None:
    assert Settings.read({"DARKROOM_HOST": host}).tokens.development


def test_the_development_secret_is_not_used_if_a_secret_is_set() -> None:
    settings = Settings.read({"DARKROOM_HOST": "0.0.0.0", "DARKROOM_JWT_SECRET": "s" * 32})
    assert not settings.tokens.development


@pytest.mark.parametrize(("algorithm", "least"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_a_secret_must_be_as_long_as_its_hash(algorithm: str, least: int) -> None:
    environment = {"DARKROOM_JWT_ALGORITHM": algorithm, "DARKROOM_JWT_SECRET": "s" * (least - 1)}
    assert problems(environment) == (f"DARKROOM_JWT_SECRET is too short: {algorithm} needs at least {least} bytes",)
    assert Settings.read(environment | {"DARKROOM_JWT_SECRET": "s" * least}).tokens.algorithm == algorithm


@pytest.mark.parametrize(
    ("environment", "wrong"),
    [
        (RS256 | {"DARKROOM_JWT_SECRET": "s" * 32}, "DARKROOM_JWT_SECRET must be left out"),
        ({"DARKROOM_JWT_PUBLIC_KEY": PEM}, "DARKROOM_JWT_PUBLIC_KEY must be left out"),
        (JWKS | {"DARKROOM_JWT_SECRET": "s" * 32}, "DARKROOM_JWT_SECRET must be left out"),
        (JWKS | {"DARKROOM_JWT_PUBLIC_KEY": PEM}, "DARKROOM_JWT_PUBLIC_KEY must be left out"),
        (JWKS | {"DARKROOM_JWT_ALGORITHM": "HS256"}, "DARKROOM_JWT_ALGORITHM must be that of published keys"),
        (
            JWKS | {"DARKROOM_JWT_DISCOVERY": "true", "DARKROOM_JWT_ISSUER": ISSUER},
            "DARKROOM_JWT_JWKS_URL must be left out",
        ),
        ({"DARKROOM_JWT_DISCOVERY": "true"}, "DARKROOM_JWT_ISSUER must be an address such as"),
        ({"DARKROOM_JWT_SCOPE_PREFIX": "darkroom/"}, "DARKROOM_JWT_SCOPE_CLAIM is missing"),
        (JWKS | {"DARKROOM_PAGE_CLIENT_ID": "page"}, "DARKROOM_JWT_DISCOVERY=true is missing"),
        ({"DARKROOM_PAGE_SCOPE": "openid"}, "DARKROOM_PAGE_CLIENT_ID is missing"),
    ],
)
def test_token_settings_that_would_not_be_used_are_refused(environment: Mapping[str, str], wrong: str) -> None:
    (line,) = problems(environment)
    assert line.startswith(wrong)


@pytest.mark.parametrize(
    "url", ["ftp://id.example/keys", "https://me:pass@id.example/keys", "https://id.example/#k", "/"]
)
def test_the_address_of_published_keys_must_be_a_web_address(url: str) -> None:
    (line,) = problems({"DARKROOM_JWT_JWKS_URL": url})
    assert line == ("DARKROOM_JWT_JWKS_URL must be an address such as https://id.example.com/.well-known/jwks.json")


def test_the_development_secret_is_not_used_with_published_keys() -> None:
    settings = Settings.read(JWKS | {"DARKROOM_HOST": "0.0.0.0"})
    assert not settings.tokens.development
    assert settings.tokens.algorithm_set is None


def test_a_public_key_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text(PEM + "\n")
    assert Settings.read(RS256 | {"DARKROOM_JWT_PUBLIC_KEY": str(file)}).tokens.public_key == PEM


def test_a_private_key_is_refused_and_not_shown() -> None:
    (line,) = problems(RS256 | {"DARKROOM_JWT_PUBLIC_KEY": "-----BEGIN PRIVATE KEY-----\nhush"})
    assert "hush" not in line


def test_a_providers_quota_is_set_by_its_name() -> None:
    settings = Settings.read(KARLO | {"DARKROOM_IMAGES_PER_MINUTE_KARLO": "30"})
    assert settings.images_per_minute == {"karlo": 30}
    (line,) = problems(KARLO | {"DARKROOM_IMAGES_PER_MINUTE_KARLO": "0"})
    assert line.startswith("DARKROOM_IMAGES_PER_MINUTE_KARLO must be a whole number from 1")


def test_unknown_names_are_reported_with_the_nearest_known_one() -> None:
    environment = {
        "DARKROOM_PROT": "1",
        "DARKROOM_KARLO_KEY": "1",
        "DARKROOM_PORT": "1",
        "DARKROOM_METRICS_PORT": "",
        "DARKROOM_IMAGES_PER_MINUTE_KARLO": "1",
        "DARKROOM_IMAGES_PER_MINUTE_SKETCH": "1",
        "PORT": "1",
    }
    assert list(ignored_names(environment)) == [
        "DARKROOM_IMAGES_PER_MINUTE_KARLO is ignored: DARKROOM_GENERATORS does not name that generator",
        "DARKROOM_KARLO_KEY is not a setting and is ignored; the nearest is DARKROOM_KARLO_API_KEY",
        "DARKROOM_PROT is not a setting and is ignored; the nearest is DARKROOM_PORT",
    ]


LINKS = {
    "DARKROOM_PORT": "tcp://10.0.0.1:80",
    "DARKROOM_PORT_80_TCP": "tcp://10.0.0.1:80",
    "DARKROOM_PORT_80_TCP_ADDR": "10.0.0.1",
    "DARKROOM_PORT_80_TCP_PORT": "80",
    "DARKROOM_PORT_80_TCP_PROTO": "tcp",
    "DARKROOM_SERVICE_HOST": "10.0.0.1",
    "DARKROOM_SERVICE_PORT": "80",
    "DARKROOM_SERVICE_PORT_HTTP": "80",
}
OF_METRICS = {name.replace("DARKROOM_", "DARKROOM_METRICS_"): text for name, text in LINKS.items()}


def test_variables_that_kubernetes_sets_for_a_service_are_ignored_and_reported() -> None:
    settings = Settings.read(LINKS | OF_METRICS)
    assert (settings.service.port, settings.watching.metrics_port) == (8000, None)
    (line,) = ignored_names(LINKS | OF_METRICS)
    said, _, names = line.partition(": DARKROOM")
    assert said.startswith("ignored, since Kubernetes sets them for a Service (enableServiceLinks: false")
    assert set(f"DARKROOM{names}".split(", ")) == LINKS.keys() | OF_METRICS.keys()


def test_settings_beside_the_variables_of_kubernetes_are_used() -> None:
    environment = LINKS | OF_METRICS | {"DARKROOM_PORT": "81", "DARKROOM_METRICS_PORT": "9100"}
    settings = Settings.read(environment)
    assert (settings.service.port, settings.watching.metrics_port) == (81, 9100)
    (line,) = ignored_names(environment)
    assert not re.search(r"DARKROOM(_METRICS)?_PORT(,|$)", line)


@pytest.mark.parametrize("text", ["tcp://10.0.0.1", "http://10.0.0.1:80", "tcp:80", "10.0.0.1:80"])
def test_a_port_that_kubernetes_would_not_set_is_refused(text: str) -> None:
    with pytest.raises(BadSettings, match="DARKROOM_PORT must be a whole number"):
        Settings.read({"DARKROOM_PORT": text})


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"DARKROOM_HOST": "::1", "DARKROOM_PORT": "81"}, "http://[::1]:81"),
        ({"DARKROOM_HOST": "0.0.0.0", "DARKROOM_JWT_SECRET": "s" * 32}, "http://127.0.0.1:8000"),
        ({"DARKROOM_PUBLIC_URL": "https://images.example/"}, "https://images.example"),
    ],
)
def test_the_public_url_is_the_address_for_clients(environment: Mapping[str, str], url: str) -> None:
    assert Settings.read(environment).service.public_url == url


def test_a_connection_is_kept_for_longer_than_usual_proxies_keep_theirs() -> None:
    theirs = {"nginx": 60, "Traefik": 90, "Caddy": 120, "Google": 600, "Cloudflare": 900, "Envoy": 3600}
    assert Settings.read({}).service.keep_alive > max(theirs.values())


@pytest.mark.parametrize(
    ("url", "path"),
    [("https://a.example", ""), ("https://a.example/", ""), ("https://a.example/pictures/d-1/", "/pictures/d-1")],
)
def test_the_path_of_the_public_url_is_the_prefix_of_all_paths(url: str, path: str) -> None:
    assert Settings.read({"DARKROOM_PUBLIC_URL": url}).service.public_path == path


@pytest.mark.parametrize("path", ["a b", "a//b", "..", "a/./b", "a%20b", "그림", 'a"b', "a;b"])
def test_a_public_path_that_proxies_may_change_is_refused(path: str) -> None:
    with pytest.raises(BadSettings, match="with plain names in its path"):
        Settings.read({"DARKROOM_PUBLIC_URL": f"https://a.example/{path}"})


@pytest.mark.parametrize(
    ("host", "warned"),
    [("127.0.0.1:8333", False), ("localhost", False), ("[::1]:8333", False), ("s3.internal", True), ("10.0.0.1", True)],
)
def test_plain_http_to_other_machines_is_reported(host: str, warned: bool) -> None:
    names = ["DARKROOM_S3_ENDPOINT_URL", "DARKROOM_S3_PUBLIC_ENDPOINT_URL", "DARKROOM_S3_PUBLIC_BASE_URL"]
    for scheme in ("http", "https"):
        settings = Settings.read(S3 | dict.fromkeys(names, f"{scheme}://{host}"))
        assert list(settings.of(S3Settings).in_plain_text) == (names if warned and scheme == "http" else [])
    assert list(Settings.read(S3).of(S3Settings).in_plain_text) == []


def test_secrets_are_never_shown() -> None:
    canaries = {
        "DARKROOM_JWT_SECRET": "canary-jwt-" + "s" * 32,
        "DARKROOM_KARLO_API_KEY": "canary-karlo",
        "DARKROOM_LEDGER_URL": "postgresql://user:canary-ledger@host/db",
    }
    settings = Settings.read(KARLO | canaries)
    assert "canary" not in f"{settings!r} {settings}"
    assert str(settings.ledger.url) == "(secret)"


@pytest.mark.parametrize("name", ["DARKROOM_LEDGER_URL", "DARKROOM_KARLO_BASE_URL", "DARKROOM_S3_ENDPOINT_URL"])
def test_a_wrong_value_that_may_contain_a_password_is_not_repeated(name: str) -> None:
    (line,) = problems({name: "ftp://user:canary@host"})
    assert "canary" not in line
