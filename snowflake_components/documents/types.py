"""The types of single fields: names, data types, expressions, URLs, patterns; and the closed model of all options."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainValidator, WithJsonSchema

from snowflake_components.identifiers import Expression, Identifier, split_name

_S3_URL = re.compile(r"s3://(?P<bucket>[A-Za-z0-9][A-Za-z0-9.-]{1,62})(?P<path>(?:/[^\x00-\x1f\\/*?#]+)*/?)")
_BUCKET_OF_HTTPS = re.compile(r"https?://(?P<bucket>[^./]+)\.s3[^/]*\.amazonaws\.com/(?P<path>.*)")
_TYPE = re.compile(r"(?P<name>[A-Z_]+(?: [A-Z_]+)*)(?P<size> ?\( ?\d{1,9}(?: ?, ?\d{1,2})? ?\))?")
TIMESTAMP_TYPES = frozenset({"DATETIME", "TIMESTAMP", "TIMESTAMP_LTZ", "TIMESTAMP_NTZ", "TIMESTAMP_TZ"})
_TEXT_TYPES = frozenset({"CHAR", "CHARACTER", "STRING", "TEXT", "VARCHAR"})
_ONE_CHARACTER = frozenset({"CHAR", "CHARACTER"})
_WHOLE_TYPES = frozenset({"BIGINT", "BYTEINT", "INT", "INTEGER", "SMALLINT", "TINYINT"})
_DECIMAL_TYPES = frozenset({"DECIMAL", "NUMBER", "NUMERIC"})
_FLOAT_TYPES = frozenset({"DOUBLE", "DOUBLE PRECISION", "FLOAT", "FLOAT4", "FLOAT8", "REAL"})
_OTHER_TYPES = frozenset({"ARRAY", "BINARY", "BOOLEAN", "DATE", "OBJECT", "TIME", "VARBINARY", "VARIANT"})
_TYPES = TIMESTAMP_TYPES | _TEXT_TYPES | _WHOLE_TYPES | _DECIMAL_TYPES | _FLOAT_TYPES | _OTHER_TYPES
_STORED_TYPES = (
    (_ONE_CHARACTER, "VARCHAR", "(1)"),
    (_TEXT_TYPES, "VARCHAR", "(16777216)"),
    (_WHOLE_TYPES, "NUMBER", "(38,0)"),
    (_DECIMAL_TYPES, "NUMBER", "(38,0)"),
    (_FLOAT_TYPES, "FLOAT", ""),
    ({"TIMESTAMP_LTZ"}, "TIMESTAMP_LTZ", "(9)"),
    ({"TIMESTAMP_TZ"}, "TIMESTAMP_TZ", "(9)"),
    (TIMESTAMP_TYPES, "TIMESTAMP_NTZ", "(9)"),
    ({"TIME"}, "TIME", "(9)"),
    ({"BINARY", "VARBINARY"}, "BINARY", "(8388608)"),
)
"""Types with the name and the size that Snowflake stores; TIMESTAMP as TIMESTAMP_TYPE_MAPPING has it by default."""
# what Python's `re` refuses and Java's does not (a character class such as \p{L}) is left to Snowflake
_WRONG_PATTERNS = ("nothing to repeat", "multiple repeat", "unterminated", "missing )", "unbalanced")


class Closed(BaseModel):
    """Unknown fields are errors, values keep their YAML type, instances are frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)

    not_here: ClassVar[dict[str, str]] = {}
    """Fields that authors expect here, each with the reason why there is none."""


def type_sql(text: str) -> str:
    """Return a data type in upper case; another text is a `ValueError`."""
    sql = " ".join(text.upper().split())
    match = _TYPE.fullmatch(sql)
    if match is None or match["name"] not in _TYPES:
        cut = text.count("(") > text.count(")")
        repair = "; inside of { } a comma ends the field: put the type in quotes" if cut else ""
        raise ValueError(
            f"not a Snowflake data type: {text!r}; for example VARCHAR, NUMBER(38, 0), TIMESTAMP_NTZ{repair}"
        )
    return sql


def stored_type(sql: str) -> str:
    """Return a data type as DESC prints it: `VARCHAR` is `VARCHAR(16777216)`, `INT` is `NUMBER(38,0)`.

    Args:
        sql: a data type in upper case, as `type_sql` returns it.
    """
    match = _TYPE.fullmatch(sql)
    if match is None:
        return sql
    name, size = match["name"], (match["size"] or "").replace(" ", "")
    if name in _DECIMAL_TYPES and size and "," not in size:
        size = size.replace(")", ",0)")
    stored, usual = next(((stored, usual) for known, stored, usual in _STORED_TYPES if name in known), (name, ""))
    return f"{stored}{size or usual}"


def _s3_url(text: str) -> str:
    not_empty(text)
    if not text.startswith("s3://"):
        web = _BUCKET_OF_HTTPS.fullmatch(text)
        meant = f"s3://{web['bucket']}/{web['path']}" if web else f"s3://{text[5:]}" if text[:5] == "S3://" else None
        raise ValueError(f"only s3:// is supported: {text!r}" + (f"; write {meant!r}" if meant else ""))
    match = _S3_URL.fullmatch(text)
    if match is None or {".", ".."} & set(match["path"].split("/")):
        raise ValueError(f"not of the form s3://bucket/directory/: {text!r}")
    return text


def not_empty(value: Any) -> Any:
    """Refuse an empty text and a field without a value."""
    if value is None or (isinstance(value, str) and not value.strip()):
        raise ValueError("must not be empty; write a value or leave the field out")
    return value


def _identifier(value: Any) -> Identifier:
    if isinstance(value, Identifier):
        return value
    if not isinstance(value, str):
        raise ValueError(f"a name is text, put it in quotes: {value!r}")  # noqa: TRY004 - pydantic reports ValueError
    return Identifier.parse(value)


def _expression(value: Any) -> Expression:
    if isinstance(value, Expression):
        return value
    if not isinstance(value, str):
        raise ValueError(f"an SQL expression is text, put it in quotes: {value!r}")  # noqa: TRY004 - pydantic reports ValueError
    return Expression(value)


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as exc:
        if not any(wrong in exc.msg for wrong in _WRONG_PATTERNS):
            return text
        glob = text.replace("**/", "*").replace("**", "*").replace(".", "[.]").replace("*", ".*")
        repair = f"; a glob is no pattern, write {glob!r}" if text.startswith("*") or "**" in text else ""
        raise ValueError(f"not a regular expression: {text!r}: {exc.msg}{repair}") from None
    return text


def _one_or_more(value: Any) -> Any:
    if isinstance(value, str) and "," in value and '"' not in value:
        names = ", ".join(part.strip().strip("()") for part in value.split(","))
        raise ValueError(f"several columns are a list: [{names}]")
    return [value] if isinstance(value, str) else value


def require_name(text: str) -> str:
    """Return the name of an object with up to three parts; another text is an `UnsafeTextError`."""
    for part in split_name(text):
        Identifier.parse(part)
    return text


_TEXT = WithJsonSchema({"type": "string"})
Name = Annotated[Identifier, BeforeValidator(not_empty), PlainValidator(_identifier), _TEXT]
Sql = Annotated[Expression, PlainValidator(_expression), _TEXT]
TypeSql = Annotated[str, AfterValidator(type_sql)]
S3Url = Annotated[str, AfterValidator(_s3_url)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Names = Annotated[list[Name], BeforeValidator(_one_or_more, json_schema_input_type=list[str] | str)]
