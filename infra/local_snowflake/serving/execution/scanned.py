"""RESULT_SCAN in any query: the results of former statements as tables."""

from __future__ import annotations

import re

from infra.local_snowflake.errors import StatementNotFoundError
from infra.local_snowflake.language.tokens import Edit, Kind, Reader, apply
from infra.local_snowflake.serving.execution.results import Result, Results

_ALONE = re.compile(r"\s*SELECT\s*\*\s*FROM\s+TABLE\s*\(\s*RESULT_SCAN\s*\(\s*'[^']*'\s*\)\s*\)[\s;]*", re.IGNORECASE)
_NAME = "local_snowflake_result_"


def with_scanned_results(sql: str, results: Results) -> tuple[str, dict[str, Result]]:
    """Return the statement with each TABLE(RESULT_SCAN('<query id>')) as the name of a table, and these tables.

    `SELECT * FROM TABLE(RESULT_SCAN(...))` alone is left to fakesnow, which returns the result as it was.

    Raises:
        StatementNotFoundError: there is no such result.
    """
    if "RESULT_SCAN" not in sql.upper() or _ALONE.fullmatch(sql):
        return sql, {}
    reader = Reader(sql)
    edits: list[Edit] = []
    found: dict[str, Result] = {}
    while not reader.done:
        first = reader.take()
        if first.keyword != "TABLE" or not reader.accept("(", "RESULT_SCAN", "("):
            continue
        query = reader.take()
        last = reader.peek(1)
        if query.kind is not Kind.STRING or last is None or not reader.accept(")", ")"):
            continue
        result = results.result(query.string)
        if result is None or result.table is None:
            raise StatementNotFoundError(f"Statement {query.string} not found")
        name = f"{_NAME}{len(found)}"
        found[name] = result
        edits.append(Edit(first.start, last.end, f'"temp"."main"."{name}"'))
    return apply(sql, edits), found
