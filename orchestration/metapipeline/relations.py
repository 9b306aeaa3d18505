"""The name of a relation in a warehouse, as the warehouse stores it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from orchestration.metapipeline.errors import RelationNameError

_PLAIN = re.compile(r"[A-Z_][A-Z0-9_$]*")
_PART = re.compile(r'"(?:[^"]|"")*"|[^".\s]+')
PARTS_MAX = 3


@dataclass(frozen=True, slots=True, order=True)
class RelationName:
    """One to three parts: table, schema.table or database.schema.table.

    Args:
        parts: as stored: an unquoted part in the case that the warehouse folds it to, a quoted part exact. An empty
            schema (`db..table`) is an empty part: the schema PUBLIC of that database.
    """

    parts: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.parts) <= PARTS_MAX:
            raise RelationNameError(f"{'.'.join(self.parts)!r} has {len(self.parts)} parts; a relation has 1 to 3")
        if not self.parts[0] or not self.parts[-1]:
            raise RelationNameError(f"{'.'.join(self.parts)!r} has an empty part; only the schema may be empty")

    def __str__(self) -> str:
        return ".".join(part if not part or _PLAIN.fullmatch(part) else _quoted(part) for part in self.parts)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a name by the rules of Snowflake: an unquoted part folds to upper case, a quoted one is exact.

        Raises:
            RelationNameError: the text is no name of one to three parts.
        """
        parts: list[str] = []
        position = 0
        while True:
            found = _PART.match(text, position)
            parts.append(_stored(found[0]) if found else "")
            position = found.end() if found else position
            if position == len(text):
                return cls(tuple(parts))
            if text[position] != ".":
                raise RelationNameError(f"{text!r} is no name of a relation: character {position + 1}")
            position += 1

    def within(self, database: str | None, schema: str | None) -> RelationName | None:
        """Complete the name with the defaults of a connection, given as stored; None when one of them is missing."""
        missing = PARTS_MAX - len(self.parts)
        defaults = (database, schema)[:missing]
        if any(default is None for default in defaults):
            return None
        whole = (*(default or "" for default in defaults), *self.parts)
        return RelationName(tuple(part or "PUBLIC" for part in whole))


def _stored(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part.upper()


def _quoted(part: str) -> str:
    return '"' + part.replace('"', '""') + '"'
