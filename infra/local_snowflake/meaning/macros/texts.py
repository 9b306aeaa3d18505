"""The SQL of the macros; `@` before a name is another macro of this list, `sfpy_` a function of `functions/`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from infra.local_snowflake.meaning.macros.times import AS_ZONED, DECIMALS, LOCAL, PRINTED, TIME_MACROS, TIMES, ZONED

_JSON = """CASE
    WHEN json_type({x}) IN ('OBJECT', 'ARRAY') THEN sfpy_compact(CAST({x} AS VARCHAR))
    ELSE json_extract_string({x}, '$') END"""

TEXT = f"""CASE
  WHEN typeof(x) = 'VARCHAR' THEN CAST(x AS VARCHAR)
  WHEN typeof(x) = 'JSON' THEN {_JSON.format(x="to_json(x)")}{PRINTED}
  WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN CASE
    WHEN TRY_CAST(x AS DOUBLE) = trunc(TRY_CAST(x AS DOUBLE)) AND abs(TRY_CAST(x AS DOUBLE)) < 1e15
      THEN CAST(TRY_CAST(x AS BIGINT) AS VARCHAR)
    WHEN isinf(TRY_CAST(x AS DOUBLE)) THEN CASE WHEN TRY_CAST(x AS DOUBLE) > 0 THEN 'inf' ELSE '-inf' END
    WHEN isnan(TRY_CAST(x AS DOUBLE)) THEN 'NaN'
    ELSE CAST(x AS VARCHAR) END
  WHEN typeof(x) = 'BLOB' THEN hex(TRY_CAST(x AS BLOB))
  ELSE CAST(x AS VARCHAR) END"""

_NUMBER_TEXT = f"""CASE
  WHEN typeof(x) = 'BOOLEAN' THEN CAST(CAST(TRY_CAST(x AS BOOLEAN) AS INTEGER) AS VARCHAR)
  WHEN typeof(x) = 'JSON' AND json_type(to_json(x)) = 'BOOLEAN' THEN CASE @text(x) WHEN 'true' THEN '1' ELSE '0' END
  WHEN typeof(x) IN ('VARCHAR', 'JSON') THEN trim(@text(x))
  WHEN {TIMES.format(x="x")} OR {LOCAL.format(x="x")} OR {ZONED.format(x="x")} OR typeof(x) = 'DATE'
    THEN error('[2023 22000] SQL compilation error:\nCannot cast a date or time to NUMBER')
  ELSE CAST(x AS VARCHAR) END"""

_TRUTHS = "('true', 't', 'yes', 'y', 'on', '1')"
_LIES = "('false', 'f', 'no', 'n', 'off', '0')"


def _boolean(otherwise: str) -> str:
    return f"""CASE
  WHEN typeof(x) = 'BOOLEAN' THEN TRY_CAST(x AS BOOLEAN)
  WHEN typeof(x) IN ('VARCHAR', 'JSON') THEN CASE
    WHEN @text(x) IS NULL THEN NULL
    WHEN lower(trim(@text(x))) IN {_TRUTHS} THEN true
    WHEN lower(trim(@text(x))) IN {_LIES} THEN false
    WHEN typeof(x) = 'JSON' AND TRY_CAST(@text(x) AS DOUBLE) IS NOT NULL THEN TRY_CAST(@text(x) AS DOUBLE) <> 0
    ELSE {otherwise} END
  ELSE TRY_CAST(x AS DOUBLE) <> 0 END"""


_NO_BOOLEAN = "error('[100037 22018] Boolean value ''' || @text(x) || ''' is not recognized')"


_TO_CHAR = f"""CASE
  WHEN {TIMES.format(x="x")} OR {LOCAL.format(x="x")} OR typeof(x) IN ('DATE', 'TIME')
    THEN sfpy_to_char(CAST(x AS VARCHAR), CAST(f AS VARCHAR))
  WHEN {ZONED.format(x="x")} THEN sfpy_to_char(@tz_iso({AS_ZONED.format(x="x")}), CAST(f AS VARCHAR))
  WHEN typeof(x) = 'JSON' THEN @text(x)
  WHEN typeof(x) = 'VARCHAR' THEN CAST(x AS VARCHAR)
  WHEN typeof(x) = 'BLOB' THEN CASE upper(CAST(f AS VARCHAR))
    WHEN 'UTF-8' THEN decode(TRY_CAST(x AS BLOB)) WHEN 'BASE64' THEN to_base64(TRY_CAST(x AS BLOB))
    ELSE hex(TRY_CAST(x AS BLOB)) END
  ELSE sfpy_number_to_char(CAST(x AS VARCHAR), CAST(f AS VARCHAR)) END"""

_VARIANT = f"CASE WHEN {ZONED.format(x='x')} THEN to_json(@tz_text({AS_ZONED.format(x='x')})) ELSE to_json(x) END"

_BUCKET = """CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1
  ELSE CAST(floor((x - low) * n / (high - low)) AS BIGINT) + 1 END"""
_WEEKDAY = "list_position(['mo', 'tu', 'we', 'th', 'fr', 'sa', 'su'], left(lower(trim(w)), 2))"
_TYPEOF = """CASE json_type(to_json(x))
  WHEN 'OBJECT' THEN 'OBJECT' WHEN 'ARRAY' THEN 'ARRAY' WHEN 'BOOLEAN' THEN 'BOOLEAN' WHEN 'VARCHAR' THEN 'VARCHAR'
  WHEN 'NULL' THEN 'NULL_VALUE'
  WHEN 'DOUBLE' THEN CASE
    WHEN contains(lower(json_extract_string(to_json(x), '$')), 'e') THEN 'DOUBLE' ELSE 'DECIMAL' END
  WHEN 'BIGINT' THEN 'INTEGER' WHEN 'UBIGINT' THEN 'INTEGER' WHEN 'HUGEINT' THEN 'INTEGER'
  ELSE json_type(to_json(x)) END"""


def _json(function: str, *arguments: str) -> str:
    items = ", ".join(f"CAST(to_json({argument}) AS VARCHAR)" for argument in arguments)
    return f"CAST(sfpy_json('{function}', [{items}]) AS JSON)"


def _json_text(function: str, *arguments: str) -> str:
    return f"json_extract_string({_json(function, *arguments)}, '$')"


def _json_as(kind: str, function: str, *arguments: str) -> str:
    return f"CAST({_json_text(function, *arguments)} AS {kind})"


_DIVIDE = f"""CASE
  WHEN b = 0 THEN CASE WHEN a IS NULL THEN NULL ELSE error('[100051 22012] Division by zero') END
  WHEN typeof(a) IN ('DOUBLE', 'FLOAT') OR typeof(b) IN ('DOUBLE', 'FLOAT')
    THEN TRY_CAST(a AS DOUBLE) / TRY_CAST(b AS DOUBLE)
  ELSE round(TRY_CAST(a AS DOUBLE) / TRY_CAST(b AS DOUBLE), CASE
    WHEN {DECIMALS.format(x="a")}
      THEN GREATEST(CAST(regexp_extract(typeof(a), ',(\\d+)', 1) AS INTEGER),
        LEAST(CAST(regexp_extract(typeof(a), ',(\\d+)', 1) AS INTEGER) + 6, 12))
    ELSE 6 END) END"""


_TOO_LONG = "error('[100078 22000] String ''' || @text(x) || ''' is too long and would be truncated')"
_KEY = "struct_pack(n := COALESCE(TRY_CAST(@text(x) AS DOUBLE), 1e308), t := @text(x))"
_PART = """CASE
  WHEN d = '' THEN CASE WHEN n IN (0, 1, -1) THEN s ELSE '' END
  ELSE split_part(s, d, CASE WHEN n = 0 THEN 1 ELSE n END) END"""

Overloads = Sequence[tuple[str, str]]

MACROS: Mapping[str, Overloads] = {
    **TIME_MACROS,
    # conversions
    "text": [("x", TEXT)],
    "text_at": [("t, v", f"CASE WHEN substr(t, 1, 1) IN ('{{', '[') THEN {_JSON.format(x='v')} ELSE t END")],
    "number_at": [("t", "CASE t WHEN 'true' THEN '1' WHEN 'false' THEN '0' ELSE t END")],
    "text_n": [
        (
            "x, n",
            f"CASE WHEN length(@text(x)) > n THEN {_TOO_LONG} ELSE @text(x) END",
        )
    ],
    "try_text_n": [("x, n", "CASE WHEN length(@text(x)) <= n THEN @text(x) END")],
    "number_text": [
        ("x", _NUMBER_TEXT),
        ("x, f", "sfpy_number(@text(x), CAST(f AS VARCHAR))"),
    ],
    "try_number_text": [("x, f", "sfpy_try_number(@text(x), CAST(f AS VARCHAR))")],
    "variant": [("x", _VARIANT)],
    "boolean": [("x", _boolean(_NO_BOOLEAN))],
    "try_boolean": [("x", _boolean("NULL"))],
    "to_boolean": [("x", "@boolean(x)")],
    "try_to_boolean": [("x", "@try_boolean(x)")],
    "as_other": [("x, other", "cast_to_type(@text(x), other)")],
    "same_type": [("x, other", "cast_to_type(x, other)")],
    "same_timestamp": [("x", "CAST(x AS TIMESTAMP)")],
    "order_key": [
        (
            "x",
            f"CASE WHEN x IS NOT NULL THEN {_KEY} END",
        )
    ],
    "to_char": [("x", "@text(x)"), ("x, f", _TO_CHAR)],
    # arithmetic
    "divide": [("a, b", _DIVIDE)],
    "width_bucket": [("x, low, high, n", _BUCKET)],
    # dates
    "next_day": [("d, w", f"CAST(d AS DATE) + CAST(({_WEEKDAY} - isodow(CAST(d AS DATE)) + 6) % 7 + 1 AS INTEGER)")],
    "previous_day": [
        ("d, w", f"CAST(d AS DATE) - CAST((isodow(CAST(d AS DATE)) - {_WEEKDAY} + 6) % 7 + 1 AS INTEGER)")
    ],
    # semi-structured
    "typeof": [("x", _TYPEOF)],
    "parse_json": [("x", "CAST(sfpy_parse_json(@text(x)) AS JSON)")],
    "try_parse_json": [("x", "CAST(sfpy_try_parse_json(@text(x)) AS JSON)")],
    "check_json": [("x", "sfpy_check_json(@text(x))")],
    "to_json": [("x", "sfpy_compact(CAST(to_json(x) AS VARCHAR))")],
    "to_variant": [("x", "@variant(x)")],
    "to_array": [("x", _json("to_array", "x"))],
    "to_object": [("x", _json("to_object", "x"))],
    "is_null_value": [("x", "json_type(to_json(x)) = 'NULL'")],
    "strip_null_value": [("x", "CASE WHEN json_type(to_json(x)) <> 'NULL' THEN to_json(x) END")],
    "get": [("x, k", _json("get", "x", "k"))],
    "get_ignore_case": [("x, k", _json("get_ignore_case", "x", "k"))],
    "get_path": [("x, p", _json("get_path", "x", "p"))],
    "object_keys": [("x", _json("object_keys", "x"))],
    "object_insert": [
        ("o, k, v", _json("object_insert", "o", "k", "v", "false")),
        ("o, k, v, u", _json("object_insert", "o", "k", "v", "u")),
    ],
    "object_delete": [
        (
            "o, " + ", ".join(f"k{n}" for n in range(count)),
            _json("object_delete", "o", *[f"k{n}" for n in range(count)]),
        )
        for count in range(1, 9)
    ],
    "object_pick": [
        ("o, " + ", ".join(f"k{n}" for n in range(count)), _json("object_pick", "o", *[f"k{n}" for n in range(count)]))
        for count in range(1, 9)
    ],
    "array_append": [("a, v", _json("array_append", "a", "v"))],
    "array_prepend": [("a, v", _json("array_prepend", "a", "v"))],
    "array_insert": [("a, p, v", _json("array_insert", "a", "p", "v"))],
    "array_cat": [("a, b", _json("array_cat", "a", "b"))],
    "array_compact": [("a", _json("array_compact", "a"))],
    "array_contains": [("v, a", _json_as("BOOLEAN", "array_contains", "v", "a"))],
    "array_position": [("v, a", _json_as("BIGINT", "array_position", "v", "a"))],
    "array_size": [("a", _json_as("BIGINT", "array_size", "a"))],
    "array_slice": [("a, f, t", _json("array_slice", "a", "f", "t"))],
    "array_to_string": [("a, s", _json_text("array_to_string", "a", "s"))],
    "array_distinct": [("a", _json("array_distinct", "a"))],
    "array_sort": [
        ("a", _json("array_sort", "a", "true", "true")),
        ("a, o", _json("array_sort", "a", "o", "true")),
        ("a, o, n", _json("array_sort", "a", "o", "n")),
    ],
    "array_intersection": [("a, b", _json("array_intersection", "a", "b"))],
    "array_except": [("a, b", _json("array_except", "a", "b"))],
    "array_max": [("a", _json("array_max", "a"))],
    "array_min": [("a", _json("array_min", "a"))],
    "arrays_overlap": [("a, b", _json_as("BOOLEAN", "arrays_overlap", "a", "b"))],
    "elements": [("a", "CAST(to_json(a) AS JSON[])")],
    "array_integers": [("a", _json("array_integers", "a"))],
    "array_flatten": [("a", _json("array_flatten", "a"))],
    "array_remove": [("a, v", _json("array_remove", "a", "v"))],
    "array_remove_at": [("a, p", _json("array_remove_at", "a", "p"))],
    "array_reverse": [("a", _json("array_reverse", "a"))],
    "array_generate_range": [
        ("f, t", _json("array_generate_range", "f", "t", "1")),
        ("f, t, s", _json("array_generate_range", "f", "t", "s")),
    ],
    "strtok_to_array": [
        ("x", _json("strtok_to_array", "@text(x)", "' '")),
        ("x, d", _json("strtok_to_array", "@text(x)", "d")),
    ],
    "as_varchar": [("x", "CASE WHEN json_type(to_json(x)) = 'VARCHAR' THEN @text(x) END")],
    "as_boolean": [("x", "CASE WHEN json_type(to_json(x)) = 'BOOLEAN' THEN @text(x) = 'true' END")],
    "as_integer": [("x", "CASE WHEN @typeof(x) = 'INTEGER' THEN CAST(@text(x) AS BIGINT) END")],
    "as_number": [
        ("x", "CASE WHEN @typeof(x) IN ('INTEGER', 'DECIMAL') THEN CAST(@text(x) AS BIGINT) END"),
        ("x, p", "CASE WHEN @typeof(x) IN ('INTEGER', 'DECIMAL') THEN CAST(@text(x) AS BIGINT) END"),
        ("x, p, s", "CASE WHEN @typeof(x) IN ('INTEGER', 'DECIMAL') THEN round(CAST(@text(x) AS DOUBLE), s) END"),
    ],
    "as_double": [("x", "CASE WHEN @typeof(x) IN ('INTEGER', 'DECIMAL', 'DOUBLE') THEN CAST(@text(x) AS DOUBLE) END")],
    "as_array": [("x", "CASE WHEN json_type(to_json(x)) = 'ARRAY' THEN to_json(x) END")],
    "as_object": [("x", "CASE WHEN json_type(to_json(x)) = 'OBJECT' THEN to_json(x) END")],
    "as_date": [("x", "TRY_CAST(@text(x) AS DATE)")],
    "as_timestamp_ntz": [("x", "TRY_CAST(@text(x) AS TIMESTAMP)")],
    "is_varchar": [("x", "@typeof(x) = 'VARCHAR'")],
    "is_boolean": [("x", "@typeof(x) = 'BOOLEAN'")],
    "is_integer": [("x", "@typeof(x) = 'INTEGER'")],
    "is_decimal": [("x", "@typeof(x) IN ('INTEGER', 'DECIMAL')")],
    "is_double": [("x", "@typeof(x) IN ('INTEGER', 'DECIMAL', 'DOUBLE')")],
    "is_array": [("x", "@typeof(x) = 'ARRAY'")],
    "is_object": [("x", "@typeof(x) = 'OBJECT'")],
    # text
    "regexp_replace": [
        ("s, p", "sfpy_regexp_replace(@text(s), p, '', 1, 0, 'c')"),
        ("s, p, r", "sfpy_regexp_replace(@text(s), p, r, 1, 0, 'c')"),
        ("s, p, r, i", "sfpy_regexp_replace(@text(s), p, r, i, 0, 'c')"),
        ("s, p, r, i, o", "sfpy_regexp_replace(@text(s), p, r, i, o, 'c')"),
        ("s, p, r, i, o, f", "sfpy_regexp_replace(@text(s), p, r, i, o, f)"),
    ],
    "regexp_substr": [
        ("s, p", "sfpy_regexp_substr(@text(s), p, 1, 1, 'c', -1)"),
        ("s, p, i", "sfpy_regexp_substr(@text(s), p, i, 1, 'c', -1)"),
        ("s, p, i, o", "sfpy_regexp_substr(@text(s), p, i, o, 'c', -1)"),
        ("s, p, i, o, f", "sfpy_regexp_substr(@text(s), p, i, o, f, -1)"),
        ("s, p, i, o, f, g", "sfpy_regexp_substr(@text(s), p, i, o, f, g)"),
    ],
    "regexp_substr_all": [
        ("s, p", "CAST(sfpy_regexp_substr_all(@text(s), p, 1, 1, 'c', -1) AS JSON)"),
        ("s, p, i", "CAST(sfpy_regexp_substr_all(@text(s), p, i, 1, 'c', -1) AS JSON)"),
        ("s, p, i, o", "CAST(sfpy_regexp_substr_all(@text(s), p, i, o, 'c', -1) AS JSON)"),
        ("s, p, i, o, f", "CAST(sfpy_regexp_substr_all(@text(s), p, i, o, f, -1) AS JSON)"),
        ("s, p, i, o, f, g", "CAST(sfpy_regexp_substr_all(@text(s), p, i, o, f, g) AS JSON)"),
    ],
    "regexp_count": [
        ("s, p", "sfpy_regexp_count(@text(s), p, 1, 'c')"),
        ("s, p, i", "sfpy_regexp_count(@text(s), p, i, 'c')"),
        ("s, p, i, f", "sfpy_regexp_count(@text(s), p, i, f)"),
    ],
    "regexp_instr": [
        ("s, p", "sfpy_regexp_instr(@text(s), p, 1, 1, 0, 'c', 0)"),
        ("s, p, i", "sfpy_regexp_instr(@text(s), p, i, 1, 0, 'c', 0)"),
        ("s, p, i, o", "sfpy_regexp_instr(@text(s), p, i, o, 0, 'c', 0)"),
        ("s, p, i, o, e", "sfpy_regexp_instr(@text(s), p, i, o, e, 'c', 0)"),
        ("s, p, i, o, e, f", "sfpy_regexp_instr(@text(s), p, i, o, e, f, 0)"),
        ("s, p, i, o, e, f, g", "sfpy_regexp_instr(@text(s), p, i, o, e, f, g)"),
    ],
    "regexp_like": [
        ("s, p", "sfpy_regexp_like(@text(s), p, 'c')"),
        ("s, p, f", "sfpy_regexp_like(@text(s), p, f)"),
    ],
    "part": [("s, d, n", _PART)],
    "split_part": [("s, d, n", "@part(@text(s), d, n)")],
    "strtok": [
        ("s", "sfpy_strtok(@text(s), ' ', 1)"),
        ("s, d", "sfpy_strtok(@text(s), d, 1)"),
        ("s, d, n", "sfpy_strtok(@text(s), d, n)"),
    ],
    "sha2": [("x", "sfpy_sha2(@text(x), 256)"), ("x, n", "sfpy_sha2(@text(x), n)")],
    "system_typeof": [("x", "sfpy_type_name(typeof(x))")],
    "flat_list": [("x, p, o, r, m, s", "sfpy_flatten(CAST(to_json(x) AS VARCHAR), p, o, r, m, s)")],
    "split_list": [("x, d, s", "sfpy_split(@text(x), d, false, s)")],
    "strtok_list": [("x, d, s", "sfpy_split(@text(x), d, true, s)")],
}
"""Overloads of arguments and SQL by the name of the macro."""
