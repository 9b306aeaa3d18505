"""What a refusal needs to know of the statement's tree: casts of VARIANT, and the names of columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import Expr, exp

from infra.local_snowflake.meaning.columns.kinds import VARIANTS, Columns, Kind, kind, kind_of_type
from infra.local_snowflake.meaning.refusals.errors import EngineRefusedError, placed
from infra.local_snowflake.meaning.refusals.places import place_of

_TARGETS = {
    Kind.INTEGER: (100038, "FIXED"),
    Kind.DECIMAL: (100038, "FIXED"),
    Kind.FLOAT: (100038, "REAL"),
    Kind.BOOLEAN: (100037, "BOOLEAN"),
    Kind.DATE: (100040, "DATE"),
    Kind.TIME: (100108, "TIME"),
    Kind.TIMESTAMP: (100035, "TIMESTAMP_NTZ"),
    Kind.TIMESTAMP_LTZ: (100035, "TIMESTAMP_LTZ"),
    Kind.TIMESTAMP_TZ: (100035, "TIMESTAMP_TZ"),
}
"""The error of a text that is no such value, and the name that Snowflake gives to the type of a VARIANT's cast."""
_QUOTED = re.compile(r"'(.*)'", re.DOTALL)
_NOT_GROUPED = re.compile(r"\[(.+?)\] is not a valid group by expression")
_OF_VALUES = re.compile(r"COLUMN\d+|SEQ|KEY|PATH|INDEX|VALUE|THIS")
"""Columns of VALUES and of FLATTEN."""
_RAW = ("{", "[")


@dataclass(frozen=True, slots=True)
class Context:
    """What the tree of a statement shows.

    Args:
        casts: names of types to which VARIANTs alone are cast, by the error of a text that is no such value.
        listed: names of columns that it gives to its relations.
        columns: that it can mean beside these.
    """

    casts: Mapping[int, str] = field(default_factory=dict)
    listed: frozenset[str] = frozenset()
    columns: Columns = field(default_factory=lambda: Columns({}))

    def knows(self, name: str) -> bool:
        """Return whether the statement can mean a column of this name."""
        return name in self.listed or name in self.columns.aliases or name in self.columns.stored


def context_of(tree: Expr, columns: Columns) -> Context:
    """Return the context of a statement, whose tree is not rewritten yet."""
    of_variants: dict[int, str] = {}
    of_others = set()
    for cast in tree.find_all(exp.Cast):
        target = _TARGETS.get(kind_of_type(cast.to)) if isinstance(cast.to, exp.DataType) else None
        if target is None:
            continue
        if kind(cast.this, columns) in VARIANTS:
            of_variants[target[0]] = target[1]
        else:
            of_others.add(target[0])
    casts = {code: name for code, name in of_variants.items() if code not in of_others}
    listed = {column.name.upper() for alias in tree.find_all(exp.TableAlias) for column in alias.columns}
    return Context(casts, frozenset(listed), columns)


def in_context(refusal: EngineRefusedError, context: Context, sql: str) -> EngineRefusedError:
    """Return the refusal as Snowflake gives it for this statement."""
    if (target := context.casts.get(refusal.code)) and (value := _QUOTED.search(refusal.message)):
        shown = value[1] if value[1].startswith(_RAW) else f'"{value[1]}"'
        return EngineRefusedError(100071, "22000", f"Failed to cast variant value {shown} to {target}")
    named = _NOT_GROUPED.search(refusal.message)
    if named and not context.knows(named[1].strip('"')) and not _OF_VALUES.fullmatch(named[1]):
        place = place_of(sql, named[1])
        return EngineRefusedError(
            904, "42000", f"{placed(place.line, place.position)}invalid identifier '{place.name or named[1]}'"
        )
    return refusal
