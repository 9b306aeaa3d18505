"""Parse COPY INTO: loading a table, and unloading to a location."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from infra.local_snowflake.errors import NotSupportedError, SyntaxRefusedError
from infra.local_snowflake.language.file_statements import CopyInto, Transform, Unload
from infra.local_snowflake.language.parsing.clauses import file_format, integration, opens, option_value, unknown_clause
from infra.local_snowflake.language.parsing.storage.stages import stage_path
from infra.local_snowflake.language.statements import OptionValue, StagePath
from infra.local_snowflake.language.tokens import Kind, Reader, tokenize

NOT_SIMPLE = "SQL compilation error:\nCOPY statement only supports simple SELECT from stage statements for import."


def copy(reader: Reader) -> CopyInto | Unload:
    """Read COPY INTO after COPY."""
    reader.expect("INTO")
    token = reader.peek()
    if token is not None and (token.text == "@" or token.kind is Kind.STRING):
        return _unload(reader)
    table = reader.name()
    columns = tuple(_column(reader) for _ in reader.group()) if opens(reader) else ()
    reader.expect("FROM")
    transform = None
    if opens(reader):
        source, transform, chosen = _transform(reader)
    else:
        source, chosen = _source(reader), None
    given = _clauses(reader, _LOAD_CLAUSES | dict.fromkeys(COPY_OPTIONS, _copy_option))
    if chosen is not None:
        given.setdefault("file_format", chosen.get("file_format"))
        given.setdefault("pattern", chosen.get("pattern"))
    options = {name: given.pop(name) for name in COPY_OPTIONS if name in given}
    return CopyInto(table, columns, source, transform, options=options, **given)


def _column(reader: Reader) -> str:
    token = reader.peek()
    if token is None or not token.is_name:
        raise reader.unexpected()
    return reader.take().name


def _source(reader: Reader) -> StagePath | str:
    token = reader.peek()
    if token is not None and token.kind is Kind.STRING and not token.string.startswith("@"):
        return reader.string()
    return stage_path(reader)


def _transform(reader: Reader) -> tuple[StagePath | str, Transform, dict[str, Any]]:
    """Read `(SELECT items FROM @stage [(FILE_FORMAT => ...)] [alias])`; nothing else may follow."""
    reader.expect("(")
    reader.expect("SELECT")
    if reader.accept("DISTINCT"):
        raise NotSupportedError("Unsupported feature 'DISTINCT in a transformation of COPY INTO'.")
    items = reader.span("FROM")
    reader.expect("FROM")
    if any(token.keyword == "FLATTEN" for token in tokenize(items)):
        raise SyntaxRefusedError(NOT_SIMPLE)
    if opens(reader):
        raise SyntaxRefusedError(NOT_SIMPLE)
    token = reader.peek()
    if token is None or not (token.text == "@" or token.kind is Kind.STRING):
        raise SyntaxRefusedError(NOT_SIMPLE)
    source = _source(reader)
    chosen = stage_arguments(reader) if opens(reader) else {}
    reader.accept("AS")
    token = reader.peek()
    alias = None
    if token is not None and token.is_name and token.keyword not in _AFTER_FROM:
        alias = reader.take().text
    if not reader.accept(")"):
        raise SyntaxRefusedError(NOT_SIMPLE)
    return source, Transform(items, alias), chosen


_AFTER_FROM = frozenset(
    {
        "WHERE",
        "GROUP",
        "ORDER",
        "LIMIT",
        "JOIN",
        "INNER",
        "LEFT",
        "RIGHT",
        "FULL",
        "CROSS",
        "NATURAL",
        "QUALIFY",
        "HAVING",
        "UNION",
        "LATERAL",
        "FETCH",
    }
)


def stage_arguments(reader: Reader) -> dict[str, Any]:
    """Read `(FILE_FORMAT => 'name', PATTERN => '...')` after a stage in FROM."""
    found: dict[str, Any] = {}
    for _ in reader.group():
        name = reader.take().keyword
        reader.expect("=>")
        if name == "FILE_FORMAT":
            found["file_format"] = file_format(reader)
        elif name == "PATTERN":
            found["pattern"] = reader.string()
        else:
            raise SyntaxRefusedError(f"SQL compilation error:\ninvalid argument '{name}' of a stage in FROM.")
    return found


def _clauses(reader: Reader, known: Mapping[str, Callable[[Reader], Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while not reader.done:
        token = reader.peek()
        word = token.keyword if token else ""
        field = word if word in COPY_OPTIONS or word in _UNLOAD_OPTIONS else word.lower()
        if word not in known or field in found:
            raise unknown_clause(reader, known)
        reader.take()
        if word != "PARTITION":
            reader.expect("=")
        found[field] = known[word](reader)
        reader.accept(",")
    return found


def _files(reader: Reader) -> tuple[str, ...]:
    return tuple(reader.string() for _ in reader.group())


def _word(reader: Reader) -> str:
    token = reader.take()
    return token.string.upper() if token.kind is Kind.STRING else token.keyword


def _copy_option(reader: Reader) -> OptionValue:
    value = option_value(reader)
    return f"{value}%" if isinstance(value, str) and reader.accept("%") else value


def _metadata(reader: Reader) -> dict[str, str]:
    found = {}
    for _ in reader.group():
        column = _column(reader)
        reader.expect("=")
        found[column] = reader.take().keyword
    return found


def _refuse(what: str) -> Callable[[Reader], Any]:
    def refuse(_: Reader) -> Any:
        raise NotSupportedError(f"Unsupported feature '{what}'.")

    return refuse


COPY_OPTIONS = (
    "ON_ERROR",
    "SIZE_LIMIT",
    "PURGE",
    "RETURN_FAILED_ONLY",
    "MATCH_BY_COLUMN_NAME",
    "ENFORCE_LENGTH",
    "TRUNCATECOLUMNS",
    "FORCE",
    "LOAD_UNCERTAIN_FILES",
)
"""The copy options of a COPY INTO a table, and of a stage."""
_LOAD_CLAUSES: dict[str, Callable[[Reader], Any]] = {
    "STORAGE_INTEGRATION": integration,
    "CREDENTIALS": _refuse("CREDENTIALS in COPY INTO"),
    "ENCRYPTION": _refuse("ENCRYPTION in COPY INTO"),
    "FILES": _files,
    "PATTERN": Reader.string,
    "FILE_FORMAT": file_format,
    "VALIDATION_MODE": _word,
    "INCLUDE_METADATA": _metadata,
    "FILE_PROCESSOR": _refuse("FILE_PROCESSOR"),
    "LOAD_MODE": _refuse("LOAD_MODE"),
    "CLUSTER_AT_INGEST_TIME": _refuse("CLUSTER_AT_INGEST_TIME"),
}
_UNLOAD_OPTIONS = ("OVERWRITE", "SINGLE", "MAX_FILE_SIZE", "INCLUDE_QUERY_ID", "DETAILED_OUTPUT")
_UNLOAD_CLAUSES: dict[str, Callable[[Reader], Any]] = {
    "FILE_FORMAT": file_format,
    "HEADER": Reader.boolean,
    "STORAGE_INTEGRATION": _refuse("COPY INTO an URL"),
    "CREDENTIALS": _refuse("COPY INTO an URL"),
    "ENCRYPTION": _refuse("COPY INTO an URL"),
    "PARTITION": _refuse("COPY INTO ... PARTITION BY"),
    "VALIDATION_MODE": _refuse("VALIDATION_MODE of an unload"),
    **dict.fromkeys(_UNLOAD_OPTIONS, option_value),
}


def _unload(reader: Reader) -> Unload:
    target = _source(reader)
    reader.expect("FROM")
    if opens(reader):
        reader.expect("(")
        query = reader.span(")")
        reader.expect(")")
    else:
        query = "SELECT * FROM " + ".".join(_quoted(part) for part in reader.name().parts)  # noqa: S608 - quoted
    given = _clauses(reader, _UNLOAD_CLAUSES)
    options = {name: given.pop(name) for name in _UNLOAD_OPTIONS if name in given}
    return Unload(target, query, options=options, **given)


def _quoted(part: str) -> str:
    return '"' + part.replace('"', '""') + '"'
