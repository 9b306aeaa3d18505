"""The macros that give DuckDB the functions of Snowflake.

A macro's argument has any type: `typeof` is constant for DuckDB, so that only the branch of the type remains.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter

from infra.local_snowflake.meaning.macros.calls import PREFIX
from infra.local_snowflake.meaning.macros.texts import MACROS, Overloads

_RENAMED = {
    "TO_VARCHAR": "to_char",
    "CHAR": "",
    "DATE": "to_date",
    "TIME": "to_time",
    "AS_CHAR": "as_varchar",
    "AS_DECIMAL": "as_number",
    "AS_REAL": "as_double",
    "IS_CHAR": "is_varchar",
    "IS_REAL": "is_double",
    "IS_DATE_VALUE": "is_date",
    "SHA1_HEX": "sha1",
    "ARRAY_CAT": "array_cat",
    "SYSTEM$TYPEOF": "system_typeof",
    "RLIKE": "regexp_like",
    "SHA2_HEX": "sha2",
}
_INTERNAL = frozenset(
    [
        "same_type",
        "same_timestamp",
        "text_at",
        "part",
        "elements",
        "array_integers",
        "number_at",
        "text",
        "text_n",
        "try_text_n",
        "number_text",
        "try_number_text",
        "variant",
        "boolean",
        "try_boolean",
        "divide",
        "as_other",
        "compare_text",
        "order_key",
        "plain",
        "flat_list",
        "split_list",
        "strtok_list",
        *(
            "tz_make",
            "tz_of_model",
            "tz_of_engine",
            "tz_hours",
            "tz_rest",
            "tz_in_zone",
            "tz_session",
            "not_zoned",
            "tz_minutes",
            "tz_instant",
            "tz_local",
            "tz_text",
            "tz_iso",
        ),
        *(
            "tz_shifted",
            "convert_timezone",
            "week_begin",
            "week_end",
            "weeks_between",
            "day_of_week",
            "year_of_week",
            "week_of_year",
        ),
    ]
)

FUNCTIONS: dict[str, str] = {
    **{name.upper(): name for name in MACROS if name not in _INTERNAL},
    **{name: macro for name, macro in _RENAMED.items() if macro},
}
"""Functions of Snowflake by name, with their macros."""


_CHEAP = frozenset({"t"})
"""Arguments that are always a column's path, which DuckDB computes once."""


def creation_sql(database: str) -> list[str]:
    """Return the statements that create the macros in a database."""
    home = f'"{database}".main.{PREFIX.lower()}'
    statements = []
    for name in _in_order(MACROS):
        overloads = MACROS[name]
        bodies = ", ".join(f"({arguments}) AS ({_bound(arguments, body)})" for arguments, body in overloads)
        statements.append(f"CREATE OR REPLACE MACRO {home}{name}{bodies}".replace("@", home))
    return statements


def _in_order(macros: Mapping[str, Overloads]) -> Iterable[str]:
    """Return the names of macros, those that others call first: DuckDB may look for them when it creates the others."""
    called = {
        name: {other for _, body in overloads for other in re.findall(r"@(\w+)\(", body)}
        for name, overloads in macros.items()
    }
    return TopologicalSorter(called).static_order()


def _bound(arguments: str, body: str) -> str:
    """Bind every argument that occurs twice to a parameter of a lambda.

    DuckDB replaces an argument by its expression, so that nested calls would grow exponentially. Several arguments are
    the fields of one struct: a lambda inside of a lambda takes DuckDB a multiple of the time to plan.
    """
    repeated = [
        argument
        for argument in arguments.split(", ")
        if argument not in _CHEAP and len(re.findall(rf"\b{argument}\b", body)) > 1
    ]
    if not repeated:
        return body
    given, place = repeated[0], "{}__"
    if len(repeated) > 1:
        given, place = f"struct_pack({', '.join(f'{name} := {name}' for name in repeated)})", "given__.{}"
    for argument in repeated:
        body = re.sub(rf"\b{argument}\b", place.format(argument), body)
    parameter = place.format(repeated[0]).partition(".")[0]
    return f"list_transform([{given}], lambda {parameter}: {body.strip()})[1]"
