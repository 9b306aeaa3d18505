"""Random valid documents of every kind of object, and changes of one field in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from snowflake_components.authoring.written import document
from snowflake_components.documents.file_formats import options_of
from snowflake_components.statements.file_formats import characters

Fields = dict[str, Any]
ABSENT = object()
"""The value of a field that is not written."""
STAGE, STAGE_URL = "base", "s3://hourglass/base/"
"""The stage that tables read."""
FORMATS = ("lines", "rows")
"""File formats that stages and tables name: JSON and CSV."""
INTEGRATIONS = ("aws_integration", "second_integration")
FORMAT_TYPES = ("CSV", "JSON", "PARQUET")
"""Without AVRO and ORC, which the local Snowflake refuses."""

_texts = st.text(st.sampled_from("ab09 _-.|'\"é☃;:{}[]()%$@#&<>="), min_size=1, max_size=8)
_comments = st.text(
    st.one_of(st.sampled_from("ab '\"\\\n\t[]{}%;-$"), st.characters(exclude_categories=["Cs", "Cc"])),
    min_size=1,
    max_size=40,
)
_compressions = {
    "PARQUET": ("AUTO", "LZO", "NONE", "SNAPPY"),
}
_compressions_of_texts = ("AUTO", "BROTLI", "BZ2", "DEFLATE", "GZIP", "NONE", "RAW_DEFLATE", "ZSTD")
_OPTIONS: Mapping[str, st.SearchStrategy[Any]] = {
    "null_if": st.lists(st.one_of(_texts, st.sampled_from(["\\N", "", "NULL", "\\\\N"])), max_size=3),
    "file_extension": st.sampled_from([".json", ".x y", ".é"]),
    "date_format": st.sampled_from(["AUTO", "auto", "YYYY-MM-DD", 'DD"T"MM']),
    "time_format": st.sampled_from(["AUTO", "HH24:MI:SS"]),
    "timestamp_format": st.sampled_from(["AUTO", "YYYY-MM-DD HH24:MI:SS.FF3"]),
    "binary_format": st.sampled_from(["HEX", "base64", "UTF8"]),
    "record_delimiter": st.sampled_from(["NONE", "none", "\n", "\\n", "\r\n", ";;", "0x1e", "¬"]),
    "field_delimiter": st.sampled_from(["NONE", ",", "|", "\t", "\\t", "'", "0x1f", "§"]),
    "skip_header": st.integers(0, 5),
    "escape": st.sampled_from(["NONE", "\\", "^", "'"]),
    "escape_unenclosed_field": st.sampled_from(["NONE", "\\", "\\\\", "!"]),
    "field_optionally_enclosed_by": st.sampled_from(["NONE", '"', "'"]),
    "encoding": st.sampled_from(["UTF8", "utf-8", "ISO-8859-1", "WINDOWS1252", "UTF-16LE"]),
}
"""Values of the options that are neither true nor false."""
TYPES = (
    "VARCHAR", "varchar(20)", "STRING", "TEXT", "NUMBER", "NUMBER(10)", "DECIMAL(12, 3)", "INT", "BIGINT", "FLOAT",
    "DOUBLE PRECISION", "BOOLEAN", "DATE", "TIME", "TIMESTAMP", "TIMESTAMP_NTZ(9)", "TIMESTAMP_TZ", "DATETIME",
    "VARIANT", "BINARY",
)  # fmt: skip
"""Without those that the local Snowflake shows as another type: CHAR, ARRAY, OBJECT, TIMESTAMP_LTZ, TIME(3)."""
_VIRTUAL_TYPES = ("VARCHAR", "varchar(20)", "STRING", "NUMBER", "NUMBER(10, 2)", "INT", "FLOAT", "BOOLEAN", "VARIANT")
_column_names = st.one_of(
    st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True),
    st.sampled_from(["select", "ORDER", '"a b"', '"é"', '"x""y"', '"%"', "with space", "a-b"]),
)


def _format_options(kind: str) -> dict[str, st.SearchStrategy[Any]]:
    found = {name: _OPTIONS.get(name, st.booleans()) for name in options_of(kind) or ()}
    if "compression" in found:
        found["compression"] = st.sampled_from(_compressions.get(kind, _compressions_of_texts))
    return found


def _fits(options: Fields) -> bool:
    """Whether the rules between the options of a file format hold."""
    ends = [
        characters(name.upper(), str(options.get(name, usual)))
        for name, usual in (("record_delimiter", "\n"), ("field_delimiter", ","))
    ]
    return ends[0] != ends[1] and not (options.get("parse_header") and options.get("skip_header"))


def _is_read(options: Fields) -> bool:
    """Whether the local Snowflake reads files of a format, which it checks when a table is created or loaded."""
    is_packed_otherwise = options.get("compression") in {"LZO", "BROTLI"}
    return not options.get("enable_octal") and not is_packed_otherwise


@st.composite
def formats(draw: st.DrawFn) -> Fields:
    """Draw a file format with any of the options of its type."""
    kind = draw(st.sampled_from(FORMAT_TYPES))
    return {"type": kind} | draw(st.fixed_dictionaries({}, optional=_format_options(kind)).filter(_fits))


_files = st.one_of(st.sampled_from(FORMATS), formats())
_read_files = st.one_of(st.sampled_from(FORMATS), formats().filter(_is_read))
_paths = st.lists(st.sampled_from(["a", "b-c", "d_e", "hour=03", "2025"]), max_size=3).map("/".join)
_segments = st.text(st.sampled_from("ab09-_.=é '&+(){"), min_size=1, max_size=6).filter(lambda text: text.strip(". "))
_urls = st.builds(
    lambda parts, end: "s3://hourglass/" + "/".join(parts) + (end if parts else ""),
    st.lists(_segments, max_size=3),
    st.sampled_from(["", "/"]),
).filter(lambda url: "{{" not in url and "{%" not in url)
_patterns = st.sampled_from([".*[.]json", ".*", r".*\d+[.]csv", "it's", r"a\\b", "é+", '.*"x".*'])
_locations = _paths.map(lambda path: f"@{STAGE}/{path}/" if path else f"@{STAGE}")
_directories = st.fixed_dictionaries(
    {"enable": st.booleans()}, optional={"auto_refresh": st.booleans(), "refresh_on_create": st.booleans()}
)


@st.composite
def _virtual_columns(draw: st.DrawFn) -> Fields:
    """Draw the columns of an external table, and which of them are partitions."""
    names = draw(st.lists(_column_names, max_size=5, unique_by=lambda name: name.strip('"').upper()))
    columns = [draw(_virtual_column(name)) for name in names if name.upper() != "VALUE"]
    possible = [
        column["name"] for column in columns if "METADATA$FILENAME" in column["as"] or column["as"] == "hour_of_path"
    ]
    partitions = draw(st.lists(st.sampled_from(possible), unique=True)) if possible else []
    options: Fields = {"columns": columns} if columns else {}
    return options | ({"partition_by": partitions} if partitions else {})


@st.composite
def _virtual_column(draw: st.DrawFn, name: str) -> Fields:
    made = draw(st.sampled_from(["value", "value", "file", "hour"]))
    if made == "hour":
        return {"name": name, "type": draw(st.sampled_from(["TIMESTAMP", "TIMESTAMP_NTZ"])), "as": "hour_of_path"}
    if made == "file":
        return {"name": name, "type": "VARCHAR", "as": f"SPLIT_PART(METADATA$FILENAME, '/', {draw(st.integers(1, 4))})"}
    kind = draw(st.sampled_from(_VIRTUAL_TYPES))
    key = draw(st.sampled_from(["id", '"odd key"', "a.b", "a[0]", "it"]))
    return {"name": name, "type": kind, "as": f"value:{key}::{kind}"}


@st.composite
def _loaded_columns(draw: st.DrawFn) -> list[Fields]:
    names = draw(st.lists(_column_names, min_size=1, max_size=6, unique_by=lambda name: name.strip('"').upper()))
    optional = {"not_null": st.booleans()}
    return [
        {"name": name, "as": "$1:id"} | draw(st.fixed_dictionaries({"type": st.sampled_from(TYPES)}, optional=optional))
        for name in names
    ]


@st.composite
def _external_tables(draw: st.DrawFn) -> Fields:
    options = {"location": draw(_locations), "file_format": draw(_read_files), "stage_url": STAGE_URL}
    more = {
        "pattern": _patterns,
        "auto_refresh": st.booleans(),
        "refresh_on_create": st.booleans(),
        "comment": _comments,
    }
    return options | draw(_virtual_columns()) | draw(st.fixed_dictionaries({}, optional=more))


@st.composite
def _tables(draw: st.DrawFn) -> Fields:
    on_error = draw(
        st.sampled_from([ABSENT, "abort_statement", "continue", "skip_file", "skip_file_10", "SKIP_FILE_5%"])
    )
    more: dict[str, st.SearchStrategy[Any]] = {
        "pattern": _patterns,
        "load_older_files": st.booleans(),
        "stage_url": st.just(STAGE_URL),
        "comment": _comments,
    }
    if on_error not in {ABSENT, "abort_statement"}:
        more["rejected_rows_max"] = st.integers(0, 9)
    options = {"location": draw(_locations), "file_format": draw(_read_files), "columns": draw(_loaded_columns())}
    given = {} if on_error is ABSENT else {"on_error": on_error}
    return options | given | draw(st.fixed_dictionaries({}, optional=more))


@st.composite
def _stages(draw: st.DrawFn) -> Fields:
    more = {
        "storage_integration": st.sampled_from(INTEGRATIONS),
        "directory": _directories,
        "file_format": _files,
        "comment": _comments,
    }
    options: Fields = {"url": draw(_urls)} | draw(st.fixed_dictionaries({}, optional=more))
    if _has_extension(options) and draw(st.booleans()):
        options["file_extension"] = draw(_OPTIONS["file_extension"])
    return options


def _has_extension(options: Fields) -> bool:
    """Whether a stage may have the option file_extension."""
    formats_of = options.get("file_format")
    return isinstance(formats_of, dict) and "file_extension" in (options_of(formats_of["type"]) or ())


_file_formats = st.builds(
    lambda options, comment: options | comment, formats(), st.fixed_dictionaries({}, optional={"comment": _comments})
)
KINDS: Mapping[str, st.SearchStrategy[Fields]] = {
    "file format": _file_formats,
    "stage": _stages(),
    "external table": _external_tables(),
    "table": _tables(),
}


def attributes(kind: str, name: str, schema: str, options: Fields) -> Fields:
    """Return the document of an object of the database AWS."""
    return document({"name": name, "database_name": "aws", "schema_name": schema, "type": kind, "options": options})


_NOT_OF_THE_OBJECT = {
    "external table": {"refresh_on_create", "stage_url"},
    "table": {"location", "file_format", "pattern", "on_error", "rejected_rows_max", "load_older_files", "stage_url"},
}
"""Fields that say what a run does, and of which the object in the account has nothing."""


@st.composite
def edited(draw: st.DrawFn, kind: str) -> tuple[Fields, str, Fields]:
    """Draw a document, the name of one field, and the document with another value of it, or without it."""
    before, other = draw(KINDS[kind]), draw(KINDS[kind])
    if kind == "file format" and before["type"] != other["type"]:
        return _with_other_type(before, other["type"])
    if kind == "external table":
        other = _with_columns_of(draw, before, other)
    names = [
        name
        for name in sorted({*before, *other} - _NOT_OF_THE_OBJECT.get(kind, set()))
        if before.get(name, ABSENT) != other.get(name, ABSENT) and _is_valid(kind, before, name, other)
    ]
    name = draw(st.sampled_from(names or ["comment"]))
    value = other.get(name, ABSENT) if names else "another comment"
    after = {key: held for key, held in before.items() if key != name}
    return before, name, after if value is ABSENT else after | {name: value}


def _is_valid(kind: str, before: Fields, name: str, other: Fields) -> bool:
    """Whether a document is valid with one field of another one: an extension needs a format that has it."""
    if kind != "stage" or name not in {"file_format", "file_extension"}:
        return True
    return _has_extension(before) and (name == "file_extension" or _has_extension(other))


def _with_other_type(before: Fields, kind: str) -> tuple[Fields, str, Fields]:
    """Keep the options that both types have with the same values."""
    both = (options_of(before["type"]) or frozenset()) & (options_of(kind) or frozenset()) - {"compression"}
    kept = {name: value for name, value in before.items() if name in both | {"comment"}}
    return {"type": before["type"]} | kept, "type", {"type": kind} | kept


def _with_columns_of(draw: st.DrawFn, before: Fields, other: Fields) -> Fields:
    """Keep the partition columns of a table, so that its columns change alone; or partition it by other ones."""
    columns, partitions = before.get("columns", []), before.get("partition_by", [])
    held = [column for column in columns if column["name"] in partitions]
    taken = {column["name"].strip('"').upper() for column in held}
    new = [column for column in other.get("columns", []) if column["name"].strip('"').upper() not in taken]
    mixed = draw(st.sampled_from([[*held, *new], [*columns, *(one for one in new if not _is_in(one, columns))]]))
    possible = [one["name"] for one in columns if "METADATA$FILENAME" in one["as"] or one["as"] == "hour_of_path"]
    chosen = draw(st.lists(st.sampled_from(possible), unique=True)) if possible else []
    given = {"columns": mixed} if mixed else {}
    rest = {name: value for name, value in other.items() if name not in {"columns", "partition_by"}}
    return rest | given | ({"partition_by": chosen} if chosen else {})


def _is_in(column: Fields, columns: list[Fields]) -> bool:
    return column["name"].strip('"').upper() in {one["name"].strip('"').upper() for one in columns}
