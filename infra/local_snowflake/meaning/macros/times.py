"""The SQL of the macros of dates and times; `@` before a name is another macro, `sfpy_` a function of `functions/`.

The parameters of a session are variables of the engine, which `account/parameters.py` sets: NULL is the default.

DuckDB's one type of timestamps with a zone is an instant, which is TIMESTAMP_LTZ. A TIMESTAMP_TZ is an INTERVAL that
holds its instant and its offset; see `functions/zoned.py`. No other value of this server is an INTERVAL: those of
Snowflake are operands of `+` and `-`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from infra.local_snowflake.meaning.functions.zoned import TYPE

TIMES = "typeof({x}) IN ('TIMESTAMP', 'TIMESTAMP_NS', 'TIMESTAMP_MS', 'TIMESTAMP_S')"
LOCAL = "typeof({x}) = 'TIMESTAMP WITH TIME ZONE'"
ZONED = f"typeof({{x}}) = '{TYPE}'"
AS_ZONED = f"TRY_CAST({{x}} AS {TYPE})"
"""The argument in the branch of a TIMESTAMP_TZ, which DuckDB binds for all types."""
NUMBERS = "typeof({x}) IN ('TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT', 'UBIGINT', 'DOUBLE', 'FLOAT')"
DECIMALS = "starts_with(typeof({x}), 'DECIMAL')"
_MOMENT = f"typeof(x) = 'DATE' OR {TIMES.format(x='x')} OR {LOCAL.format(x='x')}"
_WHEN_ZONED = f"WHEN {ZONED.format(x='x')} THEN"
_AS_ZONED = AS_ZONED.format(x="x")
_SHOWN_BY_ZONED = f"@tz_local({_AS_ZONED})"
_NUMBER = f"{NUMBERS.format(x='x')} OR {DECIMALS.format(x='x')}"
_SECONDS = "%Y-%m-%d %H:%M:%S.%g"
_MICROSECONDS = "%Y-%m-%d %H:%M:%S.%f"


def _parameter(name: str) -> str:
    return f"CAST(getvariable('{name}') AS VARCHAR)"


def _printed(name: str, iso: str, default: str) -> str:
    """Return a value printed with the format of a parameter; `iso` is its text for `sfpy_to_char`."""
    form = _parameter(name)
    return f"CASE WHEN {form} IS NULL THEN {default} ELSE sfpy_to_char({iso}, {form}) END"


_TEXT = "CAST(x AS VARCHAR)"
_SHOWN = f"strftime(TRY_CAST(x AS TIMESTAMP), '{_SECONDS}')"
PRINTED = f"""
  WHEN typeof(x) = 'DATE' THEN {_printed("DATE_OUTPUT_FORMAT", _TEXT, _TEXT)}
  WHEN typeof(x) = 'TIME' THEN {_printed("TIME_OUTPUT_FORMAT", _TEXT, f"left({_TEXT}, 8)")}
  WHEN {TIMES.format(x="x")} THEN {_printed("TIMESTAMP_NTZ_OUTPUT_FORMAT", _TEXT, _SHOWN)}
  WHEN {LOCAL.format(x="x")} THEN {_printed("TIMESTAMP_LTZ_OUTPUT_FORMAT", _TEXT, f"{_SHOWN} || ' +0000'")}
  {_WHEN_ZONED} @tz_text({_AS_ZONED})"""
"""The branches of dates and times in the macro `text`."""


def _once(name: str, value: str, body: str) -> str:
    """Bind a value to a name in an expression, which DuckDB would plan once for every place that it stands in."""
    return f"list_transform([{value}], lambda {name}: {body})[1]"


def _of_text(body: str) -> str:
    """Return an expression of `written`, the text of `x`."""
    return _once("written", "@text(x)", body)


_GUESSED = (
    "TRY_CAST(CASE WHEN {parameter} IS NULL AND length(written) >= {least} AND contains(written, '-') "
    r"AND NOT regexp_matches(written, '\.\d{{6}}0*[1-9]') THEN written END AS {type})"
)
"""Text in ISO's form, which DuckDB converts faster; it would cut a fraction of more than six digits."""


