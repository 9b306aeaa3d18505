"""Translate the errors of DuckDB and sqlglot into Snowflake's codes and texts.

A row of the tables is one message of DuckDB with Snowflake's answer. What no row knows is a statement that the local
Snowflake cannot execute, and is refused as an unsupported feature without the engine's words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import duckdb
from sqlglot import Expr, exp
from sqlglot.errors import ParseError, TokenError

from infra.local_snowflake.errors import StatementRefusedError
from infra.local_snowflake.language.tokens import Kind, Token, tokenize
from infra.local_snowflake.meaning.macros.known_functions import KNOWN_FUNCTIONS, VERBS

_COMPILATION = "SQL compilation error:\n"
_FEATURE_WORDS = 3


class EngineRefusedError(StatementRefusedError):
    """A statement that the engine refused, with Snowflake's code and text."""

    def __init__(self, code: int, sqlstate: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.sqlstate = sqlstate


Rule: TypeAlias = tuple[str, int, str, str | Callable[[re.Match[str]], str]]
"""A regular expression of DuckDB's message, and code, state and text of Snowflake; a text is a template of groups."""


def _upper(template: str) -> Callable[[re.Match[str]], str]:
    return lambda found: template.format(*(group.strip('"').upper() if group else "" for group in found.groups()))


_BINDER: Sequence[Rule] = (
    (
        r'Referenced column "(.+?)" (?:was )?not found',
        904,
        "42000",
        lambda found: f"{_COMPILATION}error line {{line}} at position {{position}}\ninvalid identifier '{found[1]}'",
    ),
    (
        r'(?:list|Table|table) "(.+?)" does not have a column (?:named|with name) "(.+?)"',
        904,
        "42000",
        lambda found: f"{_COMPILATION}error line {{line}} at position {{position}}\ninvalid identifier '{found[2]}'",
    ),
    (
        r"Referenced update column (\S+) not found",
        904,
        "42000",
        lambda found: f"{_COMPILATION}error line {{line}} at position {{position}}\ninvalid identifier '{found[1]}'",
    ),
    (
        r'Referenced table "(.+?)" not found',
        904,
        "42000",
        lambda found: f"{_COMPILATION}error line {{line}} at position {{position}}\ninvalid identifier '{found[1]}'",
    ),
    (
        r"Cannot extract field '(.+?)' from expression",
        904,
        "42000",
        lambda found: f"{_COMPILATION}error line {{line}} at position {{position}}\ninvalid identifier '{found[1]}'",
    ),
    (
        r"Macro (\w+)\(\) does not support the supplied arguments",
        939,
        "22023",
        lambda found: (
            f"{_COMPILATION}error line {{line}} at position {{position}}\n"
            f"invalid number of arguments for function [{_plain(found[1])}]"
        ),
    ),
    (
        r'Ambiguous reference to (?:column name|table) "(.+?)"',
        2028,
        "42601",
        lambda found: f"{_COMPILATION}error line {{line}} at position {{position}}\nambiguous column name '{found[1]}'",
    ),
    (
        r'column "(.+?)" must appear in the GROUP BY',
        979,
        "42601",
        lambda found: f"{_COMPILATION}[{found[1]}] is not a valid group by expression",
    ),
    (
        r"has (\d+) columns but (\d+) values were supplied",
        2057,
        "42000",
        lambda found: (
            f"{_COMPILATION}Insert value list does not match column list expecting {found[1]} but got {found[2]}"
        ),
    ),
    (
        r"clause cannot contain aggregates",
        2035,
        "42601",
        lambda _: f"{_COMPILATION}Invalid aggregate function in where clause",
    ),
    (
        r"same number of result columns",
        1789,
        "42601",
        lambda _: f"{_COMPILATION}invalid number of result columns for set operator input branches",
    ),
    (
        r"No function matches the given name and argument types '(\w+)\((.*)\)'",
        1044,
        "42P13",
        lambda found: (
            f"{_COMPILATION}error line {{line}} at position {{position}}\n"
            f"Invalid argument types for function '{_plain(found[1])}': ({_types(found[2])})"
        ),
    ),
    (
        r'Could not choose a best candidate function for the function call "(.+?)\((.*)\)"',
        1044,
        "42P13",
        lambda found: (
            f"{_COMPILATION}error line {{line}} at position {{position}}\n"
            f"Invalid argument types for function '{_plain(found[1])}': ({_types(found[2])})"
        ),
    ),
    (r"Duplicate (?:struct entry name|named argument)", 100103, "22000", lambda _: "Duplicate field key in object"),
    (
        r"Cannot compare values of type (\S+).* and (?:values )?of type (\S+)",
        1065,
        "22000",
        lambda found: f"{_COMPILATION}Can not compare values of type {_types(found[1])} and {_types(found[2])}",
    ),
)

_CATALOG: Sequence[Rule] = (
    (
        r"Table with name \"?([^\" ]+)\"? does not exist because schema \"(.+?)\" does not exist",
        2003,
        "02000",
        _upper(_COMPILATION + "Schema '{1}' does not exist or not authorized."),
    ),
    (
        r"(?:Table|View|Sequence) with name (.+?) does not exist",
        2003,
        "42S02",
        _upper(_COMPILATION + "Object '{0}' does not exist or not authorized."),
    ),
    (
        r"Schema with name (.+?) does not exist",
        2003,
        "02000",
        _upper(_COMPILATION + "Schema '{0}' does not exist or not authorized."),
    ),
    (
        r"(?:Database|Catalog)(?: with name)? \"?([^\s\":]+)\"? does not exist",
        2003,
        "02000",
        _upper(_COMPILATION + "Database '{0}' does not exist or not authorized."),
    ),
    (
        r"Column with name (.+?) already exists",
        1430,
        "42601",
        _upper(_COMPILATION + "column '{0}' already exists"),
    ),
    (
        r"(?:Table|View|Sequence|Schema|Index|Macro|Type)[\w ]* with name (.+?) already exists",
        2002,
        "42710",
        _upper(_COMPILATION + "Object '{0}' already exists."),
    ),
    (
        r"[Cc]ollation with name",
        2,
        "0A000",
        "Unsupported feature 'COLLATE'.",
    ),
    (
        r"SET schema: No catalog \+ schema named",
        2043,
        "02000",
        f"{_COMPILATION}Object does not exist, or operation cannot be performed.",
    ),
    (
        r"(\S+) is not an? table",
        2203,
        "02000",
        _upper(_COMPILATION + "Object '{0}' found is not of type 'TABLE' specified in the statement."),
    ),
    (
        r"Can only (?:update|delete from|insert into) base table",
        2203,
        "02000",
        f"{_COMPILATION}Object found is not of type 'TABLE' specified in the statement.",
    ),
    (
        r"Existing object (\S+) is of type (\w+), trying to (?:replace|drop)(?: with)? type (\w+)",
        2203,
        "02000",
        _upper(_COMPILATION + "Object '{0}' found is of type '{1}', not '{2}'."),
    ),
)

_CONVERSION: Sequence[Rule] = (
    (
        r"Could not convert string ['\"](.*?)['\"] to BOOL",
        100037,
        "22018",
        lambda found: f"Boolean value '{found[1]}' is not recognized",
    ),
    (
        r"Could not convert string ['\"]([+-]?\d+(?:\.\d*)?)['\"] to",
        100039,
        "22003",
        lambda found: f"Numeric value '{found[1]}' is out of range",
    ),
    (
        r"Could not convert string ['\"](.*?)['\"] to",
        100038,
        "22018",
        lambda found: f"Numeric value '{found[1]}' is not recognized",
    ),
    (
        r"Could not cast value (\S+) (?:from \S+ )?to",
        100039,
        "22003",
        lambda found: f"Numeric value '{found[1]}' is out of range",
    ),
    (
        r"Type \w+ with value (\S+) can't be cast because the value is out of range",
        100039,
        "22003",
        lambda found: f"Numeric value '{found[1]}' is out of range",
    ),
    (
        r"date field[^:]*: \"(.*?)\"",
        100040,
        "22007",
        lambda found: f"Date '{found[1]}' is not recognized",
    ),
    (
        r"timestamp field[^:]*: \"(.*?)\"",
        100035,
        "22007",
        lambda found: f"Timestamp '{found[1]}' is not recognized",
    ),
    (
        r"time field[^:]*: \"(.*?)\"",
        100108,
        "22007",
        lambda found: f"Time '{found[1]}' is not recognized",
    ),
    (
        r"Malformed JSON at byte (\d+) of input: (.+?)\.\s+Input: \"(.*)\"",
        100069,
        "22P02",
        lambda found: f"Error parsing JSON: {found[3][:200]}",
    ),
    (r"Malformed JSON", 100069, "22P02", lambda _: "Error parsing JSON"),
    (
        r"Unimplemented type for cast \((\S+(?: WITH TIME ZONE)?) -> (\S+(?: WITH TIME ZONE)?)\)",
        2023,
        "22000",
        lambda found: f"{_COMPILATION}Cannot cast a value of type {_types(found[1])} to {_types(found[2])}",
    ),
    (r"Unknown TimeZone '(.+?)'", 100033, "22023", lambda found: f"Unknown timezone: '{found[1]}'"),
)

_INPUT: Sequence[Rule] = (
    (r"Division by zero", 100051, "22012", lambda _: "Division by zero"),
    (
        r"More than one row returned by a subquery",
        90150,
        "22000",
        lambda _: "Single-row subquery returns more than one row.",
    ),
    (r"Unknown TimeZone '(.+?)'", 100033, "22023", lambda found: f"Unknown timezone: '{found[1]}'"),
)

_CONSTRAINT: Sequence[Rule] = (
    (
        r"NOT NULL constraint failed: \S*?\.?([^.\s]+)$",
        100072,
        "22000",
        lambda _: "NULL result in a non-nullable column",
    ),
)

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
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_TZ(9)",
    "TIME": "TIME(9)",
    "BLOB": "BINARY(8388608)",
}


