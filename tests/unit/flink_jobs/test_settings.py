from __future__ import annotations

import pytest
from pydantic import SecretStr, ValidationError

from flink_jobs.layout import Kind
from flink_jobs.settings import Codec, LandingSettings


@pytest.fixture
def settings() -> LandingSettings:
    return LandingSettings(
        _env_file=None,
        topic="a,b.c",
        codec=Codec.GZIP,
        s3_access_key_id="key",
        s3_secret_access_key=SecretStr("canary"),
    )


def test_the_job_builds_the_same_settings_from_its_environment(
    settings: LandingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver is another process: what it reads must be what the command was told, except secrets."""
    environment = settings.job_environment()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    secrets = {"s3_access_key_id": None, "s3_secret_access_key": None}
    assert settings.model_copy(update=secrets) == LandingSettings(_env_file=None)
    assert "canary" not in str(environment)


def test_secrets_are_masked(settings: LandingSettings) -> None:
    assert "canary" not in f"{settings!r} {settings}"


def test_paths_are_those_of_the_layout(settings: LandingSettings) -> None:
    assert "s3://hourglass/platform-events/landing" == settings.landing_url(Kind.LANDING)
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
    ],
)
def test_a_wrong_setting_is_an_error_with_its_name(name: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"HOURGLASS_{name.upper()}", wrong)
    with pytest.raises(ValidationError, match=name):
        LandingSettings(_env_file=None)
