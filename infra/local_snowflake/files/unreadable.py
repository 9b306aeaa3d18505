"""What is wrong with a file or one of its records."""

from __future__ import annotations

from dataclasses import dataclass


class FileUnreadableError(Exception):
    """A file cannot be read at all.

    Args:
        message: of Snowflake.
        code: of Snowflake.
    """

    def __init__(self, message: str, code: int = 100_183) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


@dataclass(frozen=True, slots=True)
class RecordError:
    """One record that cannot be parsed.

    Args:
        code: of Snowflake.
        sqlstate: of Snowflake.
        message: of Snowflake, without the file.
        line: in the file, from 1.
        character: in the line, from 1.
    """

    code: int
    sqlstate: str
    message: str
    line: int
    character: int
