"""Parse comments: they are text, and never part of a statement for DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra.local_snowflake.language.kinds import unsupported
from infra.local_snowflake.language.names import PartialName
from infra.local_snowflake.language.statements import SetComments
from infra.local_snowflake.language.tokens import Edit, Kind, Reader, Token, apply, tokenize

_RELATIONS = {"TABLE", "VIEW"}
_CONTAINERS = {"SCHEMA", "DATABASE"}


@dataclass(frozen=True, slots=True)
class Comments:
    """The comments in a CREATE statement: of the object (None: not given), and of its columns."""

    own: str | None
    columns: dict[str, str]


def comment(reader: Reader, *, if_exists: bool, external: bool) -> SetComments:
    """Read COMMENT [IF EXISTS] ON <kind> <name> IS <text>, after ON, or after EXTERNAL TABLE."""
    kind = "TABLE" if external else _kind(reader)
    if kind == "COLUMN":
        parts = reader.name().parts
        if reader.accept("."):
            parts += reader.name().parts
        reader.expect("IS")
        if len(parts) == 1:
            raise reader.unexpected()
        return SetComments("TABLE", PartialName(parts[:-1]), if_exists, None, {parts[-1]: reader.string()})
    name = reader.name()
    reader.expect("IS")
    return SetComments(kind, name, if_exists, reader.string(), {})


def _kind(reader: Reader) -> str:
    reader.accept("MATERIALIZED")
    kind = reader.take().keyword
    if kind not in {*_RELATIONS, *_CONTAINERS, "COLUMN", "STAGE", "ROLE", "WAREHOUSE"}:
        raise unsupported("COMMENT ON", kind)
    return kind


def without_comments(sql: str) -> tuple[str, Comments]:
    """Return CREATE TABLE, VIEW, SCHEMA, DATABASE or SEQUENCE, or ALTER TABLE ADD, without comments, and the comments.

    The query of CREATE ... AS stays as it is.
    """
    edits: list[Edit] = []
    own: str | None = None
    columns: dict[str, str] = {}
    for column, first, text in _found(tokenize(sql)):
        edits.append(Edit(first.start, text.end, ""))
        if column is None:
            own = text.string
        else:
            columns[column] = text.string
    return apply(sql, edits), Comments(own, columns)


def _found(tokens: list[Token]) -> Iterator[tuple[str | None, Token, Token]]:
    depth = 0
    column: str | None = None
    adding = False
    for at, token in enumerate(tokens):
        former = tokens[at - 1] if at else None
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0 and token.keyword == "AS":
            return
        if depth == 0:
            adding = adding or (token.keyword == "ADD")
            column = column if adding else None
        starts = former is not None and former.text in {"(", ","} and depth == 1
        if (starts or _is_added(tokens, at)) and token.is_name:
            column = token.name
        if token.keyword == "COMMENT" and former is not None and former.text not in {"(", ","}:
            value = at + 1 + (at + 1 < len(tokens) and tokens[at + 1].text == "=")
            if value < len(tokens) and tokens[value].kind is Kind.STRING and depth <= 1:
                yield (column if depth == 1 or adding else None), token, tokens[value]


def _is_added(tokens: list[Token], at: int) -> bool:
    """Return whether a column's name stands here, in ALTER TABLE ... ADD [COLUMN] [IF NOT EXISTS]."""
    before = [token.keyword for token in tokens[max(0, at - 5) : at]]
    while before and before[-1] in {"EXISTS", "NOT", "IF", "COLUMN"}:
        before.pop()
    return bool(before) and before[-1] == "ADD" and tokens[at].keyword not in {"COLUMN", "IF", "NOT", "EXISTS"}
