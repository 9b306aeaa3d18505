"""Refuse arguments of types that a function does not take, as far as the tree shows the types."""

from __future__ import annotations

from sqlglot import Expr, exp

from infra.local_snowflake.meaning.columns.kinds import VARIANTS, Columns, Kind, kind, kind_of_type
from infra.local_snowflake.meaning.known_functions import BUILT
from infra.local_snowflake.meaning.macros.calls import macro_of
from infra.local_snowflake.meaning.refusals.errors import EngineRefusedError, placed
from infra.local_snowflake.meaning.refusals.places import place_of

_FIRST_IS_VARIANT = """
    typeof is_null_value strip_null_value is_array is_boolean is_decimal is_double is_integer is_object is_varchar
    as_array as_boolean as_date as_double as_integer as_number as_object as_timestamp_ntz as_varchar get
    get_ignore_case get_path object_delete object_insert object_keys object_pick array_append array_compact
    array_distinct array_flatten array_insert array_max array_min array_prepend array_remove array_remove_at
    array_reverse array_size array_slice array_sort array_to_string
"""
_OF_VARIANT = {
    **dict.fromkeys(_FIRST_IS_VARIANT.split(), (0,)),
    **dict.fromkeys(["array_cat", "array_contains", "array_except", "array_intersection", "array_position"], (0, 1)),
    "arrays_overlap": (0, 1),
}
"""Macros by name, with the arguments that must be a VARIANT, an OBJECT or an ARRAY."""
_OTHER_KINDS = frozenset(Kind) - VARIANTS - {Kind.NULL, Kind.UNKNOWN}
_TIMES = frozenset({Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMP_LTZ, Kind.TIMESTAMP_TZ})
_NAMES = {
    Kind.TEXT: "VARCHAR(16777216)",
    Kind.INTEGER: "NUMBER(38,0)",
    Kind.DECIMAL: "NUMBER(38,9)",
    Kind.FLOAT: "FLOAT",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.DATE: "DATE",
    Kind.TIME: "TIME(9)",
    Kind.TIMESTAMP: "TIMESTAMP_NTZ(9)",
    Kind.TIMESTAMP_LTZ: "TIMESTAMP_LTZ(9)",
    Kind.TIMESTAMP_TZ: "TIMESTAMP_TZ(9)",
    Kind.NULL: "NULL",
}


def require_types(tree: Expr, columns: Columns, sql: str) -> None:
    """Refuse a function of VARIANT that is given another type, and TRY_CAST of what is no text.

    Args:
        tree: as it was parsed.
        columns: the kinds of its columns and aliases.
        sql: the text.

    Raises:
        EngineRefusedError: 1044 for a function, 1065 for TRY_CAST.
    """
    for attempt in tree.find_all(exp.TryCast):
        _require_text(attempt, columns, sql)
    for mean in tree.find_all(exp.Avg, exp.Median, exp.Stddev, exp.Variance):
        if kind(mean.this, columns) in _TIMES:
            place = place_of(sql, mean.sql_name())
            text = f"Invalid argument types for function '{mean.sql_name()}': ({type_name(mean.this, columns)})"
            raise EngineRefusedError(1044, "42P13", placed(place.line, place.position) + text)
    for node in tree.find_all(exp.Anonymous):
        if BUILT in node.meta and any(kind(one, columns) in _OTHER_KINDS for one in _wanted_variants(node)):
            raise _wrong_types(node, columns, sql)


def _wanted_variants(node: exp.Anonymous) -> list[Expr]:
    arguments = node.expressions
    return [arguments[index] for index in _OF_VARIANT.get(macro_of(node), ()) if index < len(arguments)]


def _wrong_types(node: exp.Anonymous, columns: Columns, sql: str) -> EngineRefusedError:
    start, end = node.meta["start"], node.meta["end"] + 1
    name = sql[start:end].upper()
    types = ", ".join(type_name(argument, columns) for argument in node.expressions)
    place = placed(node.meta["line"], node.meta["col"] - len(name))
    text = f"{place}Invalid argument types for function '{name}': ({types})"
    return EngineRefusedError(1044, "42P13", text)


def _require_text(node: exp.TryCast, columns: Columns, sql: str) -> None:
    of = kind(node.this, columns)
    if of is Kind.VARIANT or of in _OTHER_KINDS - {Kind.TEXT}:
        place = place_of(sql, "TRY_CAST")
        wanted = (
            node.to.sql(dialect="snowflake") if node.to.expressions else _NAMES.get(kind_of_type(node.to), "VARIANT")
        )
        names = f"{type_name(node.this, columns)} and {wanted}"
        text = f"Function TRY_CAST cannot be used with arguments of types {names}"
        raise EngineRefusedError(1065, "22023", placed(place.line, place.position) + text)


def type_name(node: Expr, columns: Columns) -> str:
    """Return Snowflake's name of the type of an expression; that of a literal has its length."""
    if isinstance(node, exp.Literal):
        if node.is_string:
            return f"VARCHAR({len(node.name)})"
        whole, _, fraction = node.name.partition(".")
        return f"NUMBER({len(whole.lstrip('0')) + len(fraction) or 1},{len(fraction)})"
    return _NAMES.get(kind(node, columns), "VARIANT")
