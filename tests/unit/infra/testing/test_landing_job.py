"""The settings of a job get into its container as they are, secrets and quotes included."""

from __future__ import annotations

import io
import re
import tarfile
from pathlib import Path

import pytest

from flink_jobs.settings import LandingSettings
from infra.local.settings import PROJECT
from infra.testing.kafka import variable
from infra.testing.landing_job import ENV_FILE, env_file, in_container, owned_settings
from infra.testing.owned_files import archive

PASSWORD = "quoted \"twice\" and 'once', \\ $HOME ${HOME} #"


def test_the_file_of_settings_is_read_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container of the job, where folders and Flink's interface are others."""
    written = in_container(
        LandingSettings(
            kafka_security_protocol="SASL_PLAINTEXT",
            kafka_sasl_username="landing",
            kafka_sasl_password=PASSWORD,
            s3_access_key_id="key",
            s3_secret_access_key=PASSWORD,
            kafka_consumer_extras={"fetch.min.bytes": "1"},
        )
    )
    (tmp_path / ".env").write_text(env_file(written))
    monkeypatch.chdir(tmp_path)

    read = LandingSettings()

    assert written == read
    assert "0.0.0.0" == read.flink_rest_bind  # noqa: S104 - the engine publishes the port


def test_the_file_of_settings_is_for_the_user_of_the_image_alone() -> None:
    """As the engine unpacks it: mode 0600, and owned by the user that the image runs as; `repr` has no secret."""
    file = owned_settings(LandingSettings(s3_access_key_id="key", s3_secret_access_key=PASSWORD))
    with tarfile.open(fileobj=io.BytesIO(archive([file]))) as tar:
        [packed] = tar.getmembers()
    dockerfile = (PROJECT / "infra/docker/landing-job/Dockerfile").read_text()
    assert re.findall(r"useradd .*--uid (\d+) .* flink", dockerfile) == [str(packed.uid)]
    assert (ENV_FILE.lstrip("/"), 0o600) == (packed.name, packed.mode)
    assert "twice" not in repr(file)


def test_a_setting_of_kafka_is_a_variable_of_its_image() -> None:
    """As the official image translates it back."""
    assert "KAFKA_LISTENER_NAME_LOGIN_SCRAM___SHA___512_SASL_JAAS_CONFIG" == variable(
        "listener.name.login.scram-sha-512.sasl.jaas.config"
    )
