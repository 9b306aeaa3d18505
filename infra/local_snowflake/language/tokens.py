"""Split SQL into tokens, and read them one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from infra.local_snowflake.errors import SyntaxRefusedError
from infra.local_snowflake.language.caching import cached_by_text
from infra.local_snowflake.language.names import NAME_PARTS_MAX, PartialName


class Kind(Enum):
    """The kinds of tokens."""

    WORD = auto()
    QUOTED = auto()
    STRING = auto()
    NUMBER = auto()
    SYMBOL = auto()


_LEXER = re.compile(
    r"""
    (?P<skip> \s+ | --[^\n]* | //[^\n]* | /\*.*?\*/ )
    | (?P<STRING> '(?:[^'\\]|\\.|'')*' | \$\$.*?\$\$ )
    | (?P<QUOTED> "(?:[^"]|"")+" )
    | (?P<WORD> [A-Za-z_][A-Za-z0-9_$]* )
    | (?P<NUMBER> \d+(?:\.\d+)? )
    | (?P<SYMBOL> => | :: | \|\| | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_KINDS: dict[str | None, Kind] = {kind.name: kind for kind in Kind}
_ESCAPE = re.compile(r"\\(.)|''", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0"}


class Token(NamedTuple):
    """One token and its position.

    Args:
        kind: of the token.
        text: as written.
        start: index of its first character.
        end: index after its last character.
    """

    kind: Kind
    text: str
    start: int
    end: int

    @property
    def keyword(self) -> str:
        """The word in upper case; empty for any other kind."""
        return self.text.upper() if self.kind is Kind.WORD else ""

    @property
    def is_name(self) -> bool:
        """Whether it can be one part of an object's name."""
        return self.kind in {Kind.WORD, Kind.QUOTED}

    @property
    def name(self) -> str:
        """The name as Snowflake stores it: folded to upper case unless quoted."""
        return self.text[1:-1].replace('""', '"') if self.kind is Kind.QUOTED else self.text.upper()

    @property
    def string(self) -> str:
        """The value of a string literal."""
        if self.text.startswith("$$"):
            return self.text[2:-2]
        return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]) if found[1] else "'", self.text[1:-1])


def tokenize(sql: str) -> list[Token]:
    """Split a statement into tokens without blanks and comments; an unclosed quote is a symbol."""
    return list(_tokens(sql))


@cached_by_text
def _tokens(sql: str) -> tuple[Token, ...]:
    return tuple(
        Token(_KINDS[found.lastgroup], found[0], *found.span())
        for found in _LEXER.finditer(sql)
        if found.lastgroup in _KINDS
    )


@dataclass(frozen=True, slots=True)
class Edit:
    """A replacement of the characters from `start` to `end`."""

    start: int
    end: int
    text: str


def apply(sql: str, edits: list[Edit]) -> str:
    """Apply edits, which must not overlap."""
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        sql = sql[: edit.start] + edit.text + sql[edit.end :]
    return sql


class Reader:
    """Read the tokens of one statement from left to right.

    Args:
        sql: the statement, with or without a semicolon at its end.
    """

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self._tokens = tokenize(sql)
        while self._tokens and self._tokens[-1].text == ";":
            self._tokens.pop()
        self._next = 0

    @property
    def done(self) -> bool:
        """Whether every token was read."""
        return self._next >= len(self._tokens)

    @property
    def rest(self) -> list[Token]:
        """The tokens that were not read."""
        return self._tokens[self._next :]

    @property
    def rest_text(self) -> str:
        """The text after the last token that was read."""
        return self.sql[self._tokens[self._next - 1].end :] if self._next else self.sql

    @property
    def position(self) -> int:
        """The index in the text after the last token that was read."""
        return self._tokens[self._next - 1].end if self._next else 0

    def peek(self, ahead: int = 0) -> Token | None:
        """Return a token without reading it; None after the last."""
        index = self._next + ahead
        return self._tokens[index] if index < len(self._tokens) else None

    def take(self) -> Token:
        """Read one token of any kind."""
        token = self.peek()
        if token is None:
            raise SyntaxRefusedError("SQL compilation error:\nsyntax error: unexpected end of statement.")
        self._next += 1
        return token

    def accept(self, *words: str) -> bool:
        """Read these words or symbols if they come next in this order; return whether they did."""
        for ahead, word in enumerate(words):
            token = self.peek(ahead)
            if token is None or word not in {token.keyword, token.text}:
                return False
        self._next += len(words)
        return True

    def expect(self, *words: str) -> None:
        """Read these words or symbols, or raise a `SyntaxRefusedError`."""
        if not self.accept(*words):
            raise self.unexpected()

    def expect_end(self) -> None:
        """Raise a `SyntaxRefusedError` if tokens are left."""
        if not self.done:
            raise self.unexpected()

    def unexpected(self) -> SyntaxRefusedError:
        """Return the error for the next token, with Snowflake's text."""
        token = self.peek()
        if token is None:
            return SyntaxRefusedError("SQL compilation error:\nsyntax error: unexpected end of statement.")
        line = self.sql.count("\n", 0, token.start) + 1
        position = token.start - (self.sql.rfind("\n", 0, token.start) + 1)
        text = f"syntax error line {line} at position {position} unexpected '{token.text[:80]}'."
        return SyntaxRefusedError(f"SQL compilation error:\n{text}")

    def name(self) -> PartialName:
        """Read an object's name of one to three parts, or IDENTIFIER('...') around one."""
        if self.accept("IDENTIFIER", "("):
            inner = Reader(self.string())
            self.expect(")")
            return inner.name()
        parts = [self._name_part()]
        while len(parts) < NAME_PARTS_MAX and self.accept("."):
            parts.append(self._name_part())
        return PartialName(tuple(parts))

    def _name_part(self) -> str:
        token = self.peek()
        if token is None or not token.is_name:
            raise self.unexpected()
        return self.take().name

    def string(self) -> str:
        """Read a string literal."""
        token = self.peek()
        if token is None or token.kind is not Kind.STRING:
            raise self.unexpected()
        return self.take().string

    def boolean(self) -> bool:
        """Read TRUE or FALSE, quoted or not."""
        token = self.take()
        text = token.string.upper() if token.kind is Kind.STRING else token.keyword
        if text not in {"TRUE", "FALSE"}:
            self._next -= 1
            raise self.unexpected()
        return text == "TRUE"

    def adjacent(self) -> str:
        """Read the text directly after the last token, up to a blank, a comma, a bracket or a semicolon."""
        start = end = self._tokens[self._next - 1].end
        while (token := self.peek()) and token.start == end and token.text not in {",", "(", ")", ";"}:
            end = self.take().end
        return self.sql[start:end]

    def span(self, *stops: str) -> str:
        """Read the text up to, and without, a word or symbol outside of brackets; empty text is refused."""
        depth = 0
        first = self.peek()
        end = first.start if first else 0
        while (token := self.peek()) and not (depth == 0 and (token.text in stops or token.keyword in stops)):
            depth += (token.text in "([") - (token.text in ")]")
            if depth < 0:
                break
            end = self.take().end
        if first is None or end == first.start:
            raise self.unexpected()
        return self.sql[first.start : end]

    def group(self) -> Iterator[None]:
        """Read `( ... )`: yield before each item; commas between items are optional."""
        self.expect("(")
        while not self.accept(")"):
            yield
            self.accept(",")
