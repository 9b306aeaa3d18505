"""Rows of the tables: a message of DuckDB with Snowflake's answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from infra.local_snowflake.meaning.refusals.errors import EngineRefusedError
from infra.local_snowflake.meaning.refusals.places import Place, function_name, place_of

Text: TypeAlias = Callable[[re.Match[str]], str] | str
INVALID_IDENTIFIER, AMBIGUOUS = 904, 2028


@dataclass(frozen=True, slots=True)
class Rule:
    """One message.

    Args:
        pattern: regular expression that is searched in DuckDB's message.
        code: Snowflake's error number.
        sqlstate: Snowflake's SQL state.
        text: Snowflake's text, or what makes it of the groups; {line} and {position} are filled in.
    """

    pattern: str
    code: int
    sqlstate: str
    text: Text

    def refusal(self, message: str, sql: str) -> EngineRefusedError | None:
        """Return Snowflake's answer if the message is that of this row."""
        found = re.search(self.pattern, message, re.DOTALL)
        if found is None:
            return None
        text = self.text(found) if callable(self.text) else self.text
        place = self._place(found, sql)
        if self.code == INVALID_IDENTIFIER and place.name:
            text = re.sub(r"invalid identifier '.*'", lambda _: f"invalid identifier '{place.name}'", text)
        text = text.replace("{line}", str(place.line)).replace("{position}", str(place.position))
        return EngineRefusedError(self.code, self.sqlstate, text)

    def _place(self, found: re.Match[str], sql: str) -> Place:
        """Return the place of the name that the message is about: its last group for a column, else its first."""
        if not found.lastindex:
            return Place(1, 0)
        group = found.lastindex if self.code in {INVALID_IDENTIFIER, AMBIGUOUS} else 1
        return place_of(sql, function_name(found[group] or ""))


def upper(template: str) -> Callable[[re.Match[str]], str]:
    """Return the maker of a text from the groups in upper case."""
    return lambda found: template.format(*(group.strip('"').upper() if group else "" for group in found.groups()))
