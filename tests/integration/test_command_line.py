"""The command line without servers: one clear line, the documented exit code, and never a traceback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.settings import LocalSettings
from tests.integration.conftest import settings_below

HOURGLASS = str(Path(sys.executable).with_name("hourglass"))


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> LocalSettings:
    """Return settings of a stack that is not up."""
    return settings_below(tmp_path_factory.mktemp("nowhere"))


def run(settings: LocalSettings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command against a stack."""
    return subprocess.run(
        [HOURGLASS, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **settings.environment()},
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["status"], "no Kafka broker answers"),
        (["job", "start"], "no Kafka broker answers"),
        (["job", "status"], "no Flink answers"),
        (["job", "stop"], "no Flink answers"),
        (["emit"], "no Kafka broker answers"),
        (["simulate", "--events", "1"], "no Kafka broker answers"),
        (["sql", "SELECT 1"], "does not answer"),
        (["relay"], "no Dagster instance"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_is_away_at_the_start_is_one_clear_line_and_exit_code_2(
    nowhere: LocalSettings, arguments: list[str], said: str
) -> None:
    """A broker, bucket, Flink or Snowflake that is away is named in one line with the repair."""
    done = run(nowhere, *arguments)

    assert 2 == done.returncode, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert 1 == len(done.stderr.strip().splitlines()), done.stderr


def test_a_port_in_use_is_named_with_its_setting(nowhere: LocalSettings, tmp_path: Path) -> None:
    """`up` checks every port before it starts anything."""
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        taken = nowhere.model_copy(update={"s3_port": port, "data_dir": tmp_path})
        done = run(taken, "up", "--detach")

    assert 2 == done.returncode
    assert f"port {port} is in use: set HOURGLASS_S3_PORT to a free one" in done.stderr
    assert [] == list(tmp_path.glob("logs/*.log"))


def test_an_unknown_command_is_a_usage_error(nowhere: LocalSettings) -> None:
    """Exit code 2 and a hint at the help."""
    done = run(nowhere, "nonsense")

    assert 2 == done.returncode
    assert "hourglass --help" in done.stderr


def test_a_setting_that_is_no_port_is_named(nowhere: LocalSettings) -> None:
    """The error of a wrong value names its variable and the expected form."""
    done = subprocess.run(
        [HOURGLASS, "status"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **nowhere.environment(), "HOURGLASS_S3_PORT": "nine thousand"},
    )

    assert 2 == done.returncode
    assert 1 == len(done.stderr.strip().splitlines())
    assert "HOURGLASS_S3_PORT: Input should be a valid integer" in done.stderr


def test_down_with_nothing_up_is_success(nowhere: LocalSettings) -> None:
    """The stack is already down."""
    assert 0 == run(nowhere, "down").returncode
