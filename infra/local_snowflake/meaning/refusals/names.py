"""Messages of DuckDB about names: objects, columns and functions."""

from __future__ import annotations

from collections.abc import Sequence

from infra.local_snowflake.meaning.refusals.errors import COMPILATION, PLACED
from infra.local_snowflake.meaning.refusals.places import function_name, type_names
from infra.local_snowflake.meaning.refusals.rules import AMBIGUOUS, INVALID_IDENTIFIER, Rule, upper


def _no_column(pattern: str, group: int = 1) -> Rule:
    return Rule(pattern, INVALID_IDENTIFIER, "42000", lambda found: f"{PLACED}invalid identifier '{found[group]}'")


def _wrong_types(pattern: str) -> Rule:
    return Rule(
        pattern,
        1044,
        "42P13",
        lambda found: (
            f"{PLACED}Invalid argument types for function '{function_name(found[1])}': ({type_names(found[2])})"
        ),
    )


COLUMNS: Sequence[Rule] = (
    _no_column(r'Referenced column "(.+?)" (?:was )?not found'),
    _no_column(r"Referenced column (\S+) not found in FROM clause and"),
    _no_column(r'(?:list|Table|table) "(.+?)" does not have a column (?:named|with name) "(.+?)"', 2),
    _no_column(r"Referenced update column (\S+) not found"),
    _no_column(r'Referenced table "(.+?)" not found'),
    _no_column(r"Cannot extract field '(.+?)' from expression"),
    _no_column(r'Column "(.+?)" does not exist on (?:left|right) side of join'),
    Rule(
        r'Ambiguous reference to (?:column name|table) "(.+?)"',
        AMBIGUOUS,
        "42601",
        lambda found: f"{PLACED}ambiguous column name '{found[1]}'",
    ),
    Rule(
        r'column "(.+?)" must appear in the GROUP BY',
        979,
        "42601",
        lambda found: f"{COMPILATION}[{found[1]}] is not a valid group by expression",
    ),
    Rule(
        r"has (\d+) columns but (\d+) values were supplied|expected (\d+) columns? but (\d+) values were supplied",
        2057,
        "42000",
        lambda found: (
            f"{COMPILATION}Insert value list does not match column list "
            f"expecting {found[1] or found[3]} but got {found[2] or found[4]}"
        ),
    ),
    Rule(
        r"clause cannot contain aggregates",
        2035,
        "42601",
        f"{COMPILATION}Invalid aggregate function in where clause",
    ),
    Rule(
        r"same number of result columns",
        1789,
        "42601",
        f"{COMPILATION}invalid number of result columns for set operator input branches",
    ),
)

FUNCTIONS: Sequence[Rule] = (
    Rule(
        r"Macro (\w+)\(\) does not support the supplied arguments",
        939,
        "22023",
        lambda found: f"{PLACED}invalid number of arguments for function [{function_name(found[1])}]",
    ),
    _wrong_types(r"No function matches the given name and argument types '(\w+)\((.*)\)'"),
    _wrong_types(r'Could not choose a best candidate function for the function call "(.+?)\((.*)\)"'),
    Rule(r"Duplicate (?:struct entry name|named argument)", 100103, "22000", "Duplicate field key in object"),
    Rule(
        r"Cannot compare values of type (\S+).* and (?:values )?of type (\S+)",
        1065,
        "22000",
        lambda found: f"{COMPILATION}Can not compare values of type {type_names(found[1])} and {type_names(found[2])}",
    ),
)

OBJECTS: Sequence[Rule] = (
    Rule(
        r"Table with name \"?([^\" ]+)\"? does not exist because schema \"(.+?)\" does not exist",
        2003,
        "02000",
        upper(COMPILATION + "Schema '{1}' does not exist or not authorized."),
    ),
    Rule(
        r"Cannot access (?:file|directory) \"(.+?)\" - file system operations are disabled",
        2003,
        "42S02",
        lambda found: f"{COMPILATION}Object '{found[1]}' does not exist or not authorized.",
    ),
    Rule(
        r"(?:Table|View|Sequence) with name (.+?) does not exist",
        2003,
        "42S02",
        upper(COMPILATION + "Object '{0}' does not exist or not authorized."),
    ),
    Rule(
        r"Schema with name (.+?) does not exist",
        2003,
        "02000",
        upper(COMPILATION + "Schema '{0}' does not exist or not authorized."),
    ),
    Rule(
        r"(?:Database|Catalog)(?: with name)? \"?([^\s\":]+)\"? does not exist",
        2003,
        "02000",
        upper(COMPILATION + "Database '{0}' does not exist or not authorized."),
    ),
    Rule(
        r"Column with name (.+?) already exists",
        1430,
        "42601",
        upper(COMPILATION + "column '{0}' already exists"),
    ),
    Rule(
        r"(?:Table|View|Sequence|Schema|Index|Macro|Type)[\w ]* with name (.+?) already exists",
        2002,
        "42710",
        upper(COMPILATION + "Object '{0}' already exists."),
    ),
    Rule(r"[Cc]ollation with name", 2, "0A000", "Unsupported feature 'COLLATE'."),
    Rule(
        r"SET schema: No catalog \+ schema named",
        2043,
        "02000",
        f"{COMPILATION}Object does not exist, or operation cannot be performed.",
    ),
    Rule(
        r"(\S+) is not an? table",
        2203,
        "02000",
        upper(COMPILATION + "Object '{0}' found is not of type 'TABLE' specified in the statement."),
    ),
    Rule(
        r"Can only (?:update|delete from|insert into) base table",
        2203,
        "02000",
        f"{COMPILATION}Object found is not of type 'TABLE' specified in the statement.",
    ),
    Rule(
        r"Existing object (\S+) is of type (\w+), trying to (?:replace|drop)(?: with)? type (\w+)",
        2203,
        "02000",
        upper(COMPILATION + "Object '{0}' found is of type '{1}', not '{2}'."),
    ),
)