def _plain(name: str) -> str:
    return name.upper().removeprefix("SF_")


def _types(text: str) -> str:
    return ", ".join(_TYPE_NAMES.get(part.strip(), part.strip()) for part in text.split(", "))


@dataclass(frozen=True, slots=True)
class _Place:
    line: int
    position: int
    name: str = ""


def _place(sql: str, word: str) -> _Place:
    """Return line, position and dotted name of an identifier in the client's statement; 1 and 0 if it is not there."""
    wanted = word.strip('"').upper()
    tokens = tokenize(sql)
    for index, token in enumerate(tokens):
        if token.is_name and token.name.upper() == wanted:
            first = last = index
            while first >= _STEP and tokens[first - 1].text == "." and tokens[first - _STEP].is_name:
                first -= _STEP
            while last + _STEP < len(tokens) and tokens[last + 1].text == "." and tokens[last + _STEP].is_name:
                last += _STEP
            begin = tokens[first].start
            line_start = sql.rfind("\n", 0, begin) + 1
            name = ".".join(part.name for part in tokens[first : last + 1 : _STEP])
            return _Place(sql.count("\n", 0, begin) + 1, begin - line_start, name)
    return _Place(1, 0)


_STEP = 2
"""Tokens from one part of a dotted name to the next."""
_INVALID_IDENTIFIER = 904
_ABOUT_A_COLUMN = frozenset({904, 2028})


