"""Places in the client's statement, and the names of types and functions in texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from infra.local_snowflake.language.tokens import Token, tokenize
from infra.local_snowflake.meaning.macros.calls import PREFIX
from infra.local_snowflake.meaning.refusals.errors import EngineRefusedError, syntax_error

END = "<EOF>"
"""What Snowflake calls the end of a statement."""
_STEP = 2
"""Tokens from one part of a dotted name to the next."""
_TYPE_NAMES = {
    "INTEGER": "NUMBER(38,0)",
    "INTEGER_LITERAL": "NUMBER(38,0)",
    "BIGINT": "NUMBER(38,0)",
    "HUGEINT": "NUMBER(38,0)",
    "INT32": "NUMBER(38,0)",
    "INT64": "NUMBER(38,0)",
    "DOUBLE": "FLOAT",
    "VARCHAR": "VARCHAR(16777216)",
    "STRING_LITERAL": "VARCHAR(16777216)",
    "JSON": "VARIANT",
    "TIMESTAMP": "TIMESTAMP_NTZ(9)",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_LTZ(9)",
    "INTERVAL": "TIMESTAMP_TZ(9)",
    "TIME": "TIME(9)",
    "BLOB": "BINARY(8388608)",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name begins: line (from 1) and position in it (from 0), with the whole dotted name as it is written."""

    line: int
    position: int
    name: str = ""


def place_of(sql: str, word: str) -> Place:
    """Return the place of a name in the client's statement; line 1 and position 0 if it is not there."""
    wanted = word.strip('"').upper()
    tokens = tokenize(sql)
    for index, token in enumerate(tokens):
        if token.is_name and token.name.upper() == wanted:
            first = last = index
            while first >= _STEP and tokens[first - 1].text == "." and tokens[first - _STEP].is_name:
                first -= _STEP
            while last + _STEP < len(tokens) and tokens[last + 1].text == "." and tokens[last + _STEP].is_name:
                last += _STEP
            name = ".".join(part.name for part in tokens[first : last + 1 : _STEP])
            return Place(*line_and_position(sql, tokens[first].start), name)
    return Place(1, 0)


def line_and_position(sql: str, index: int) -> tuple[int, int]:
    """Return the line and the position in it of a character."""
    return sql.count("\n", 0, index) + 1, index - (sql.rfind("\n", 0, index) + 1)


def unexpected(sql: str, tokens: Sequence[Token], index: int) -> EngineRefusedError:
    """Return the syntax error at a token; at the end of the statement if there is no such token."""
    if index < len(tokens):
        return syntax_error(*line_and_position(sql, tokens[index].start), tokens[index].text)
    return syntax_error(*line_and_position(sql, tokens[-1].end if tokens else 0), END)


def call_text(sql: str, start: int) -> str:
    """Return the call whose name begins at an index, up to its closing bracket."""
    depth = 0
    for token in tokenize(sql[start:]):
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0 and token.text == ")":
            return sql[start : start + token.end]
    return sql[start:]


def function_name(name: str) -> str:
    """Return a function's name as clients write it."""
    return name.upper().removeprefix(PREFIX)


def type_names(text: str) -> str:
    """Return Snowflake's names for a list of DuckDB's types."""
    return ", ".join(_TYPE_NAMES.get(part.strip(), part.strip()) for part in text.split(", "))
