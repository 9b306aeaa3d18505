"""Convert a value of a file to the type of a table's column, in DuckDB's dialect."""

from __future__ import annotations

import re

from infra.local_snowflake.files.formats import FileFormat
from infra.local_snowflake.meaning.functions import zoned
from infra.local_snowflake.objects.stored import DATABASE

_MACRO = f"{DATABASE}.main.sf_"
_TRUE = "'true', 't', 'yes', 'y', 'on', '1'"
_FALSE = "'false', 'f', 'no', 'n', 'off', '0'"
_DATES = "'%Y-%m-%d', '%m/%d/%Y', '%d-%b-%Y'"
_MODELS = {
    "YYYY": "%Y",
    "YY": "%y",
    "MMMM": "%B",
    "MON": "%b",
    "MM": "%m",
    "DD": "%d",
    "DY": "%a",
    "HH24": "%H",
    "HH12": "%I",
    "AM": "%p",
    "PM": "%p",
    "MI": "%M",
    "SS": "%S",
    "FF9": "%n",
    "FF6": "%f",
    "FF3": "%g",
    "FF": "%f",
    "TZH:TZM": "%z",
    "TZHTZM": "%z",
    "T": "T",
}
_MODEL = re.compile("|".join(sorted((*_MODELS, '"[^"]*"'), key=len, reverse=True)), re.IGNORECASE)


def converted(value: str, source: str, target: str, form: FileFormat) -> str:
    """Return the SQL of a value as the type of a column; DuckDB raises an error for a value that is not of it.

    Args:
        value: SQL of the value.
        source: DuckDB's type of the value.
        target: DuckDB's type of the column.
        form: with the formats of dates, times and binary values.
    """
    if source == target:
        return value
    if source == "JSON":
        value, source = f"({value} ->> '$')", "VARCHAR"
    if source == zoned.TYPE:
        value, source = _of_zoned(value, target)
    if target == "JSON":
        return f"CASE WHEN {value} IS NOT NULL THEN to_json({value}) END"
    if target == zoned.TYPE:
        return _zoned(value, form)
    if source != "VARCHAR" or target == "VARCHAR":
        return f"CAST({value} AS {target})"
    return _of_text(f"trim({value})", target, form)


def _of_zoned(value: str, target: str) -> tuple[str, str]:
    """Return a TIMESTAMP_TZ as the type that is next to the target, with this type."""
    if target == "TIMESTAMP WITH TIME ZONE":
        return f"{_MACRO}tz_instant({value})", target
    if target in {"DATE", "TIME", "TIMESTAMP"}:
        return f"{_MACRO}tz_local({value})", "TIMESTAMP"
    return f"{_MACRO}tz_text({value})", "VARCHAR"


def _zoned(value: str, form: FileFormat) -> str:
    model = str(form.get("TIMESTAMP_FORMAT", "AUTO"))
    if model.upper() == "AUTO":
        return f"{_MACRO}tz_of_engine(trim(CAST({value} AS VARCHAR)))"
    text = f"trim(CAST({value} AS VARCHAR))"
    instant = f"CAST(strptime({text}, {_text(strptime_format(model))}) AS TIMESTAMPTZ)"
    return f"{_MACRO}tz_of_model({instant}, {text}, {_text(model)})"


def _of_text(value: str, target: str, form: FileFormat) -> str:
    if target == "BOOLEAN":
        return (
            f"CASE WHEN {value} IS NULL THEN NULL WHEN lower({value}) IN ({_TRUE}) THEN TRUE "
            f"WHEN lower({value}) IN ({_FALSE}) THEN FALSE "
            f"ELSE CAST({value} AS BOOLEAN) END"
        )
    if target in {"DATE", "TIME"} or target.startswith("TIMESTAMP"):
        return _of_format(value, target, str(form.get(f"{target.split(' ', maxsplit=1)[0]}_FORMAT", "AUTO")))
    if target == "BLOB":
        read = {"HEX": "unhex({})", "BASE64": "from_base64({})"}.get(
            str(form.get("BINARY_FORMAT", "HEX")), "encode({})"
        )
        return read.format(value)
    if target in {"BIGINT", "HUGEINT", "INTEGER"}:
        return f"CAST(CAST({value} AS DECIMAL(38, 6)) AS {target})"
    return f"CAST({value} AS {target})"


def _of_format(value: str, target: str, model: str) -> str:
    if model.upper() != "AUTO":
        return f"CAST(strptime({value}, {_text(strptime_format(model))}) AS {target})"
    if target != "DATE":
        return f"CAST({value} AS {target})"
    tried = f"try_cast({value} AS TIMESTAMP), try_strptime({value}, [{_DATES}])"
    return f"CAST(coalesce({tried}, CAST({value} AS TIMESTAMP)) AS DATE)"


def failing(message: str, target: str) -> str:
    """Return an expression of a type that always fails, with a message in its error.

    It is a cast, because DuckDB takes `error()` for volatile, and TRY refuses that.
    """
    return f"CAST(CAST({message} AS INTEGER) AS {target})"


def strptime_format(model: str) -> str:
    """Return a format model of Snowflake as DuckDB's."""
    return _MODEL.sub(lambda found: _MODELS.get(found[0].upper(), found[0].strip('"')), model)


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
