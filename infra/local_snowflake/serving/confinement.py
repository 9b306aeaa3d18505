"""Confine the engine to the folder of the server: no statement may read or change the machine.

Statements that would are refused before they are executed (`meaning.checks`). This is the wall behind that one: DuckDB
itself refuses every file outside of the folder and every extension, and lets nobody change that again. Its other
settings stay open (`lock_configuration` is off), because the time zone of a session is one of them.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from infra.local_snowflake.external_tables.reading.scan import PROTOCOL


def confine(connection: duckdb.DuckDBPyConnection, data: Path) -> None:
    """Forbid the engine all files but those of a folder, and those of external tables; it cannot be undone.

    Args:
        connection: of the engine; all its cursors are confined, too.
        data: the folder of the databases, of the copies of external tables and of internal stages.
    """
    folder = str(data.resolve())
    allowed = [f"{folder}/", f"{data}/", f"{PROTOCOL}://"]
    for setting, value in (
        ("temp_directory", f"{folder}/spilled"),
        ("python_enable_replacements", False),  # else a table may be a variable of Python
        ("allowed_directories", allowed),
        ("enable_external_access", False),
    ):
        connection.execute(f"SET GLOBAL {setting} = {_literal(value)}")


def _literal(value: str | bool | list[str]) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list():
            return "[" + ", ".join(_literal(item) for item in value) + "]"
    return "'" + value.replace("'", "''") + "'"