def _with_full_name(text: str, place: _Place) -> str:
    """Return the text with the identifier as it is written, with its table."""
    return (
        re.sub(r"invalid identifier '.*'", lambda _: f"invalid identifier '{place.name}'", text) if place.name else text
    )


def refusal_of(failure: BaseException, sql: str) -> StatementRefusedError:
    """Translate an error over a statement of the client."""
    match failure:
        case StatementRefusedError():
            return failure
        case ParseError() | TokenError():
            return _syntax(failure, sql)
        case duckdb.ParserException():
            return _unsupported(sql, str(failure))
        case duckdb.Error():
            return _of_engine(failure, sql)
    return _unsupported(sql)


def _of_engine(failure: duckdb.Error, sql: str) -> StatementRefusedError:
    message = str(failure).split("\n\nLINE ")[0]
    marked = re.search(r"\[(\d{3,6}) (\w{5})\] (.*)", message, re.DOTALL)
    if marked:
        return EngineRefusedError(int(marked[1]), marked[2], marked[3])
    unknown = re.search(r"(?:Scalar|Table|Aggregate|Window|Macro)?\s?Function with name (\S+) does not exist", message)
    if unknown:
        return _unknown_function(unknown[1].strip('"').upper(), sql)
    if isinstance(failure, duckdb.OutOfRangeException):
        return EngineRefusedError(100039, "22003", "Numeric value is out of range")
    for pattern, code, sqlstate, text in (
        *_BINDER,
        *_CATALOG,
        *_CONVERSION,
        *_INPUT,
        *_CONSTRAINT,
    ):
        found = re.search(pattern, message, re.DOTALL)
        if found:
            written = text(found) if callable(text) else text
            place = (
                _place(sql, _plain(found[found.lastindex if code in _ABOUT_A_COLUMN else 1]))
                if found.lastindex
                else _Place(1, 0)
            )
            if code == _INVALID_IDENTIFIER:
                written = _with_full_name(written, place)
            written = written.replace("{line}", str(place.line)).replace("{position}", str(place.position))
            return EngineRefusedError(code, sqlstate, written)
    return _unsupported(sql)