def _guessed(form: str, type_: str, parameter: str, least: int) -> str:
    return "NULL" if form else _GUESSED.format(type=type_, parameter=_parameter(parameter), least=least)


def _model(form: str, parameter: str) -> str:
    return f"CAST({form} AS VARCHAR)" if form else f"COALESCE({_parameter(parameter)}, 'AUTO')"


_TOO_FINE = "error('[000002 0A000] Unsupported feature ''a fraction of a second with more than six digits''.')"


def _epoch(scale: str) -> str:
    finer = f"{scale} > 6 AND TRY_CAST(x AS HUGEINT) % CAST(power(10, {scale} - 6) AS HUGEINT) <> 0"
    microseconds = f"CAST(round(TRY_CAST(x AS DECIMAL(38, 9)) * 1000000 / power(10, {scale})) AS BIGINT)"
    return f"make_timestamp(CASE WHEN {finer} THEN CAST({_TOO_FINE} AS BIGINT) ELSE {microseconds} END)"


def _date(parse: str, form: str) -> str:
    guessed = _guessed(form, "DATE", "DATE_INPUT_FORMAT", 8)
    parsed = f"CAST({parse}(written, {_model(form, 'DATE_INPUT_FORMAT')}, 'DATE') AS DATE)"
    return f"""CASE
  WHEN {_MOMENT} THEN TRY_CAST(x AS DATE)
  {_WHEN_ZONED} CAST({_SHOWN_BY_ZONED} AS DATE)
  ELSE {_of_text(f"COALESCE({guessed}, {parsed})")} END"""


def _timestamp(parse: str, form: str) -> str:
    guessed = _guessed(form, "TIMESTAMP", "TIMESTAMP_INPUT_FORMAT", 10)
    parsed = f"{parse}(written, {_model(form, 'TIMESTAMP_INPUT_FORMAT')}, 'TIMESTAMP')"
    number = _epoch("0")
    if form:
        scaled = _epoch(f"TRY_CAST({form} AS DOUBLE)")
        parsed = f"CASE WHEN {NUMBERS.format(x=form)} THEN {scaled} ELSE {parsed} END"
        number = f"CASE WHEN {NUMBERS.format(x=form)} THEN {scaled} ELSE {number} END"
    return f"""CASE
  WHEN {_MOMENT} THEN TRY_CAST(x AS TIMESTAMP)
  {_WHEN_ZONED} {_SHOWN_BY_ZONED}
  WHEN {_NUMBER} THEN {number}
  ELSE {_of_text(f"COALESCE({guessed}, {parsed})")} END"""


def _local_zone(parse: str, form: str) -> str:
    model = _model(form, "TIMESTAMP_INPUT_FORMAT")
    guessed = _guessed(form, "TIMESTAMPTZ", "TIMESTAMP_INPUT_FORMAT", 10)
    parsed = f"{parse}(written, {model}, 'TIMESTAMP_TZ')"
    in_utc = f"current_setting('TimeZone') = 'UTC' OR sfpy_offset(written, {model}) IS NOT NULL"
    zoned = f"CASE WHEN {in_utc} THEN timezone('UTC', {parsed}) ELSE CAST({parsed} AS TIMESTAMPTZ) END"
    return f"""CASE
  WHEN {LOCAL.format(x="x")} THEN TRY_CAST(x AS TIMESTAMPTZ)
  {_WHEN_ZONED} @tz_instant({_AS_ZONED})
  WHEN typeof(x) = 'DATE' OR {TIMES.format(x="x")} THEN CAST(TRY_CAST(x AS TIMESTAMP) AS TIMESTAMPTZ)
  WHEN {_NUMBER} THEN timezone('UTC', {_epoch("0")})
  ELSE {_of_text(f"COALESCE({guessed}, {zoned})")} END"""


