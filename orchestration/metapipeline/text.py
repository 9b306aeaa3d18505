"""Text from the world on one line, for messages and terminals."""

from __future__ import annotations


def one_line(text: object) -> str:
    """Return a text without line breaks, control characters and doubled spaces."""
    return " ".join("".join(one if one.isprintable() else " " for one in str(text)).split())
