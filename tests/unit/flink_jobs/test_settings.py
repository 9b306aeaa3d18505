from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from flink_jobs.contracts.layout import Kind
from flink_jobs.settings import Codec, LandingSettings
from producers.events import landing_contract


@pytest.fixture
def settings() -> LandingSettings:
    return LandingSettings(
        _env_file=None,
        topic="a,b.c",
        codec=Codec.GZIP,
        s3_access_key_id="key",
        s3_secret_access_key=SecretStr("canary"),
        s3_session_token=SecretStr("canary"),
        s3_path_style=False,
        kafka_sasl_password=SecretStr("canary"),
        kafka_ssl_key_password=SecretStr("canary"),
        kafka_ssl_ca_location=Path(__file__),
        kafka_consumer_extras={"client.rack": 'a "b"'},
        metrics_port=9249,
    )


def test_the_job_builds_the_same_settings_from_its_environment(
    settings: LandingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver is another process; it must read the settings of the command, except secrets."""
    environment = settings.job_environment()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    secrets = ("s3_access_key_id", "s3_secret_access_key", "s3_session_token")
    passwords = ("kafka_sasl_password", "kafka_ssl_key_password")
    assert settings.model_copy(update=dict.fromkeys(secrets + passwords)) == LandingSettings(_env_file=None)
    assert "canary" not in str(environment)


def test_secrets_are_masked(settings: LandingSettings) -> None:
    assert "canary" not in f"{settings!r} {settings}"


@pytest.mark.parametrize(("codec", "level_max"), [(Codec.GZIP, 9), (Codec.ZSTD, 19)])
def test_each_codec_has_its_own_strongest_level(codec: Codec, level_max: int) -> None:
    """Java's deflater has nine levels; an unknown level would end the job at its first object."""
    assert level_max == LandingSettings(_env_file=None, codec=codec, codec_level=level_max).codec_level
    with pytest.raises(ValidationError, match=f"HOURGLASS_CODEC_LEVEL is {level_max + 1}: {codec} has 1 to"):
        LandingSettings(_env_file=None, codec=codec, codec_level=level_max + 1)


def test_the_limits_of_the_contract_can_be_moved() -> None:
    """The rest of the contract stays as in the model."""
    moved = LandingSettings(_env_file=None, event_bytes_max=10, depth_max=2).contract()
    assert landing_contract() | {"event_bytes_max": 10, "depth_max": 2} == moved


def test_odd_events_are_rejected_where_a_setting_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator reads the choice from the contract; by default both kinds land with a flag."""
    assert ["flag", "flag"] == [landing_contract()[name] for name in ("unknown_types", "mistyped_payloads")]
    monkeypatch.setenv("HOURGLASS_UNKNOWN_TYPES", "reject")
    monkeypatch.setenv("HOURGLASS_MISTYPED_PAYLOADS", "reject")
    moved = LandingSettings(_env_file=None).contract()
    assert landing_contract() | {"unknown_types": "reject", "mistyped_payloads": "reject"} == moved


def test_paths_are_those_of_the_layout(settings: LandingSettings) -> None:
    assert "hourglass://hourglass/platform-events/landing" == settings.landing_url(Kind.LANDING)
    signed = settings.model_copy(update={"s3_signed_parts": True})
    assert "hourglass-signed://hourglass/platform-events/landing" == signed.landing_url(Kind.LANDING)
    assert ["a", "b.c"] == settings.topics


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("stream", "a/b"),
        ("topic", "a, b"),
        ("flink_rest", "ftp://x:1"),
        ("flink_rest", "http://127.0.0.1"),
        ("flink_heap", "lots"),
        ("parallelism", "0"),
        ("checkpoint_seconds", "0"),
        ("codec", "rar"),
        ("codec_level", "0"),
        ("metrics_port", "0"),
        ("depth_max", "1001"),
        ("kafka_consumer_extras", "x=y"),
        ("kafka_consumer_extras", '{"isolation.level": "read_uncommitted"}'),
        ("kafka_consumer_extras", '{"sasl.jaas.config": "canary"}'),
    ],
)
def test_a_wrong_setting_is_an_error_with_its_name(name: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"HOURGLASS_{name.upper()}", wrong)
    with pytest.raises(ValidationError, match=name):
        LandingSettings(_env_file=None)
