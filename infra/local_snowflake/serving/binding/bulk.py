"""Turn an INSERT of many rows into one INSERT from a table, which DuckDB executes at once.

Both forms are known that clients send for many rows: `VALUES (?, ?)` with an array for each placeholder, and
`VALUES (1, 'a'), (2, 'b'), ...` with literals. Any other INSERT is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped] # it ships no types

from infra.local_snowflake.errors import StatementRefusedError
from infra.local_snowflake.language.names import PartialName
from infra.local_snowflake.language.tokens import Edit, Kind, Reader, Token, apply
from infra.local_snowflake.serving.binding.binds import Binds
from infra.local_snowflake.serving.binding.columns import column, numbers

TABLE = "local_snowflake_binds"
LITERALS_MIN_CHARACTERS = 20_000
"""A shorter INSERT of literals is fast enough as it is."""
_FROM = f' FROM "temp"."main"."{TABLE}"'

Types = Callable[[PartialName], dict[str, str]]
"""Returns the type of each column of a table, in their order."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """An INSERT from a table.

    Args:
        sql: reads the rows from `TABLE`.
        rows: of that table.
    """

    sql: str
    rows: pa.Table


@dataclass(frozen=True, slots=True)
class _Insert:
    """The parts of an INSERT: its target, its columns (none: all), and the index of its first value."""

    name: PartialName
    columns: tuple[str, ...]
    reader: Reader


def of_binds(sql: str, binds: Binds, types: Types) -> Bulk | None:
    """Return the INSERT of a batch of values; None for another form."""
    insert = _insert(sql)
    read = _select_of(insert.reader) if insert and binds.columns else None
    if insert is None or read is None:
        return None
    items, ends = read
    edits, places = _places(items)
    if max(edits.values(), default=0) > len(binds.columns):
        return None
    marks = [Edit(start, end, f'"P{number}"') for (start, end), number in edits.items()]
    targets = _targets(insert, places, binds, types)
    arrays = [column(kind, values, targets.get(index)) for index, (kind, values) in enumerate(binds.columns, 1)]
    names = [f"P{number}" for number in range(1, len(arrays) + 1)]
    return Bulk(apply(sql, [*ends, *marks]), pa.Table.from_arrays(arrays, names=names))


def _insert(sql: str) -> _Insert | None:
    reader = Reader(sql)
    if not reader.accept("INSERT", "INTO"):
        return None
    try:
        name = reader.name()
        columns = [reader.take().name for _ in reader.group()] if reader.peek() and reader.peek().text == "(" else []  # type: ignore[union-attr] # peeked twice
    except StatementRefusedError:
        return None
    return _Insert(name, tuple(columns), reader)


def _select_of(reader: Reader) -> tuple[list[list[Token]], list[Edit]] | None:
    """Return the expressions of a row, and the edits that make a SELECT of them; None for another form."""
    first = reader.peek()
    end = len(reader.sql)
    if first and reader.accept("VALUES", "("):
        items = _items(reader)
        last = reader.peek()
        ends = [Edit(first.start, items[0][0].start, "SELECT "), Edit(last.start if last else end, end, _FROM)]
        reader.accept(")")
    elif reader.accept("SELECT"):
        items = _items(reader)
        ends = [Edit(items[-1][-1].end, end, _FROM)]
    else:
        return None
    plain = not any(token.keyword in {"DEFAULT", "FROM"} for item in items for token in item)
    return (items, ends) if plain and reader.done else None


def _items(reader: Reader) -> list[list[Token]]:
    """Read expressions between commas, up to a bracket that closes nothing, or the end."""
    items: list[list[Token]] = [[]]
    depth = 0
    while (token := reader.peek()) and not (depth == 0 and token.text == ")"):
        depth += (token.text in "([") - (token.text in ")]")
        if depth == 0 and token.text == ",":
            items.append([])
            reader.take()
            continue
        items[-1].append(reader.take())
    return [item for item in items if item] or [[Token(Kind.SYMBOL, "", 0, 0)]]


def _places(items: list[list[Token]]) -> tuple[dict[tuple[int, int], int], dict[int, int]]:
    """Return the numbers of the placeholders by position in the text, and the items that are a placeholder alone."""
    edits: dict[tuple[int, int], int] = {}
    places: dict[int, int] = {}
    count = 0
    for place, item in enumerate(items):
        for token, following in zip(item, [*item[1:], None], strict=True):
            if token.text == "?":
                count += 1
                edits[token.start, token.end] = count
            elif token.text == ":" and following and following.kind is Kind.NUMBER and following.start == token.end:
                edits[token.start, following.end] = int(following.text)
        if edits and list(edits)[-1] == (item[0].start, item[-1].end):
            places[list(edits.values())[-1]] = place
    return edits, places


def _targets(insert: _Insert, places: dict[int, int], binds: Binds, types: Types) -> dict[int, str]:
    """Return the types of the columns that bound texts go to.

    A client sends a batch as text when it has a NULL, and its dates and times as numbers since 1970.
    """
    if not any(kind in {"TEXT", "ANY"} for kind, _ in binds.columns):
        return {}
    found = types(insert.name)
    columns = insert.columns or tuple(found)
    return {number: found.get(columns[place], "") for number, place in places.items() if place < len(columns)}


_NAME = r'(?:[\w$]+|"(?:[^"]|"")+")'
_HEAD = re.compile(
    rf"\s*INSERT\s+INTO\s+{_NAME}(?:\s*\.\s*{_NAME}){{0,2}}\s*"
    rf"(?:\(\s*{_NAME}(?:\s*,\s*{_NAME})*\s*\)\s*)?VALUES\s*",
    re.IGNORECASE,
)
_LITERAL = re.compile(
    r"""\s*(?:
        '(?P<text>(?:[^'\\]|\\.|'')*)'
        | (?P<number>[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)
        | (?P<word>NULL|TRUE|FALSE)
    )\s*(?P<after>[,)])\s*""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)|''", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0"}
