"""The refusals that several modules raise."""

from __future__ import annotations

from infra.local_snowflake.errors import StatementRefusedError

COMPILATION = "SQL compilation error:\n"
PLACED = "SQL compilation error: error line {line} at position {position}\n"
"""Begins the text of an error with a place in the statement; the braces are filled in later."""
_SHOWN_CHARACTERS = 80


def placed(line: int, position: int) -> str:
    """Begin the text of an error at a place that is known; lines count from 1, positions from 0."""
    return PLACED.replace("{line}", str(line)).replace("{position}", str(position))


class EngineRefusedError(StatementRefusedError):
    """A statement that the engine refused, with Snowflake's code and text."""

    def __init__(self, code: int, sqlstate: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.sqlstate = sqlstate


def unsupported_feature(words: str) -> EngineRefusedError:
    """Return the refusal of what Snowflake has, and this server does not."""
    return EngineRefusedError(2, "0A000", f"Unsupported feature '{words}'.")


def syntax_error(line: int, position: int, unexpected: str) -> EngineRefusedError:
    """Return the refusal of a text that is no statement; lines count from 1, positions from 0."""
    text = f"syntax error line {line} at position {position} unexpected '{unexpected[:_SHOWN_CHARACTERS]}'."
    return EngineRefusedError(1003, "42000", COMPILATION + text)