_ISO_WITHOUT_ZONE = r"^\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?)?$"


def _zoned_moment(parse: str, form: str) -> str:
    """Return a TIMESTAMP_TZ: its offset is that of the text, else that of the session's zone at this instant."""
    arguments = f"x, {form}" if form else "x"
    named = (
        f"CASE WHEN NOT regexp_matches(written, '{_ISO_WITHOUT_ZONE}') "
        f"THEN sfpy_offset(written, {_model(form, 'TIMESTAMP_INPUT_FORMAT')}) END"
    )
    of_text = f"CASE WHEN typeof(x) IN ('VARCHAR', 'JSON') THEN {_of_text(named)} END"
    made = _once("moment", f"{parse}({arguments})", f"@tz_make(moment, COALESCE({of_text}, @tz_session(moment)))")
    return f"CASE {_WHEN_ZONED} {_AS_ZONED} ELSE {made} END"


def _time(parse: str, form: str) -> str:
    return f"""CASE
  WHEN typeof(x) = 'TIME' OR {TIMES.format(x="x")} OR {LOCAL.format(x="x")} THEN TRY_CAST(x AS TIME)
  {_WHEN_ZONED} CAST({_SHOWN_BY_ZONED} AS TIME)
  ELSE CAST({parse}(@text(x), {_model(form, "TIME_INPUT_FORMAT")}, 'TIME') AS TIME) END"""


_CONVERTED = "@tz_make(x, CAST(date_diff('minute', timezone('UTC', x), timezone(zone, x)) AS INTEGER))"
_MOVED = "@tz_make(timezone('UTC', CAST(local AS TIMESTAMP) - to_minutes(@tz_minutes(zoned))), @tz_minutes(zoned))"
_WITHOUT_BLANK = r"regexp_replace(CAST(t AS VARCHAR), '(:\d\d(?:\.\d+)?) ([+-])', '\1\2')"
_AT = rf"CAST(regexp_replace({_WITHOUT_BLANK}, '([+-]\d\d)(\d\d)$', '\1:\2') AS TIMESTAMPTZ)"
_OF_SESSION = "CAST(date_part('timezone', {moment}) // 60 AS INTEGER)"
_BY_ENGINE = f"@tz_make({_AT}, COALESCE(sfpy_offset(CAST(t AS VARCHAR), 'AUTO'), {_OF_SESSION.format(moment=_AT)}))"
"""A TIMESTAMP_TZ as DuckDB casts it, without a lambda, which a DEFAULT cannot have, and an error, which TRY cannot."""
_NOT_ZONED = "error('[000002 0A000] Unsupported feature ''a TIMESTAMP_TZ whose type is not known here''.')"
_FORM = f"COALESCE({_parameter('TIMESTAMP_TZ_OUTPUT_FORMAT')}, 'YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM')"
_START = "COALESCE(NULLIF(TRY_CAST(getvariable('WEEK_START') AS INTEGER), 0), 1) - 1"
"""Days from Monday to the first day of a week."""
_WEEK = f"date_trunc('week', TRY_CAST(x AS TIMESTAMP) - to_days({_START})) + to_days({_START})"
_POLICY = "getvariable('WEEK_OF_YEAR_POLICY') = '1'"
_DAY = "TRY_CAST(x AS TIMESTAMP)"
_MIDDLE = "(@week_begin(x) + to_days(3))"
"""The day that decides which year a week belongs to: most of its days are there."""

_DAY_OF_WEEK = f"""CASE
  WHEN COALESCE(getvariable('WEEK_START'), '0') = '0' THEN dayofweek({_DAY})
  ELSE (isodow({_DAY}) - 1 - ({_START}) + 7) % 7 + 1 END"""
_WEEK_OF_YEAR = f"""CASE
  WHEN {_POLICY} THEN 1 + date_diff('day', @week_begin(date_trunc('year', {_DAY})), @week_begin(x)) // 7
  ELSE 1 + (dayofyear({_MIDDLE}) - 1) // 7 END"""