_WORDS = {"NULL": None, "TRUE": True, "FALSE": False}


def of_literals(sql: str) -> Bulk | None:
    """Return the INSERT of many rows of literals; None for another form."""
    head = _HEAD.match(sql) if len(sql) >= LITERALS_MIN_CHARACTERS else None
    rows = _literal_rows(sql, head.end()) if head else None
    if not head or not rows or len({len(row) for row in rows}) > 1:
        return None
    columns = [_literal_column(list(values)) for values in zip(*rows, strict=True)]
    if any(column is None for column in columns):
        return None
    names = [f"P{number}" for number in range(1, len(columns) + 1)]
    listed = ", ".join(f'"{name}"' for name in names)
    start = head[0].upper().rindex("VALUES")
    return Bulk(f"{head[0][:start]}SELECT {listed}{_FROM}", pa.Table.from_arrays(columns, names=names))


def _literal_rows(sql: str, at: int) -> list[list[Any]] | None:
    rows: list[list[Any]] = []
    end = len(sql.rstrip().rstrip(";").rstrip())
    while at < end:
        if sql[at] != "(":
            return None
        at += 1
        row: list[Any] = []
        while True:
            found = _LITERAL.match(sql, at)
            if found is None:
                return None
            row.append(_literal(found))
            at = found.end()
            if found["after"] == ")":
                break
        rows.append(row)
        if at < end:
            if sql[at] != ",":
                return None
            at += 1
            while at < end and sql[at].isspace():
                at += 1
    return rows


def _literal(found: re.Match[str]) -> Any:
    text = found["text"]
    if text is not None:
        if "\\" not in text and "'" not in text:
            return text
        return _ESCAPE.sub(lambda part: _ESCAPES.get(part[1], part[1]) if part[1] else "'", text)
    if number := found["number"]:
        if "e" in number or "E" in number:
            return float(number)
        return Decimal(number) if "." in number else int(number)
    return _WORDS[found["word"].upper()]


def _literal_column(values: list[Any]) -> pa.Array | None:
    """Return a column of one type; None for a mixture, which has rules of its own."""
    kinds = {type(value) for value in values} - {type(None)}
    if kinds <= {int, Decimal}:
        return numbers(values) if kinds else pa.array(values, type=pa.string())
    if kinds <= {float, int, Decimal}:
        return pa.array([None if value is None else float(value) for value in values], type=pa.float64())
    if len(kinds) == 1:
        return pa.array(values)
    return None
