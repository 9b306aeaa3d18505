"""Text from the world in Slack's markup."""

from __future__ import annotations

import unicodedata

_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
"""What Slack reads as control characters; without them no name in a message can mention anybody."""


def escaped(text: str) -> str:
    """Return a text that Slack shows as it is; a backtick becomes a quote, so that it ends no code."""
    return "".join(_ESCAPED.get(character, character) for character in text).replace("`", "'")


def one_line(text: str, characters_max: int) -> str:
    """Return a text on one line, without invisible characters, cut to a length."""
    visible = "".join(one for one in text if one.isspace() or unicodedata.category(one) not in {"Cc", "Cf", "Cs"})
    joined = " ".join(visible.split())
    return joined if len(joined) <= characters_max else joined[: characters_max - 1] + "…"
