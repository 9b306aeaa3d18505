"""Messages of DuckDB about values: conversions, arithmetic and constraints."""

from __future__ import annotations

from collections.abc import Sequence

from infra.local_snowflake.meaning.refusals.errors import COMPILATION
from infra.local_snowflake.meaning.refusals.places import type_names
from infra.local_snowflake.meaning.refusals.rules import Rule

_STORED_BITS = ((2, 1), (4, 2), (9, 4), (18, 8), (38, 16))
"""Bytes that Snowflake stores a number of at most so many digits in."""


def _fixed(precision: str, scale: str) -> str:
    size = next(size for digits, size in _STORED_BITS if int(precision) <= digits)
    return f"FIXED[SB{size}]({precision},{scale}){{not null}}"


def _unknown_timezone() -> Rule:
    return Rule(r"Unknown TimeZone '(.+?)'", 100033, "22023", lambda found: f"Unknown timezone: '{found[1]}'")


CONVERSIONS: Sequence[Rule] = (
    Rule(
        r"Could not convert string ['\"](.*?)['\"] to BOOL",
        100037,
        "22018",
        lambda found: f"Boolean value '{found[1]}' is not recognized",
    ),
    Rule(
        r"Could not convert string ['\"]([+-]?\d+(?:\.\d*)?)['\"] to",
        100039,
        "22003",
        lambda found: f"Numeric value '{found[1]}' is out of range",
    ),
    Rule(
        r"Could not convert string ['\"](.*?)['\"] to",
        100038,
        "22018",
        lambda found: f"Numeric value '{found[1]}' is not recognized",
    ),
    Rule(
        r"Could not cast value (\S+) (?:from \S+ )?to DECIMAL\((\d+), ?(\d+)\)",
        100046,
        "22003",
        lambda found: f"Number out of representable range: type {_fixed(found[2], found[3])}, value {found[1]}",
    ),
    Rule(
        r'Casting value "(\S+)" to type DECIMAL\((\d+), ?(\d+)\) failed',
        100046,
        "22003",
        lambda found: f"Number out of representable range: type {_fixed(found[2], found[3])}, value {found[1]}",
    ),
    Rule(
        r"Could not cast value (\S+) (?:from \S+ )?to",
        100039,
        "22003",
        lambda found: f"Numeric value '{found[1]}' is out of range",
    ),
    Rule(
        r"Type \w+ with value (\S+) can't be cast because the value is out of range",
        100039,
        "22003",
        lambda found: f"Numeric value '{found[1]}' is out of range",
    ),
    Rule(
        r"date field[^:]*: \"(.*?)\"",
        100040,
        "22007",
        lambda found: f"Date '{found[1]}' is not recognized",
    ),
    Rule(
        r"timestamp field[^:]*: \"(.*?)\"",
        100035,
        "22007",
        lambda found: f"Timestamp '{found[1]}' is not recognized",
    ),
    Rule(
        r"time field[^:]*: \"(.*?)\"",
        100108,
        "22007",
        lambda found: f"Time '{found[1]}' is not recognized",
    ),
    Rule(
        r"Malformed JSON at byte (\d+) of input: (.+?)\.\s+Input: \"(.*)\"",
        100069,
        "22P02",
        lambda found: f"Error parsing JSON: {found[3][:200]}",
    ),
    Rule(r"Malformed JSON", 100069, "22P02", "Error parsing JSON"),
    Rule(
        r"Unimplemented type for cast \((\S+(?: WITH TIME ZONE)?) -> (\S+(?: WITH TIME ZONE)?)\)",
        2023,
        "22000",
        lambda found: f"{COMPILATION}Cannot cast a value of type {type_names(found[1])} to {type_names(found[2])}",
    ),
    _unknown_timezone(),
)

ARITHMETIC: Sequence[Rule] = (
    Rule(r"Division by zero", 100051, "22012", "Division by zero"),
    Rule(
        r"More than one row returned by a subquery",
        90150,
        "22000",
        "Single-row subquery returns more than one row.",
    ),
)

CONSTRAINTS: Sequence[Rule] = (
    Rule(r"NOT NULL constraint failed: \S*?\.?([^.\s]+)$", 100072, "22000", "NULL result in a non-nullable column"),
)
