"""Text from the world in Markdown: it shows as it is, and does nothing.

A pull request is read by people, by GitHub (mentions, references, closing words, links) and by bots, which read the
raw text. A zero-width space breaks every such word, in the raw text, too.
"""

from __future__ import annotations

import re
import unicodedata

CHARACTERS_MAX = 300
_BREAK = "\u200b"
_RAW_TRIGGERS = re.compile(r"(?<=[@#<\[])(?=\S)|(?<=\bgh)(?=-\d)", re.IGNORECASE)
"""Mentions, references, HTML and `[skip ci]`: what machines find in the raw text, even in a code span."""
_TRIGGERS = re.compile(
    r"(?<=[@#!<\[])(?=\S)|(?<=:)(?=//)|(?<=www)(?=\.)"
    r"|(?<=^/)(?=\w)|(?<=\s/)(?=\w)"  # commands to bots
    r"|(?<=\bgh)(?=-\d)"  # GH-123
    r"|(?<=[0-9a-f]{6})(?=[0-9a-f])",  # ids of commits
    re.IGNORECASE,
)
_PUNCTUATION = re.compile(r"([\\\\`*_\[\]<>#|~$:&!{}]|^[-+=])")
_NUMBERED = re.compile(r"^(\d+)([.)])(?=\s|$)")
_CLOSING = re.compile(r"\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b", re.IGNORECASE)


def prose(text: str) -> str:
    """Escape a sentence: no Markdown, no HTML, no mention, no reference, no command; one line."""
    shown = _TRIGGERS.sub(_BREAK, _plain(text)[:CHARACTERS_MAX])
    shown = _CLOSING.sub(lambda found: found[0][:2] + _BREAK + found[0][2:], shown)
    return _NUMBERED.sub(r"\1\\\2", _PUNCTUATION.sub(r"\\\1", shown)) or "?"


def code(text: str) -> str:
    """Return a code span of a name or a path."""
    shown = _RAW_TRIGGERS.sub(_BREAK, _plain(text)[:CHARACTERS_MAX]) or "?"
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    space = " " if "`" in (shown[0], shown[-1]) else ""
    return f"{fence}{space}{shown}{space}{fence}"


def word(text: str) -> str:
    """Return a name with letters, digits, `_`, `-` and `.` only, for a title or the message of a commit."""
    plain = re.sub(r"[^\w.-]", "?", _plain(text), flags=re.ASCII)[:80]
    return re.sub(r"\b(gh)-(?=\d)", r"\1?", plain, flags=re.IGNORECASE)


def _plain(text: str) -> str:
    """Return the text in one line, without control, format and private characters."""
    kept = (" " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in text)
    return " ".join(
        "".join(char for char in kept if unicodedata.category(char) not in ("Cf", "Cs", "Co", "Cn")).split()
    )
