"""Create the macros and functions of this package in an instance of DuckDB."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

import duckdb

from infra.local_snowflake.meaning.functions import format_models, json_values, number_models, tables, texts, zoned
from infra.local_snowflake.meaning.macros.creation import creation_sql

_TEXT = "VARCHAR"
_INSTANT = "TIMESTAMP WITH TIME ZONE"
_Function = tuple[str, Callable[..., Any], tuple[str, ...], str]

_PLAIN: tuple[_Function, ...] = (
    ("compact", json_values.compact, (_TEXT,), _TEXT),
    ("parse_json", json_values.parse, (_TEXT,), _TEXT),
    ("try_parse_json", json_values.try_parse, (_TEXT,), _TEXT),
    ("check_json", json_values.check, (_TEXT,), _TEXT),
    ("parse", format_models.parse, (_TEXT, _TEXT, _TEXT), "TIMESTAMP"),
    ("try_parse", format_models.try_parse, (_TEXT, _TEXT, _TEXT), "TIMESTAMP"),
    ("offset", format_models.offset, (_TEXT, _TEXT), "INTEGER"),
    ("to_char", format_models.to_char, (_TEXT, _TEXT), _TEXT),
    ("number", number_models.parse, (_TEXT, _TEXT), _TEXT),
    ("try_number", number_models.try_parse, (_TEXT, _TEXT), _TEXT),
    ("number_to_char", number_models.to_char, (_TEXT, _TEXT), _TEXT),
    ("regexp_replace", texts.regexp_replace, (_TEXT, _TEXT, _TEXT, "BIGINT", "BIGINT", _TEXT), _TEXT),
    ("regexp_substr", texts.regexp_substr, (_TEXT, _TEXT, "BIGINT", "BIGINT", _TEXT, "BIGINT"), _TEXT),
    ("regexp_substr_all", texts.regexp_substr_all, (_TEXT, _TEXT, "BIGINT", "BIGINT", _TEXT, "BIGINT"), _TEXT),
    ("regexp_count", texts.regexp_count, (_TEXT, _TEXT, "BIGINT", _TEXT), "BIGINT"),
    (
        "regexp_instr",
        texts.regexp_instr,
        (_TEXT, _TEXT, "BIGINT", "BIGINT", "BIGINT", _TEXT, "BIGINT"),
        "BIGINT",
    ),
    ("regexp_like", texts.regexp_like, (_TEXT, _TEXT, _TEXT), "BOOLEAN"),
    ("strtok", texts.strtok, (_TEXT, _TEXT, "BIGINT"), _TEXT),
    ("sha2", texts.sha2, (_TEXT, "BIGINT"), _TEXT),
    ("type_name", texts.type_name, (_TEXT,), _TEXT),
)
_OF_NULLS: tuple[_Function, ...] = (("json", json_values.apply, (_TEXT, "VARCHAR[]"), _TEXT),)
_OF_COLUMNS: tuple[_Function, ...] = (
    ("zoned", zoned.of, (_INSTANT, "INTEGER"), zoned.TYPE),
    ("zoned_instant", zoned.instant, (zoned.TYPE,), _INSTANT),
    ("zoned_local", zoned.local, (zoned.TYPE,), "TIMESTAMP"),
    ("zoned_minutes", zoned.minutes, (zoned.TYPE,), "INTEGER"),
    ("zoned_iso", zoned.iso, (zoned.TYPE,), _TEXT),
)
_OF_ROWS: tuple[_Function, ...] = (
    ("flatten", tables.flatten, (_TEXT, _TEXT, "BOOLEAN", "BOOLEAN", _TEXT, "BIGINT"), tables.FLATTEN_TYPE),
    ("split", tables.split, (_TEXT, _TEXT, "BOOLEAN", "BIGINT"), tables.SPLIT_TYPE),
)


def install(connection: duckdb.DuckDBPyConnection, database: str) -> None:
    """Create functions and macros; the functions live as long as the process, the macros are stored."""
    for name, function, arguments, result in _PLAIN:
        _create(connection, name, _of_known(function), arguments, result)
    for name, function, arguments, result in _OF_NULLS:
        _create(connection, name, function, arguments, result)
    for name, function, arguments, result in _OF_COLUMNS:
        _create(connection, name, function, arguments, result, kind="arrow")
    for name, function, arguments, result in _OF_ROWS:
        _create(connection, name, function, arguments, result, side_effects=True)
    _create_macros(connection, database)


def _create_macros(connection: duckdb.DuckDBPyConnection, database: str) -> None:
    """Create the macros, unless the database has these of a former start."""
    statements = creation_sql(database)
    version = hashlib.sha256("".join(statements).encode()).hexdigest()
    try:
        known = connection.execute(f'SELECT "{database}".main.sf_version()').fetchone()
    except duckdb.CatalogException:
        known = None
    if known == (version,):
        return
    connection.execute("BEGIN")
    for statement in statements:
        connection.execute(statement)
    connection.execute(f"CREATE OR REPLACE MACRO \"{database}\".main.sf_version() AS '{version}'")
    connection.execute("COMMIT")


def _of_known(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with NULL as its result for any NULL."""

    @wraps(function)
    def call(*arguments: Any) -> Any:
        return None if None in arguments else function(*arguments)

    return call


def _create(  # noqa: PLR0913 - the arguments of DuckDB's method
    connection: duckdb.DuckDBPyConnection,
    name: str,
    function: Callable[..., Any],
    arguments: tuple[str, ...],
    result: str,
    *,
    side_effects: bool = False,
    kind: str = "native",
) -> None:
    connection.create_function(  # type: ignore[call-overload] # its types name only enums for null_handling and type
        f"sfpy_{name}",
        function,
        [duckdb.sqltype(argument) for argument in arguments],
        duckdb.sqltype(result),
        null_handling="special",
        side_effects=side_effects,
        type=kind,
    )
