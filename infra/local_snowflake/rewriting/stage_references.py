"""Find `@stage/path (FILE_FORMAT => ...)` and `$1` in a query, and put relations and columns in their places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from infra.local_snowflake.errors import NotSupportedError
from infra.local_snowflake.language.names import quote
from infra.local_snowflake.language.parsing.clauses import opens
from infra.local_snowflake.language.parsing.storage.copying import stage_arguments
from infra.local_snowflake.language.parsing.storage.stages import stage_path
from infra.local_snowflake.language.statements import Options, StagePath
from infra.local_snowflake.language.tokens import Edit, Kind, Reader, Token, apply, tokenize

_BEFORE_TEXT = frozenset({"FROM", "JOIN"})


@dataclass(frozen=True, slots=True)
class StageReference:
    """A stage in FROM.

    Args:
        path: of the files.
        file_format: None if it is that of the stage.
        pattern: of the files' names.
        width: the greatest number of a `$` column in the statement.
        metadata: whether the statement has METADATA$ columns; `*` is without them.
    """

    path: StagePath
    file_format: Options | None
    pattern: str | None
    width: int
    metadata: bool


def with_stage_relations(sql: str, relation: Callable[[StageReference], str]) -> str:
    """Return the query with its stages replaced by relations; a query without stages is unchanged."""
    if "@" not in sql:
        return sql
    reader = Reader(sql)
    is_view = _creates_view(sql)
    width, metadata = column_width(sql), "METADATA$" in sql.upper()
    edits: list[Edit] = []
    previous = ""
    while not reader.done:
        token = reader.peek()
        if token is not None and _is_stage(previous, token, reader):
            if is_view:
                raise NotSupportedError("Unsupported feature 'a view over a stage'.")
            start = token.start
            path = stage_path(reader)
            chosen = stage_arguments(reader) if opens(reader) else {}
            found = StageReference(path, chosen.get("file_format"), chosen.get("pattern"), width, metadata)
            edits.append(Edit(start, reader.position, relation(found)))
            previous = ""
            continue
        taken = reader.take()
        previous = taken.keyword or taken.text
    return apply(sql, edits + column_edits(sql)) if edits else sql


def with_value_columns(sql: str) -> str:
    """Return a query over FROM VALUES with COLUMN1 for `$1`; any other is unchanged."""
    if "$" not in sql or "VALUES" not in sql.upper():
        return sql
    words = [token.keyword for token in tokenize(sql)]
    if not any(pair in {("FROM", "VALUES"), ("JOIN", "VALUES")} for pair in pairwise(word for word in words if word)):
        return sql
    return apply(sql, [Edit(edit.start, edit.end, f"COLUMN{edit.text[2:-1]}") for edit in column_edits(sql)])


def _creates_view(sql: str) -> bool:
    reader = Reader(sql)
    if not reader.accept("CREATE"):
        return False
    while not reader.done and not reader.accept("AS"):
        if reader.take().keyword == "VIEW":
            return True
    return False


def _is_stage(previous: str, token: Token, reader: Reader) -> bool:
    """Return whether a stage follows; a text is one after FROM or JOIN alone, as it may be an item after a comma."""
    if token.kind is Kind.STRING:
        return previous in _BEFORE_TEXT and token.string.startswith("@")
    if previous not in {*_BEFORE_TEXT, ","}:
        return False
    following = reader.peek(1)
    return token.text == "@" and following is not None and (following.is_name or following.text in {"~", "%"})


def column_edits(sql: str) -> list[Edit]:
    """Return the edits that quote `$1`, `$2` ..., the columns of a stage's files."""
    tokens = tokenize(sql)
    return [
        Edit(mark.start, number.end, quote(f"${number.text}"))
        for mark, number in pairwise(tokens)
        if mark.text == "$" and number.kind is Kind.NUMBER and number.start == mark.end and number.text.isdecimal()
    ]


def column_width(sql: str) -> int:
    """Return the greatest number of a `$` column."""
    return max((int(edit.text[2:-1]) for edit in column_edits(sql)), default=1)


def with_columns(sql: str) -> str:
    """Return the text with its `$` columns quoted."""
    return apply(sql, column_edits(sql))
