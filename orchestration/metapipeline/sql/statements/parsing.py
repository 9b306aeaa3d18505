"""Parse SQL with sqlglot, statement by statement. sqlglot is slow to import: import this module only to read SQL."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field

from sqlglot import Dialect as Parsing
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from orchestration.metapipeline.sql.dialects import Dialect
from orchestration.metapipeline.sql.templates.rendering import CHARACTERS_MAX, Markers

# sqlglot logs each text that it keeps as an opaque command; the verdict reports it.
logging.getLogger("sqlglot").setLevel(logging.ERROR)

REPAIRS_MAX = 20
OPEN_JOINS_MAX = 10
"""sqlglot takes twice as long for each further join without ON or USING."""
DEPTH_MAX = 500
"""Brackets in brackets; a compiled sqlglot ends the process at some ten thousand."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A statement that is no SQL: why, and how many characters lie behind the place."""

    reason: str
    remaining: int = 0
    offset: int = 0


@dataclass(slots=True)
class Parsed:
    """The statements of one text.

    Args:
        statements: that could be read.
        faults: one for each statement that could not.
        left_out: markers that had to be left out, because no value could stand there.
        led: one of them began a statement; it may define CTEs, so a name of one part may be no relation.
    """

    statements: list[exp.Expr] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    led: bool = False


def parse(sql: str, dialect: Dialect, markers: Markers) -> Parsed:
    """Parse a text; a marker where no name may stand is replaced by something that fits."""
    parsed = _parse_once(sql, dialect)
    left_out: list[str] = []
    led = False
    for repairs in range(REPAIRS_MAX):
        if not parsed.faults or repairs * len(sql) > CHARACTERS_MAX:
            break
        repaired = _repair(sql, parsed.faults[0], dialect, markers)
        if repaired is None:
            break
        sql, parsed, lost = repaired
        left_out += lost
        led = led or parsed.led
    parsed.left_out, parsed.led = left_out, led
    return parsed


_FITTING = (" desc ", " = ", " and 1 = 1 ", " ")
"""A direction, an operator, one more condition, nothing."""


def _repair(sql: str, fault: Fault, dialect: Dialect, markers: Markers) -> tuple[str, Parsed, list[str]] | None:
    before = [found for found in markers.pattern.finditer(sql) if found.start() <= fault.offset]
    if not before:
        return None
    marker = before[-1]
    leads = not sql[: marker.start()].rpartition(";")[2].strip()
    for fitting in _FITTING[-1:] if leads else _FITTING:
        changed = sql[: marker.start()] + fitting + sql[marker.end() :]
        parsed = _parse_once(changed, dialect)
        if not parsed.faults or parsed.faults[0].remaining < fault.remaining:
            parsed.led = leads
            return changed, parsed, [marker[0]] if fitting == _FITTING[-1] else []
    return None


def _parse_once(sql: str, dialect: Dialect) -> Parsed:
    if len(sql) > CHARACTERS_MAX:
        return Parsed(faults=[Fault(f"the text has {len(sql):,} characters; {CHARACTERS_MAX:,} are read")])
    parsing = Parsing.get_or_raise(dialect.name)
    try:
        tokens = parsing.tokenize(sql)
    except (SqlglotError, RecursionError, ValueError, LookupError) as exc:
        return Parsed(faults=[Fault(f"the text is no SQL of {dialect.name}: {_first_line(exc)}", len(sql))])
    if _depth(tokens) > DEPTH_MAX:
        return Parsed(faults=[Fault("the text is nested too deeply to be read")])
    if _open_joins(tokens) > OPEN_JOINS_MAX:
        return Parsed(faults=[Fault(f"more than {OPEN_JOINS_MAX} joins in a row have no ON: write CROSS JOIN")])
    parsed = Parsed()
    for chunk in _chunks(tokens):
        _parse_chunk(_without_table_command(chunk, parsing, dialect), sql, parsing, parsed)
    return parsed


def _open_joins(tokens: list[Token]) -> int:
    """Count the longest row of joins without a condition."""
    most = 0
    rows = [0]
    for index, token in enumerate(tokens):
        kind = token.token_type
        if kind is TokenType.L_PAREN:
            rows.append(0)
        elif kind is TokenType.R_PAREN and len(rows) > 1:
            rows.pop()
        elif kind in _ENDS_OF_JOINS:
            rows[-1] = 0
        elif kind is TokenType.JOIN and tokens[index - 1].token_type is not TokenType.CROSS:
            rows[-1] += 1
            most = max(most, rows[-1])
    return most


_ENDS_OF_JOINS = frozenset({TokenType.ON, TokenType.USING, TokenType.SELECT, TokenType.SEMICOLON})
_OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END})


def _depth(tokens: list[Token]) -> int:
    deepest = depth = 0
    for token in tokens:
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        deepest = max(deepest, depth)
    return deepest


def _chunks(tokens: list[Token]) -> list[list[Token]]:
    chunks: list[list[Token]] = [[]]
    for token in tokens:
        if token.token_type is TokenType.SEMICOLON:
            chunks.append([])
        else:
            chunks[-1].append(token)
    return [chunk for chunk in chunks if chunk]


def _parse_chunk(tokens: list[Token], sql: str, parsing: Parsing, parsed: Parsed) -> None:
    try:
        parsed.statements += [statement for statement in parsing.parser().parse(tokens, sql) if statement is not None]
    except ParseError as exc:
        parsed.faults.append(_fault(exc, sql, tokens))
    except RecursionError:
        parsed.faults.append(Fault("the text is nested too deeply to be read"))
    except (SqlglotError, ValueError, TypeError, AttributeError, LookupError, AssertionError) as exc:
        # On some texts that are no SQL the parser of sqlglot fails with Python's own errors.
        parsed.faults.append(Fault(f"the text is no SQL of {parsing.__class__.__name__.lower()}: {_first_line(exc)}"))


def _fault(error: ParseError, sql: str, tokens: list[Token]) -> Fault:
    details = error.errors[0] if error.errors else {}
    line, column = details.get("line"), details.get("col")
    if line is None or column is None:
        offset = tokens[-1].end
        return Fault(f"the text is no SQL: {_first_line(error)}", len(sql) - offset, offset)
    starts = [0, *(found.end() for found in re.finditer(r"\n", sql))]
    offset = starts[min(line, len(starts)) - 1] + column - 1
    near = details.get("highlight") or ""
    reason = f"the text is no SQL: {details.get('description', 'unexpected token')} at line {line}, near {near[:40]!r}"
    return Fault(reason, len(sql) - offset, offset)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:200]


_TABLE_COMMANDS = frozenset({"postgres", "mysql", "duckdb"})
_BEFORE_QUERY = frozenset(
    {TokenType.L_PAREN, TokenType.UNION, TokenType.ALL, TokenType.EXCEPT, TokenType.INTERSECT, TokenType.ALIAS}
)


def _without_table_command(tokens: list[Token], parsing: Parsing, dialect: Dialect) -> list[Token]:
    """Write `table t`, which sqlglot reads as a column and its alias, as `select * from t`."""
    if dialect.name not in _TABLE_COMMANDS:
        return tokens
    found: list[Token] = []
    for index, token in enumerate(tokens):
        starts = index == 0 or tokens[index - 1].token_type in _BEFORE_QUERY
        named = index + 1 < len(tokens) and tokens[index + 1].token_type in {TokenType.VAR, TokenType.IDENTIFIER}
        found += (
            parsing.tokenize("select * from") if token.token_type is TokenType.TABLE and starts and named else [token]
        )
    return found