def _unknown_function(name: str, sql: str) -> StatementRefusedError:
    name = name.removeprefix("SF_")
    if name in KNOWN_FUNCTIONS or name.startswith(("SYSTEM$", "_FS", "SFPY_")):
        return _feature(name)
    written = {token.name for token in tokenize(sql) if token.is_name}
    if name not in written:
        return _unsupported(sql)
    return EngineRefusedError(2140, "42601", f"{_COMPILATION}Unknown function {name}")


def require_statement(tree: Expr, sql: str) -> None:
    """Refuse a statement of DuckDB that Snowflake does not have, or has with another result.

    Raises:
        EngineRefusedError: by the first word.
    """
    tokens = tokenize(sql)
    if not tokens:
        return
    word = tokens[0].keyword or tokens[0].text
    if word in _UNSUPPORTED_VERBS and isinstance(tree, exp.Command):
        raise _feature(word)
    if word not in VERBS:
        raise _syntax_error(1, 0, tokens[0].text)


def _syntax(failure: ParseError | TokenError, sql: str) -> StatementRefusedError:
    """Return Snowflake's syntax error at the token that sqlglot refused."""
    tokens = tokenize(sql)
    details = failure.errors[0] if isinstance(failure, ParseError) and failure.errors else {}
    wrong_count = _wrong_count(str(details.get("description") or ""), int(details.get("col") or 1), tokens)
    if wrong_count is not None:
        return wrong_count
    highlight = str(details.get("highlight") or "")
    line, column = int(details.get("line") or 1), int(details.get("col") or 1)
    if not highlight and tokens:
        highlight = tokens[0].text
        column = len(highlight)
    if tokens and tokens[0].keyword not in VERBS and tokens[0].text != "(":
        return _syntax_error(1, 0, tokens[0].text)
    if tokens and tokens[0].keyword in _UNSUPPORTED_VERBS:
        return _feature(tokens[0].keyword)
    if tokens and highlight == tokens[-1].text and re.match(r"Required|Expect", str(details.get("description"))):
        return _syntax_error(line, max(column, 0), "<EOF>")
    return _syntax_error(line, max(column - len(highlight), 0), highlight)


def _syntax_error(line: int, position: int, unexpected: str) -> StatementRefusedError:
    text = f"syntax error line {line} at position {position} unexpected '{unexpected[:80]}'."
    return EngineRefusedError(1003, "42000", f"{_COMPILATION}{text}")


