"""Kill the server, as a separate process, and check what it keeps."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from snowflake import connector


@contextmanager
def serve(data: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start a server and wait until it prints its port."""
    command = [sys.executable, "-m", "infra.local_snowflake.server", "--port", "0", "--data", str(data)]
    keys = {
        "HOURGLASS_S3_ACCESS_KEY_ID": "k",
        "HOURGLASS_S3_SECRET_ACCESS_KEY": "s",
        "HOURGLASS_SNOWFLAKE_USER": "u",
        "HOURGLASS_SNOWFLAKE_PASSWORD": "p",
    }
    with subprocess.Popen(command, env=os.environ | keys, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        try:
            line = next(line for line in process.stderr if "serving on" in line)
            yield process, int(line.rpartition(":")[2])
        finally:
            process.kill()


def connect(port: int) -> Any:
    where = {"host": "127.0.0.1", "port": port, "protocol": "http", "database": "AWS", "schema": "DEV"}
    return connector.connect(**where, account="local", user="u", password="p", login_timeout=60, network_timeout=60)


def rows(port: int, *statements: str) -> list[tuple[object, ...]]:
    """Send statements in a session; return the rows of the last one."""
    with connect(port) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return list(cursor.fetchall())


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_what_was_answered_is_there_after_a_restart(tmp_path: Path, how: signal.Signals) -> None:
    """Rows of finished transactions, stages and external tables survive; an unfinished transaction leaves nothing."""
    with serve(tmp_path) as (process, port):
        rows(
            port,
            "CREATE TABLE kept (a INT, b VARCHAR(7)) COMMENT = 'it''s'",
            "INSERT INTO kept (a) VALUES (1), (2)",
            "CREATE ROLE reader",
            "GRANT SELECT ON TABLE kept TO ROLE reader",
            "CREATE STAGE st URL = 's3://hourglass/x/' COMMENT = 'kept'",
            "CREATE EXTERNAL TABLE ext (n INT AS (value:n::int)) LOCATION = @st REFRESH_ON_CREATE = FALSE "
            "FILE_FORMAT = (TYPE = JSON)",
        )
        rows(port, "BEGIN", "INSERT INTO kept (a) VALUES (3)", "COMMIT")
        rows(port, "BEGIN", "INSERT INTO kept (a) VALUES (4)", "ROLLBACK")
        unfinished = connect(port).cursor()
        unfinished.execute("BEGIN")
        unfinished.execute("INSERT INTO kept (a) VALUES (5)")
        connect(port).cursor().execute("CREATE TEMPORARY TABLE gone AS SELECT 1 AS a")
        process.send_signal(how)
        assert (-how if how is signal.SIGKILL else 0) == process.wait(timeout=30)
    with serve(tmp_path) as (_, port):
        assert [(1,), (2,), (3,)] == rows(port, "SELECT a FROM kept ORDER BY a")
        assert ["ST"] == [row[1] for row in rows(port, "SHOW STAGES")]
        assert [] == rows(port, "SELECT n FROM ext")
        assert [("EXT", ""), ("KEPT", "it's")] == [(row[1], row[5]) for row in rows(port, "SHOW TABLES")]
        assert ["SELECT"] == [row[1] for row in rows(port, "SHOW GRANTS TO ROLE reader")]
        assert "VARCHAR(7)" == rows(port, "DESC TABLE kept")[1][1]


def test_one_folder_has_one_server(tmp_path: Path) -> None:
    """A second server over the same folder, of the command line, ends with exit code 2 and the reason."""
    hourglass = Path(sys.executable).with_name("hourglass")
    with serve(tmp_path):
        command = [str(hourglass), "snowflake", "serve", "--port", "0", "--data", str(tmp_path)]
        second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert 2 == second.returncode
    assert "stop the server that uses it" in second.stderr


def test_a_killed_server_leaves_nothing_in_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All its data is in its own folder."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with serve(tmp_path / "data") as (_, port):
        assert [(1,)] == rows(port, "SELECT 1")

    assert set() == set(temporary.iterdir())