TIME_MACROS: Mapping[str, Sequence[tuple[str, str]]] = {
    "to_date": [("x", _date("sfpy_parse", "")), ("x, f", _date("sfpy_parse", "f"))],
    "try_to_date": [("x", _date("sfpy_try_parse", "")), ("x, f", _date("sfpy_try_parse", "f"))],
    "to_timestamp": [("x", _timestamp("sfpy_parse", "")), ("x, f", _timestamp("sfpy_parse", "f"))],
    "try_to_timestamp": [("x", _timestamp("sfpy_try_parse", "")), ("x, f", _timestamp("sfpy_try_parse", "f"))],
    "to_timestamp_ntz": [("x", "@to_timestamp(x)"), ("x, f", "@to_timestamp(x, f)")],
    "try_to_timestamp_ntz": [("x", "@try_to_timestamp(x)"), ("x, f", "@try_to_timestamp(x, f)")],
    "to_timestamp_ltz": [("x", _local_zone("sfpy_parse", "")), ("x, f", _local_zone("sfpy_parse", "f"))],
    "try_to_timestamp_ltz": [("x", _local_zone("sfpy_try_parse", "")), ("x, f", _local_zone("sfpy_try_parse", "f"))],
    "to_time": [("x", _time("sfpy_parse", "")), ("x, f", _time("sfpy_parse", "f"))],
    "try_to_time": [("x", _time("sfpy_try_parse", "")), ("x, f", _time("sfpy_try_parse", "f"))],
    # TIMESTAMP_TZ
    "tz_make": [("x, minutes", "sfpy_zoned(x, minutes)")],
    "tz_of_model": [("x, written, f", "@tz_make(x, COALESCE(sfpy_offset(written, f), @tz_session(x)))")],
    "tz_of_engine": [("t", _BY_ENGINE)],
    "tz_session": [("x", _OF_SESSION.format(moment="x"))],
    "not_zoned": [("x", f"CASE {_WHEN_ZONED} {_NOT_ZONED} ELSE x END")],
    "tz_minutes": [("zoned", "sfpy_zoned_minutes(zoned)")],
    "tz_hours": [("zoned", "CAST(trunc(@tz_minutes(zoned) / 60) AS INTEGER)")],
    "tz_rest": [("zoned", "@tz_minutes(zoned) % 60")],
    "tz_instant": [("zoned", "sfpy_zoned_instant(zoned)")],
    "tz_local": [("zoned", "sfpy_zoned_local(zoned)")],
    "tz_iso": [("zoned", "sfpy_zoned_iso(zoned)")],
    "tz_text": [("zoned", f"sfpy_to_char(sfpy_zoned_iso(zoned), {_FORM})")],
    "tz_in_zone": [("local, zone", "@convert_timezone(zone, timezone(zone, local))")],
    "tz_shifted": [("local, zoned", _MOVED)],
    "to_timestamp_tz": [
        ("x", _zoned_moment("@to_timestamp_ltz", "")),
        ("x, f", _zoned_moment("@to_timestamp_ltz", "f")),
    ],
    "try_to_timestamp_tz": [
        ("x", _zoned_moment("@try_to_timestamp_ltz", "")),
        ("x, f", _zoned_moment("@try_to_timestamp_ltz", "f")),
    ],
    "convert_timezone": [("zone, x", _CONVERTED)],
    # weeks
    "week_begin": [("x", _WEEK)],
    "week_end": [("x", "CAST(@week_begin(x) + to_days(6) AS DATE)")],
    "weeks_between": [("a, b", "date_diff('day', @week_begin(a), @week_begin(b)) // 7")],
    "day_of_week": [("x", _DAY_OF_WEEK)],
    "year_of_week": [("x", f"CASE WHEN {_POLICY} THEN year({_DAY}) ELSE year({_MIDDLE}) END")],
    "week_of_year": [("x", _WEEK_OF_YEAR)],
}
"""Overloads of arguments and SQL by the name of the macro."""