def _wrong_count(description: str, column: int, tokens: Sequence[Token]) -> StatementRefusedError | None:
    """Return the refusal of a call with too many or too few arguments."""
    name = _function_before(column, tokens)
    if "number of provided arguments" in description:
        given, known = re.findall(r"\((\d+)\)", description)[:2]
        text = f"too many arguments for function [{name}] expected {known}, got {given}"
        return EngineRefusedError(939, "22023", f"{_COMPILATION}{text}")
    if name and re.search(r"Required keyword: '\w+' missing for <class '[\w.]*expressions\.(?!core)", description):
        return EngineRefusedError(938, "22023", f"{_COMPILATION}not enough arguments for function [{name}]")
    return None


def _function_before(column: int, tokens: Sequence[Token]) -> str:
    """Return the name of the function whose closing parenthesis ends at a column of the first line."""
    depth = 0
    for index in range(len(tokens) - 1, -1, -1):
        token = tokens[index]
        if token.end > column:
            continue
        depth += (token.text == ")") - (token.text == "(")
        if depth == 0 and token.text == "(" and index:
            return tokens[index - 1].text.upper()
    return ""


_PHRASES = (
    ("MATCH_RECOGNIZE",),
    ("ASOF", "JOIN"),
    ("CONNECT", "BY"),
    ("MATCH_CONDITION",),
    ("CHANGES",),
)


_UNSUPPORTED_VERBS = frozenset({"EXPLAIN", "DECLARE", "CALL", "EXECUTE", "UNDROP", "GET"})
_NEVER_LAST = frozenset(
    [
        "BY",
        "FROM",
        "WHERE",
        "AND",
        "OR",
        "ON",
        "SELECT",
        "HAVING",
        "JOIN",
        "IN",
        "LIKE",
        "NOT",
        "SET",
        "INTO",
        "VALUES",
        "=",
        "+",
        "-",
        "*",
        "/",
        ",",
        "(",
    ]
)


def _table_function(words: Sequence[str]) -> str:
    for index in range(len(words) - 2):
        if words[index : index + 2] == ["TABLE", "("]:
            return words[index + 2]
    return ""


def _unsupported(sql: str, message: str = "") -> StatementRefusedError:  # noqa: PLR0911 - one line a cause
    """Return the refusal of what the local Snowflake lacks: a known clause, or the statement's first words."""
    tokens = [token for token in tokenize(sql) if token.kind is not Kind.STRING]
    words = [token.text.upper() for token in tokens]
    for phrase in _PHRASES:
        if any(tuple(words[index : index + len(phrase)]) == phrase for index in range(len(words))):
            return _feature(" ".join(phrase))
    if words and words[0] not in VERBS:
        text = f"syntax error line 1 at position 0 unexpected '{tokens[0].text[:80]}'."
        return EngineRefusedError(1003, "42000", f"{_COMPILATION}{text}")
    if words and (tokenize(sql)[-1].text.upper() in _NEVER_LAST or "at end of input" in message):
        return _syntax_error(1, tokens[-1].end, "<EOF>")
    if "SELECT clause without selection list" in message:
        return _syntax_error(1, tokens[1].start, tokens[1].text)
    near = re.search(r'at or near "(\w+)"', message)
    if near and near[1].upper() == "TABLE" and (function := _table_function(words)):
        if function in KNOWN_FUNCTIONS:
            return _feature(function)
        return EngineRefusedError(2141, "42601", f"{_COMPILATION}Unknown table function {function}")
    if near and words and words[0] in {"SELECT", "WITH", "INSERT", "("}:
        return _feature(near[1].upper())
    first = [token.text.upper() for token in tokens[:_FEATURE_WORDS] if token.kind is Kind.WORD]
    return _feature(" ".join(first) or "statement")


def _feature(words: str) -> StatementRefusedError:
    return EngineRefusedError(2, "0A000", f"Unsupported feature '{words}'.")
