"""The default of a column in Snowflake's words: DuckDB has the next value of a sequence for both of its kinds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from infra.local_snowflake.language.names import PartialName
from infra.local_snowflake.language.tokens import Reader

_OF_ZONED = re.compile(r"\S+\.sf_tz_of_engine\((.+)\)", re.IGNORECASE)
"""The default of a TIMESTAMP_TZ, in the call that gives it DuckDB's type."""
_NEXT_VALUE = re.compile(r"nextval\('(.+)'\)")


class Identity(NamedTuple):
    """How an AUTOINCREMENT column is numbered."""

    start: int
    increment: int

    def __str__(self) -> str:
        return f"IDENTITY START {self.start} INCREMENT {self.increment} NOORDER"


def default_of(text: str | None, identities: Mapping[str, Identity]) -> tuple[str | None, Identity | None]:
    """Return the default of a column, or how it is numbered.

    Args:
        text: as DuckDB has it.
        identities: by the upper case name of the sequence that numbers an AUTOINCREMENT column.
    """
    text = text and _OF_ZONED.sub(r"\1", text)
    found = _NEXT_VALUE.fullmatch(text or "")
    if not found:
        return text, None
    if identity := identities.get(found[1].upper()):
        return None, identity
    name: PartialName = Reader(found[1]).name()
    return f"{'.'.join(name.parts)}.NEXTVAL", None
