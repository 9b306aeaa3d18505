"""Find the comments, strings and template tags of an SQL text before it is SQL, in time linear in its length."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from orchestration.metapipeline.sql.dialects import Dialect

_NOTABLE = re.compile(r"[{'\"`$/#-]")
_CLOSED = re.compile(r"\{%-?\s*(form|comment|raw|doc)\b[^%]{0,200}%\}")
_DOLLARS = re.compile(r"\$(?:[A-Za-z_]\w*)?\$")
TAG_CHARACTERS_MAX = 10_000


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
    tags = _Tags(text, templated=templated)
    position = code = 0
    while notable := _NOTABLE.search(text, position):
        position = notable.start()
        pieces: list[Piece] = []
        if found := tags.at(position):
            pieces = [found]
        elif ending := _comment_end(text, position, dialect):
            pieces = list(_with_tags(text[position:ending], PieceKind.COMMENT, templated=templated))
        elif ending := _string_end(text, position, dialect, tags):
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
    tags = _Tags(text, templated=templated)
    position = start = 0
    while (position := text.find("{", position)) >= 0:
        found = tags.at(position)
        if found is None:
            position += 1
            continue
        if start < position:
            yield Piece(kind, text[start:position], commented)
        yield Piece(found.kind, found.text, commented)
        position = start = position + len(found.text)
    if start < len(text):
        yield Piece(kind, text[start:], commented)


_ENDINGS = {"{{": ("}}", PieceKind.OUTPUT), "{%": ("%}", PieceKind.TAG), "{#": ("#}", PieceKind.NOTE)}


class _Tags:
    """The tags of one text; it remembers which endings no longer come."""

    def __init__(self, text: str, *, templated: bool) -> None:
        self._text = text
        self._last = {ending: text.rfind(ending) if templated else -1 for ending, _ in _ENDINGS.values()}
        self._unclosed: set[str] = set()

    def at(self, position: int) -> Piece | None:
        """Return the tag that starts at a position."""
        opening = self._text[position : position + 2]
        if opening not in _ENDINGS:
            return None
        ending, kind = _ENDINGS[opening]
        if self._last[ending] < position + 2:
            return None
        if block := self._block(position):
            return block
        end = -1 if kind is PieceKind.NOTE else _outside_quotes(self._text, position + 2, ending)
        end = end if end >= 0 else self._text.find(ending, position + 2)
        return Piece(kind, self._text[position : end + 2])

    def _block(self, position: int) -> Piece | None:
        opening = _CLOSED.match(self._text, position)
        if opening is None or opening[1] in self._unclosed:
            return None
        last = re.compile(r"\{%-?\s*end" + opening[1] + r"\s*-?%\}").search(self._text, opening.end())
        if last is None:
            self._unclosed.add(opening[1])
            return None
        return Piece(PieceKind.CLOSED, self._text[position : last.end()])


def _outside_quotes(text: str, start: int, ending: str) -> int:
    """Find the end of a tag that does not lie in quotes or braces of its expression; -1 when there is none."""
    quote = ""
    braces = 0
    for position in range(start, min(len(text), start + TAG_CHARACTERS_MAX)):
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


def _string_end(text: str, position: int, dialect: Dialect, tags: _Tags) -> int:
    """Return the end of the string that starts here; one that is not closed takes the rest of the text."""
    quote = text[position]
    if quote == "$":
        return _dollar_string_end(text, position, dialect)
    if quote not in "'\"`":
        return 0
    escapes = dialect.backslash and quote == "'"
    notable = _IN_STRING[quote]
    here = position + 1
    while found := notable.search(text, here):
        here = found.start()
        if tag := tags.at(here):
            here += len(tag.text)
        elif text[here] == "\\":
            here += 2 if escapes else 1
        elif text[here] == quote and not text.startswith(quote, here + 1):
            return here + 1
        else:
            here += 2 if text[here] == quote else 1
    return len(text)


_IN_STRING = {quote: re.compile(r"[{\\" + quote + "]") for quote in "'\"`"}


def _dollar_string_end(text: str, position: int, dialect: Dialect) -> int:
    opening = _DOLLARS.match(text, position) if dialect.dollar_strings else None
    named = opening is not None and opening[0] != "$$"
    within_name = position > 0 and (text[position - 1].isalnum() or text[position - 1] == "_")
    if opening is None or within_name or (named and dialect.name == "snowflake"):
        return 0
    end = text.find(opening[0], opening.end())
    return end + len(opening[0]) if end >= 0 else len(text)
