"""Find the comments, strings and template tags of an SQL text before it is SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from orchestration.metapipeline.sql.dialects import Dialect

_NOTABLE = re.compile(r"[{'\"`$/#-]")
_CLOSED = re.compile(r"\{%-?\s*(form|comment|raw|doc)\b.*?%\}", re.DOTALL)
_DOLLARS = re.compile(r"\$[A-Za-z_]*\$")


class PieceKind(Enum):
    """What a piece of the text is."""

    CODE = auto()
    STRING = auto()
    """A string or a quoted name, without the tags in it."""
    COMMENT = auto()
    OUTPUT = auto()
    """`{{ … }}`"""
    TAG = auto()
    """`{% … %}`"""
    CLOSED = auto()
    """A block whose content is no SQL or no template: form, comment, raw."""
    NOTE = auto()
    """`{# … #}`"""


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a text.

    Args:
        kind: of the piece.
        text: as written.
        commented: whether it lies in an SQL comment.
    """

    kind: PieceKind
    text: str
    commented: bool = False


def scan(text: str, dialect: Dialect, *, templated: bool) -> Iterator[Piece]:
    """Split a text into pieces; their texts joined are the text.

    Args:
        text: as its author wrote it.
        dialect: of the text.
        templated: whether `{{ }}`, `{% %}` and `{# #}` are tags.
    """
    position = code = 0
    while notable := _NOTABLE.search(text, position):
        position = notable.start()
        found = _tag(text, position) if templated else None
        pieces: list[Piece] = []
        if found:
            pieces = [found]
        elif ending := _comment_end(text, position, dialect):
            pieces = list(_with_tags(text[position:ending], PieceKind.COMMENT, templated=templated))
        elif ending := _string_end(text, position, dialect, templated=templated):
            pieces = list(_with_tags(text[position:ending], PieceKind.STRING, templated=templated))
        if not pieces:
            position += 1
            continue
        if code < position:
            yield Piece(PieceKind.CODE, text[code:position])
        yield from pieces
        position = code = position + sum(len(piece.text) for piece in pieces)
    if code < len(text):
        yield Piece(PieceKind.CODE, text[code:])


def _with_tags(text: str, kind: PieceKind, *, templated: bool) -> Iterator[Piece]:
    """Split a comment or a string at its tags."""
    commented = kind is PieceKind.COMMENT
    position = start = 0
    while templated and (position := text.find("{", position)) >= 0:
        found = _tag(text, position)
        if found is None:
            position += 1
            continue
        if start < position:
            yield Piece(kind, text[start:position], commented)
        yield Piece(found.kind, found.text, commented)
        position = start = position + len(found.text)
    if start < len(text):
        yield Piece(kind, text[start:], commented)


_TAGS = {"{{": ("}}", PieceKind.OUTPUT), "{%": ("%}", PieceKind.TAG), "{#": ("#}", PieceKind.NOTE)}


def _tag(text: str, position: int) -> Piece | None:
    if text[position] != "{":
        return None
    ending, kind = _TAGS.get(text[position : position + 2], (None, None))
    if ending is None or kind is None:
        return None
    if closed := _CLOSED.match(text, position):
        last = re.compile(r"\{%-?\s*end" + closed[1] + r"\s*-?%\}").search(text, closed.end())
        if last:
            return Piece(PieceKind.CLOSED, text[position : last.end()])
    end = _outside_quotes(text, position + 2, ending) if kind is not PieceKind.NOTE else -1
    end = end if end >= 0 else text.find(ending, position + 2)
    return Piece(kind, text[position : end + 2]) if end >= 0 else None


_TAG_CHARACTERS_MAX = 10_000


def _outside_quotes(text: str, start: int, ending: str) -> int:
    """Find the end of a tag that does not lie in quotes or braces of its expression; -1 when there is none."""
    quote = ""
    braces = 0
    for position in range(start, min(len(text), start + _TAG_CHARACTERS_MAX)):
        character = text[position]
        if quote:
            quote = "" if character == quote else quote
        elif not braces and text.startswith(ending, position):
            return position
        elif character in "'\"":
            quote = character
        elif character in "{}":
            braces = max(0, braces + (1 if character == "{" else -1))
    return -1


def _comment_end(text: str, position: int, dialect: Dialect) -> int:
    if text.startswith("/*", position):
        end = text.find("*/", position + 2)
        return end + 2 if end >= 0 else len(text)
    if any(text.startswith(start, position) for start in dialect.comments):
        end = text.find("\n", position)
        return end if end >= 0 else len(text)
    return 0


def _string_end(text: str, position: int, dialect: Dialect, *, templated: bool) -> int:
    quote = text[position]
    if quote == "$" and dialect.dollar_strings:
        opening = _DOLLARS.match(text, position)
        end = text.find(opening[0], opening.end()) if opening else -1
        return end + len(opening[0]) if opening and end >= 0 else 0
    if quote not in "'\"`":
        return 0
    escapes = dialect.backslash and quote == "'"
    notable = re.compile(r"[{\\" + quote + "]")
    here = position + 1
    while found := notable.search(text, here):
        here = found.start()
        tag = _tag(text, here) if templated else None
        if tag:
            here += len(tag.text)
        elif (escapes and text[here] == "\\") or (text[here] == quote and text.startswith(quote, here + 1)):
            here += 2
        elif text[here] == quote:
            return here + 1
        else:
            here += 1
    return 0
