"""Check the columns of an external table before anything is created."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from infra.local_snowflake.errors import (
    ArgumentRefusedError,
    FunctionUnknownError,
    IdentifierInvalidError,
    NameTwiceError,
    OptionRefusedError,
    StatementRefusedError,
    TypeUnknownError,
)
from infra.local_snowflake.language.statements import Column, CreateExternalTable
from infra.local_snowflake.language.tokens import Edit, Kind, Token, apply, tokenize

FILENAME = "METADATA$FILENAME"
PARTITION = "METADATA$EXTERNAL_TABLE_PARTITION"
_USER_SPECIFIED_NAME_MAX = 32
_ALLOWED_IN_PARTITIONS = frozenset(
    {"AND", "OR", "NOT", "IN", "IS", "LIKE", "CASE", "WHEN", "THEN", "ELSE", "CAST", "TRY_CAST", "ARRAY_CONSTRUCT"}
    | {"ARRAY_SIZE", "ARRAY_SLICE", "CHAR", "CHARINDEX", "CHR", "COALESCE", "CONCAT", "CONCAT_WS", "CONTAINS"}
    | {"DATE_FROM_PARTS", "DATEADD", "DATE_PART", "DATE_TRUNC", "DECODE", "DIV0", "ENDSWITH", "EQUAL_NULL", "IFF"}
    | {"IFNULL", "JSON_EXTRACT_PATH_TEXT", "LEFT", "LENGTH", "LOWER", "LPAD", "LTRIM", "NULLIF", "NVL", "NVL2"}
    | {"OBJECT_CONSTRUCT", "OBJECT_INSERT", "OBJECT_KEYS", "PARSE_JSON", "POSITION", "REGEXP_REPLACE"}
    | {"REGEXP_SUBSTR", "REPLACE", "RIGHT", "RPAD", "RTRIM", "SPLIT", "SPLIT_PART", "STARTSWITH", "SUBSTR"}
    | {"SUBSTRING", "TIMESTAMP_FROM_PARTS", "TO_ARRAY", "TO_BOOLEAN", "TO_CHAR", "TO_DATE", "TO_DECIMAL", "TO_DOUBLE"}
    | {"TO_NUMBER", "TO_NUMERIC", "TO_TIME", "TO_TIMESTAMP", "TO_TIMESTAMP_LTZ", "TO_TIMESTAMP_NTZ"}
    | {"TO_TIMESTAMP_TZ", "TO_VARCHAR", "TRIM", "TRY_TO_DATE", "TRY_TO_NUMBER", "TRY_TO_TIMESTAMP"}
    | {"TRY_TO_TIMESTAMP_NTZ", "UPPER", "ZEROIFNULL", "DATE", "TIMESTAMP", "YEAR", "MONTH", "DAY", "HOUR"}
    | {"VARCHAR", "NUMBER", "DECIMAL", "NUMERIC", "STRING", "TEXT", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"}
)
"""Words that may stand before a bracket in a partition expression: they depend on nothing but their arguments."""


def checked(statement: CreateExternalTable) -> tuple[Column, ...]:
    """Return the columns of a new table with `$1` as VALUE.

    Raises:
        StatementRefusedError: a name is given twice, or a column or partition column is not as documented.
    """
    columns = tuple(with_value(column) for column in statement.columns)
    require_columns(columns)
    by_name = {column.name: column for column in columns}
    for name in statement.partition_by:
        if name not in by_name:
            raise OptionRefusedError(f"SQL compilation error:\ninvalid identifier '{name}' in PARTITION BY.")
        _require_partition_column(by_name[name], user_specified=statement.user_specified)
    if statement.user_specified and not statement.partition_by:
        raise OptionRefusedError("SQL compilation error:\nPARTITION_TYPE = USER_SPECIFIED needs PARTITION BY.")
    if not statement.user_specified:
        _require_no_given_partitions(columns)
    return columns


def require_columns(columns: Iterable[Column]) -> None:
    """Raise an error if two columns have one name, or one reads another."""
    names = ["VALUE", *(column.name for column in columns)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise NameTwiceError(f"SQL compilation error:\nduplicate column name '{twice}'")
    for column in columns:
        kind = tokenize(column.type_sql or "VARIANT")
        if kind and kind[0].keyword not in _TYPES:
            raise TypeUnknownError(f"SQL compilation error:\nUnsupported data type '{kind[0].text.upper()}'.")
        _require_scalar(column)
        for name in _read_names(column.expression):
            if name in names[1:]:
                raise IdentifierInvalidError(_invalid(name))


def _require_scalar(column: Column) -> None:
    """Raise an error if an expression needs more than its row."""
    tokens = tokenize(column.expression)
    refused = next((token for token in tokens if token.keyword in {"SELECT", "OVER"}), None)
    calls = [token for token, following in pairwise(tokens) if following.text == "("]
    refused = refused or next((token for token in calls if token.keyword in _OF_MANY_ROWS), None)
    if refused:
        raise OptionRefusedError(
            f"SQL compilation error:\n{refused.keyword} is not supported in the expression of column '{column.name}'."
        )


def with_value(column: Column) -> Column:
    """Replace `$1` in the expression of a column, the whole row, by VALUE."""
    edits = [
        Edit(mark.start, number.end, "VALUE")
        for mark, number in pairwise(tokenize(column.expression))
        if mark.text == "$" and number.text == "1" and mark.end == number.start
    ]
    return replace(column, expression=apply(column.expression, edits))


def _read_names(expression: str) -> Iterable[str]:
    """Return the names in an expression that can be columns: no paths, types, functions or qualified names."""
    tokens = tokenize(expression)
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else None
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        named = before is not None and (before.text in {":", "::", "."} or before.keyword == "AS")
        called = after is not None and after.text in {"(", "."} and token.kind is Kind.WORD
        if token.is_name and not named and not called and token.keyword not in _DATE_PARTS:
            yield token.name


def _require_partition_column(column: Column, *, user_specified: bool) -> None:
    source = PARTITION if user_specified else FILENAME
    tokens = tokenize(column.expression)
    if not any(token.keyword == source for token in tokens):
        raise OptionRefusedError(
            f"SQL compilation error:\nPartition column '{column.name}' expression must use {source}."
        )
    if any(token.keyword in {"VALUE", "SELECT", "METADATA$FILE_ROW_NUMBER", "OVER"} for token in _own_words(tokens)):
        raise OptionRefusedError(
            f"SQL compilation error:\nPartition column '{column.name}' expression may use {source} alone."
        )
    changing = next((token for token in _own_words(tokens) if token.keyword in _OF_THE_TIME), None)
    if changing:
        raise OptionRefusedError(
            f"SQL compilation error:\n{changing.keyword} is not supported in the expression of partition column "
            f"'{column.name}'."
        )
    for token, following in pairwise(tokens):
        if following.text == "(" and token.is_name and token.keyword not in _ALLOWED_IN_PARTITIONS:
            raise OptionRefusedError(
                f"SQL compilation error:\nFunction {token.text.upper()} is not supported in the expression of "
                f"partition column '{column.name}'."
            )
    if user_specified and (len(column.name) > _USER_SPECIFIED_NAME_MAX or column.name != column.name.upper()):
        raise OptionRefusedError(
            f"SQL compilation error:\nThe name of partition column '{column.name}' must be upper case, "
            f"and at most {_USER_SPECIFIED_NAME_MAX} characters long."
        )


def _own_words(tokens: list[Token]) -> list[Token]:
    return [token for index, token in enumerate(tokens) if index == 0 or tokens[index - 1].text not in {":", "."}]


def _require_no_given_partitions(columns: Iterable[Column]) -> None:
    for column in columns:
        if any(token.keyword == PARTITION for token in tokenize(column.expression)):
            raise IdentifierInvalidError(_invalid(PARTITION))


def _invalid(name: str) -> str:
    return f"SQL compilation error: error line 1 at position 0\ninvalid identifier '{name}'"


_OF_THE_TIME = frozenset(
    {"CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "LOCALTIME", "LOCALTIMESTAMP", "SYSDATE", "CURRENT_USER"}
)
_OF_MANY_ROWS = frozenset(
    {"COUNT", "SUM", "AVG", "MIN", "MAX", "MEDIAN", "LISTAGG", "ARRAY_AGG", "OBJECT_AGG", "ANY_VALUE", "FLATTEN"}
    | {"ROW_NUMBER", "RANK", "DENSE_RANK", "LAG", "LEAD", "FIRST_VALUE", "LAST_VALUE", "COUNT_IF", "TABLE"}
)
_TYPES = frozenset(
    {"NUMBER", "DECIMAL", "NUMERIC", "DEC", "INT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "BYTEINT", "FLOAT"}
    | {"FLOAT4", "FLOAT8", "DOUBLE", "REAL", "VARCHAR", "CHAR", "CHARACTER", "NCHAR", "STRING", "TEXT", "NVARCHAR"}
    | {"NVARCHAR2", "CHAR_VARYING", "BINARY", "VARBINARY", "BOOLEAN", "DATE", "DATETIME", "TIME", "TIMESTAMP"}
    | {"TIMESTAMP_LTZ", "TIMESTAMP_NTZ", "TIMESTAMP_TZ", "TIMESTAMPLTZ", "TIMESTAMPNTZ", "TIMESTAMPTZ", "VARIANT"}
    | {"OBJECT", "ARRAY"}
)
_DATE_PARTS = frozenset(
    {"YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "DATE", "TIME", "TIMESTAMP"}
)
"""Words of expressions that columns often have as names, too."""


_FAILURES: tuple[tuple[str, type[StatementRefusedError], str], ...] = (
    (r'Referenced column "([^"]+)" not found', IdentifierInvalidError, "invalid identifier '{}'"),
    (r'Referenced table "([^"]+)" not found', IdentifierInvalidError, "invalid identifier '{}'"),
    (r"Function with name \"?(\w+)\"? does not exist", FunctionUnknownError, "Unknown function {}"),
    (
        r"No function matches the given name and argument types '(\w+)",
        ArgumentRefusedError,
        "Invalid argument types for function '{}'",
    ),
)


def refusal_of(text: str) -> StatementRefusedError | None:
    """Return Snowflake's error for a column that DuckDB refuses with this text; None for another text."""
    for pattern, refused, message in _FAILURES:
        if found := re.search(pattern, text):
            return refused("SQL compilation error:\n" + message.format(found[1].upper()))
    return None
