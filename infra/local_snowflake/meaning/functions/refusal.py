"""The error of a function, with Snowflake's code; `refusals.py` reads it from DuckDB's message."""

from __future__ import annotations


class ValueRefusedError(ValueError):
    """A value that Snowflake refuses.

    Args:
        code: Snowflake's error number.
        sqlstate: Snowflake's SQL state.
        text: Snowflake's text.
    """

    def __init__(self, code: int, sqlstate: str, text: str) -> None:
        super().__init__(f"[{code:06d} {sqlstate}] {text}")


class UnsupportedValueError(Exception):
    """A value that Snowflake has, and the local Snowflake would change.

    Args:
        what: the feature in a few words.
    """

    def __init__(self, what: str) -> None:
        self.text = f"Unsupported feature '{what}'."
        super().__init__(f"[000002 0A000] {self.text}")
