"""Read the statement of an external table that GET_DDL returns.

create or replace external table T(
    DAY DATE AS (TO_DATE(SPLIT_PART(METADATA$FILENAME, '/', 2))),
    "id" VARCHAR(20) AS (VALUE:id::VARCHAR))
partition by (DAY)
location=@S/x/
auto_refresh=false
pattern='.*[.]json'
file_format=(TYPE='JSON' NULL_IF=('a', 'b'))
;
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from snowflake_components.describing.errors import NotDescribableError
from snowflake_components.identifiers import Identifier

_TOKEN = re.compile(
    r"(?P<text>'(?:[^'\\]|\\.|'')*')|(?P<name>\"(?:[^\"]|\"\")*\")|(?P<word>[\w$]+)|(?P<space>\s+)|(?P<other>.)",
    re.DOTALL,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_HEAD = "create or replace external table"


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ColumnDdl:
    """A column: name, type as Snowflake stores it, expression without brackets, and what else is behind it."""

    name: Identifier
    type_sql: str
    expression: str
    rest: str = ""


@dataclass(slots=True)
class ExternalTableDdl:
    """The parts of the statement."""

    columns: list[ColumnDdl] = field(default_factory=list)
    partition_by: list[Identifier] = field(default_factory=list)
    properties: dict[str, Any] = field(default_factory=dict)
    """By name in upper case: a bool, a text, or a mapping for FILE_FORMAT."""


def read_ddl(sql: str) -> ExternalTableDdl:
    """Read the statement.

    Raises:
        NotDescribableError: it has another form.
    """
    return _Reader(sql).read()


class _Reader:
    def __init__(self, sql: str) -> None:
        self._sql = sql
        self._tokens = list(_tokens(sql))
        self._at = 0

    def read(self) -> ExternalTableDdl:
        found = ExternalTableDdl()
        if " ".join(self._sql.lower().split()[:5]) != _HEAD:
            raise NotDescribableError("its statement is no external table")
        for _ in range(len(_HEAD.split()) + 1):
            self._take()
        while self._peek() == ".":
            self._take()
            self._take()
        if self._peek() == "(":  # a table whose only column is VALUE has no brackets
            found.columns = [self._column(tokens) for tokens in _split(self._group())]
        while not self._done and self._peek() != ";":
            word = self._take().text.upper()
            if word == "PARTITION" and self._peek().upper() == "BY":
                self._take()
                found.partition_by = [_name(tokens[0]) for tokens in _split(self._group())]
            elif self._peek() == "=":
                self._take()
                found.properties[word] = self._value(word)
            else:
                raise NotDescribableError(f"its statement has {word}")
        return found

    @property
    def _done(self) -> bool:
        return self._at >= len(self._tokens)

    def _peek(self) -> str:
        return "" if self._done else self._tokens[self._at].text

    def _take(self) -> _Token:
        if self._done:
            raise NotDescribableError("its statement ends early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _group(self) -> list[_Token]:
        """Take what is between the bracket that is next and the one that closes it."""
        self._take()
        inner: list[_Token] = []
        depth = 1
        while True:
            token = self._take()
            depth += (token.text == "(") - (token.text == ")")
            if depth == 0:
                return inner
            inner.append(token)

    def _column(self, tokens: list[_Token]) -> ColumnDdl:
        keyword = next((at for at, one in enumerate(tokens) if one.kind == "word" and one.text.upper() == "AS"), None)
        if keyword is None or keyword < 2 or keyword + 1 >= len(tokens):  # noqa: PLR2004 - name, type, AS, expression
            raise NotDescribableError(f"its column {tokens[0].text} has no expression")
        opened, closed, depth = keyword + 1, len(tokens), 0
        for at in range(opened, len(tokens)):
            depth += (tokens[at].text == "(") - (tokens[at].text == ")")
            if depth == 0:
                closed = at
                break
        bracketed = tokens[opened].text == "("
        inner = tokens[opened + 1 : closed] if bracketed else tokens[opened:]
        rest = tokens[closed + 1 :] if bracketed else []
        return ColumnDdl(_name(tokens[0]), self._text(tokens[1:keyword]), self._text(inner), self._text(rest))

    def _text(self, tokens: list[_Token]) -> str:
        return self._sql[tokens[0].start : tokens[-1].end] if tokens else ""

    def _value(self, name: str) -> Any:
        if name == "LOCATION":
            start = self._take().start
            line = self._sql.index("\n", start) if "\n" in self._sql[start:] else len(self._sql)
            while not self._done and self._tokens[self._at].start < line:
                self._take()
            return self._sql[start:line].strip()
        if self._peek() == "(":
            group = self._group()
            return _options(group) if any(one.text == "=" for one in group) else [_plain(one) for one in group[::2]]
        return _plain(self._take())


def _tokens(sql: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(sql):
        if match.lastgroup != "space":
            yield _Token(str(match.lastgroup), match[0], match.start(), match.end())


def _split(tokens: list[_Token]) -> list[list[_Token]]:
    """Split at the commas that are in no bracket."""
    parts: list[list[_Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.text == "(") - (token.text == ")")
        if token.text == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]


def _options(tokens: list[_Token]) -> dict[str, Any]:
    """Read `A = x B = ('y', 'z')`, with or without commas."""
    found: dict[str, Any] = {}
    at = 0
    while at < len(tokens):
        if tokens[at].text == ",":
            at += 1
            continue
        name, at = tokens[at].text.upper(), at + 2
        if tokens[at].text != "(":
            found[name], at = _plain(tokens[at]), at + 1
            continue
        end = next(index for index in range(at, len(tokens)) if tokens[index].text == ")")
        found[name], at = [_plain(one) for one in tokens[at + 1 : end] if one.text != ","], end + 1
    return found


def _name(token: _Token) -> Identifier:
    return Identifier.parse(token.text)


def _plain(token: _Token) -> Any:
    if token.kind == "text":
        return re.sub(
            r"''|\\(.)", lambda m: _ESCAPES.get(m[1], m[1]) if m[1] else "'", token.text[1:-1], flags=re.DOTALL
        )
    upper = token.text.upper()
    if upper in {"TRUE", "FALSE"}:
        return upper == "TRUE"
    return int(upper) if upper.isdecimal() else token.text
