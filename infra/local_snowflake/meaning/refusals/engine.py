"""Translate the errors of DuckDB and sqlglot into Snowflake's codes and texts."""

from __future__ import annotations

import re

import duckdb
from sqlglot.errors import ParseError, TokenError

from infra.local_snowflake.errors import StatementRefusedError
from infra.local_snowflake.language.tokens import tokenize
from infra.local_snowflake.meaning.known_functions import KNOWN
from infra.local_snowflake.meaning.refusals.errors import COMPILATION, EngineRefusedError, unsupported_feature
from infra.local_snowflake.meaning.refusals.names import COLUMNS, FUNCTIONS, OBJECTS
from infra.local_snowflake.meaning.refusals.places import function_name
from infra.local_snowflake.meaning.refusals.rules import INVALID_IDENTIFIER
from infra.local_snowflake.meaning.refusals.syntax import syntax_refusal
from infra.local_snowflake.meaning.refusals.unsupported import unsupported
from infra.local_snowflake.meaning.refusals.values import ARITHMETIC, CONSTRAINTS, CONVERSIONS
from infra.local_snowflake.meaning.refusals.views import of_view

_RULES = (*COLUMNS, *FUNCTIONS, *OBJECTS, *CONVERSIONS, *ARITHMETIC, *CONSTRAINTS)
_MARKED = re.compile(r"\[(\d{3,6}) (\w{5})\] (.*)", re.DOTALL)
"""An error that a function of this package raised: Snowflake's code, state and text."""
_NO_FUNCTION = re.compile(r"(?:Scalar|Table|Aggregate|Window|Macro)?\s?Function with name (\S+) does not exist")
_COLUMN_TWICE, _NAME_TWICE = 1430, 2025
_MISSING = frozenset({2003, INVALID_IDENTIFIER})


def refusal_of(failure: BaseException, sql: str) -> StatementRefusedError:
    """Translate an error over a statement of the client."""
    match failure:
        case StatementRefusedError():
            return failure
        case ParseError() | TokenError():
            return syntax_refusal(failure, sql)
        case duckdb.ParserException():
            return unsupported(sql, str(failure))
        case duckdb.Error():
            return _of_engine(failure, sql)
    return unsupported(sql)


def _of_engine(failure: duckdb.Error, sql: str) -> StatementRefusedError:
    message = str(failure).split("\n\nLINE ")[0]
    if marked := _MARKED.search(message):
        return EngineRefusedError(int(marked[1]), marked[2], marked[3])
    if unknown := _NO_FUNCTION.search(message):
        return _unknown_function(function_name(unknown[1].strip('"')), sql)
    if isinstance(failure, duckdb.OutOfRangeException):
        return EngineRefusedError(100039, "22003", "Numeric value is out of range")
    for rule in _RULES:
        if refusal := rule.refusal(message, sql):
            return _settled(refusal, sql)
    return unsupported(sql)


def _settled(refusal: EngineRefusedError, sql: str) -> EngineRefusedError:
    """Return the refusal with what the statement adds: a new table with a column twice, a view of what is gone."""
    if refusal.code == _COLUMN_TWICE and sql.lstrip()[:6].upper() == "CREATE":
        twice = re.search(r"'(.*)'", refusal.message)
        return EngineRefusedError(
            _NAME_TWICE, "42S21", f"{COMPILATION}duplicate column name '{twice[1] if twice else ''}'"
        )
    return of_view(refusal, sql) if refusal.code in _MISSING else refusal


def _unknown_function(name: str, sql: str) -> StatementRefusedError:
    """Return the refusal of a function that DuckDB lacks: every call of the client has passed the closed list."""
    written = {token.name for token in tokenize(sql) if token.is_name}
    if name in written and (name in KNOWN or name.startswith("SYSTEM$")):
        return unsupported_feature(name)
    return unsupported(sql)
