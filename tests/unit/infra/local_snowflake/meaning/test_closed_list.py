"""What a client may call and read: Snowflake's functions, and no file or setting of the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from infra.local_snowflake.meaning.known_functions import KNOWN
from infra.local_snowflake.serving.confinement import confine

SECRET = "of-the-machine"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file outside of the server's folder that DuckDB could read."""
    path = tmp_path / "secret.csv"
    path.write_text(f"a,b\n{SECRET},2\n")
    return path


def test_no_function_of_duckdb_alone_can_be_called(client: Any) -> None:
    """All of DuckDB's scalar and aggregate functions that Snowflake does not have are unknown."""
    sql = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type <> 'pragma'"
    with duckdb.connect() as connection:
        rows = connection.execute(sql).fetchall()
    own = sorted(name for (name,) in rows if name.isidentifier() and name.upper() not in KNOWN and name not in _SYNTAX)
    assert len(own) > 500
    reached = [name for name in own if client.refused(f"SELECT {name}(1)")[0] not in {2140, 1003}]
    assert [] == reached


_SYNTAX = {"list", "row", "struct", "union", "not", "if", "case", "map", "array", "cast", "try"}
"""Names that are no calls, but types and operators in the grammar."""


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT * FROM read_csv('{file}')", 1003),
        ("SELECT * FROM TABLE(read_csv('{file}'))", 2141),
        ("SELECT * FROM n, LATERAL read_csv('{file}')", 2141),
        ("SELECT * FROM glob('{file}')", 1003),
        ("SELECT read_text('{file}')", 2140),
        ("SELECT \"read_text\"('{file}')", 2140),
        ("SELECT * FROM '{file}'", 1003),
        ('SELECT * FROM "{file}"', 2003),
        ("INSERT INTO n SELECT a FROM '{file}'", 1003),
        ('INSERT INTO n SELECT a FROM "{file}"', 2003),
        ("CREATE TABLE c AS FROM '{file}'", 1003),
        ('CREATE VIEW c AS SELECT * FROM "{file}"', 2003),
        ("DELETE FROM n USING read_csv('{file}')", 1003),
        ("COPY n TO '{file}'", 1003),
        ("ATTACH '{file}'", 1003),
        ("INSTALL httpfs", 1003),
        ("SELECT * FROM duckdb_settings()", 1003),
        ("SELECT * FROM pragma_version()", 1003),
        ("SELECT * FROM duckdb_tables", 2003),
        ("SELECT * FROM sqlite_master", 2003),
        ("SELECT * FROM pg_catalog.pg_tables", 2003),
        ("SELECT * FROM _fs_external.main.objects", 2003),
        ('SELECT * FROM "_fs_global".main.x', 2003),
        ("SELECT system.main.upper('x')", 2003),
        ("SELECT other.upper('x')", 2141),
        ("SELECT current_setting('threads')", 2140),
        ("SELECT sfpy_compact('{{}}')", 2140),
        ("SET threads TO 4", 1003),
        ("SET SESSION threads = 4", 1003),
        ("RESET threads", 1003),
    ],
)
def test_no_statement_reads_or_changes_the_machine(client: Any, file: Path, sql: str, code: int) -> None:
    """Files, the engine's catalogs and its settings are refused, and the file is as it was."""
    client.rows("CREATE TABLE n (a VARCHAR)")
    before = file.read_text()
    assert code == client.refused(sql.format(file=file))[0]
    assert before == file.read_text()
    assert [] == client.rows("SELECT * FROM n")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM '{file}'",
        "COPY (SELECT 1) TO '{file}'",
        "ATTACH '{file}' AS other",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
    ],
)
def test_the_engine_itself_is_confined_to_its_folder(tmp_path: Path, file: Path, sql: str) -> None:
    """The wall behind the checks: DuckDB refuses files elsewhere, and the end of its confinement."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "own.csv").write_text("a\n1\n")
    with duckdb.connect() as connection:
        confine(connection, tmp_path / "data")
        assert [(1,)] == connection.execute("SELECT * FROM read_csv(?)", [f"{tmp_path}/data/own.csv"]).fetchall()
        with pytest.raises((duckdb.PermissionException, duckdb.InvalidInputException, duckdb.CatalogException)):
            connection.execute(sql.format(file=file))
    assert SECRET in file.read_text()
