"""The command line `snow`: connection, statements, stages, objects."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Snow = Callable[..., Any]
_SECONDS_MAX = 300
CONFIG = """\
default_connection_name = "local"

[cli]
ignore_new_version_warning = true

[cli.logs]
save_logs = false

[connections.local]
"""


@pytest.fixture
def snow(login: dict[str, Any], tmp_path: Path) -> Snow:
    """Runs a command with the configuration of this folder; returns what it prints as JSON, or its error as text."""
    names = ("account", "host", "port", "protocol", "user", "password", "database", "schema")
    config = tmp_path / "config.toml"
    config.write_text(CONFIG + "\n".join(f"{name} = {json.dumps(login[name])}" for name in names))
    config.chmod(0o600)  # `snow` refuses a file that others can read
    program = Path(sys.executable).with_name("snow")

    def run(*arguments: str) -> Any:
        command = [str(program), "--config-file", str(config), *arguments, "--format", "json"]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=_SECONDS_MAX)
        return json.loads(ran.stdout) if ran.returncode == 0 else ran.stdout + ran.stderr

    return run


def test_the_connection_is_tested(snow: Snow, login: dict[str, Any]) -> None:
    """`snow connection test`."""
    found = snow("connection", "test")
    assert ("OK", login["user"], login["database"]) == (found["Status"], found["User"], found["Database"])


def test_statements_run_from_option_and_file(snow: Snow, tmp_path: Path) -> None:
    """`snow sql -q` and `-f`, with a variable; each statement has a result; a refusal has Snowflake's code."""
    (tmp_path / "file.sql").write_text("CREATE OR REPLACE TABLE t (a INT);\nINSERT INTO t VALUES (1), (2);")
    created, inserted = snow("sql", "-f", "file.sql")
    assert [{"status": "Table T successfully created."}] == created
    assert [{"number of rows inserted": 2}] == inserted
    assert [{"N": 2}] == snow("sql", "-q", "SELECT COUNT(*) AS n FROM <% table %>", "-D", "table=t")
    assert "002003" in snow("sql", "-q", "SELECT * FROM nothing")


def test_files_go_to_a_stage_and_back(snow: Snow, tmp_path: Path) -> None:
    """`snow stage create`, `copy` both ways, `list`, `list-files`, `remove`."""
    (tmp_path / "a.csv").write_text("1,a\n")
    (tmp_path / "got").mkdir()
    snow("stage", "create", "files")
    assert ["UPLOADED"] == [row["status"] for row in snow("stage", "copy", "a.csv", "@files/in", "--no-auto-compress")]
    assert ["FILES"] == [row["name"] for row in snow("stage", "list", "--like", "files")]
    assert ["files/in/a.csv"] == [row["name"] for row in snow("stage", "list-files", "@files")]
    snow("stage", "copy", "@files/in/", str(tmp_path / "got"))
    assert "1,a\n" == (tmp_path / "got" / "a.csv").read_text()
    snow("stage", "remove", "files", "in/a.csv")
    assert [] == snow("stage", "list-files", "@files")


def test_objects_are_listed_described_and_dropped(snow: Snow, cursor: Any) -> None:
    """`snow object list`, `describe` and `drop`."""
    cursor.execute("CREATE OR REPLACE TABLE listed (a INT)")
    assert ["LISTED"] == [row["name"] for row in snow("object", "list", "table", "--like", "LISTED")]
    assert ["A"] == [row["name"] for row in snow("object", "describe", "table", "listed")]
    snow("object", "drop", "table", "listed")
    assert [] == cursor.execute("SHOW TABLES LIKE 'LISTED'").fetchall()


@pytest.mark.parametrize("command", [("object", "list", "task"), ("sql", "-q", "CREATE STREAMLIT s FROM @s")])
def test_what_the_server_lacks_is_clearly_refused(snow: Snow, command: tuple[str, ...]) -> None:
    """With the code of an unsupported feature."""
    said = snow(*command)
    assert "000002" in said
    assert "Unsupported feature" in said
