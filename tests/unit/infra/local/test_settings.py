from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from infra.local.servers import broker, dagster, object_store
from infra.local.settings import LocalSettings


@pytest.fixture
def settings(tmp_path: Path) -> LocalSettings:
    return LocalSettings(data_dir=tmp_path, kafka_port=19092, s3_port=19000, snowflake_port=18084, flink_port=18081)


def test_children_get_the_ports_of_this_stack(settings: LocalSettings) -> None:
    """One set of ports moves every address that a process of the chain reads."""
    environment = settings.environment()

    assert {
        "HOURGLASS_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:19092",
        "HOURGLASS_S3_ENDPOINT": "http://127.0.0.1:19000",
        "HOURGLASS_SNOWFLAKE_PORT": "18084",
        "HOURGLASS_FLINK_REST": "http://127.0.0.1:18081",
    }.items() <= environment.items()


def test_an_environment_variable_moves_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message about a taken port names the variable that moves it."""
    monkeypatch.setenv("HOURGLASS_S3_PORT", "12345")

    assert 12345 == LocalSettings().ports["HOURGLASS_S3_PORT"]


def test_a_secret_is_not_part_of_what_a_setting_prints(settings: LocalSettings) -> None:
    """Settings end in logs and tracebacks; their secrets do not."""
    secret = settings.s3_secret_access_key.get_secret_value()

    assert secret not in repr(settings)
    assert secret not in str(settings.model_dump())


def test_files_that_hold_keys_are_readable_for_their_owner_alone(settings: LocalSettings) -> None:
    """The S3 server's configuration holds its keys."""
    object_store.prepare(settings)

    assert "0o600" == oct((settings.data_dir / "s3" / "s3proxy.conf").stat().st_mode & 0o777)


def test_no_program_carries_a_secret_on_its_command_line(settings: LocalSettings) -> None:
    """Every user of a machine can read command lines."""
    secret = settings.s3_secret_access_key.get_secret_value()
    programs = [broker.program(settings), object_store.program(settings), *dagster.programs(settings)]

    assert [] == [program.name for program in programs for argument in program.command if secret in argument]


def test_a_socket_path_is_short_enough_however_deep_the_data_folder_is(tmp_path: Path) -> None:
    """A UNIX socket's path has at most 107 bytes."""
    deep = LocalSettings(data_dir=tmp_path / ("d" * 90) / ("e" * 90))
    command = dagster.programs(deep)[0].command

    assert len(str(command[command.index("--socket") + 1])) <= 107


@pytest.mark.parametrize(
    ("target", "count", "counts"),
    [("local", None, True), ("remote", None, False), ("remote", True, True), ("local", False, False)],
)
def test_topics_are_counted_where_they_are_small_or_someone_asks(
    target: Literal["local", "remote"], count: bool | None, counts: bool
) -> None:
    """Counting reads every record: in production only on request."""
    assert counts == LocalSettings(target=target, count_produced=count).counts_produced
