"""Let statements that name a METADATA$ column of an external table read it.

The view of a table has no metadata columns, because `SELECT *` returns none. Where a statement names one, its external
tables are replaced by the views with all columns, and its stars exclude the metadata columns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.local_snowflake.external_tables.reading.views import METADATA_COLUMNS, public_columns
from infra.local_snowflake.language.names import ObjectName, quote
from infra.local_snowflake.language.tokens import Edit, Kind, Token, apply, tokenize
from infra.local_snowflake.objects.stored import ExternalTable
from infra.local_snowflake.rewriting.relations import named
from infra.local_snowflake.sessions import Session

_ENDS_FROM = frozenset(
    {"WHERE", "GROUP", "HAVING", "QUALIFY", "ORDER", "LIMIT", "FETCH", "OFFSET", "UNION", "EXCEPT", "MINUS"}
    | {"INTERSECT", "WINDOW", "CONNECT", "START", "WHEN", "SET", ";"}
)
_NO_ALIAS = _ENDS_FROM | frozenset(
    {"ON", "USING", "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "ASOF", "LATERAL", "SAMPLE"}
    | {"TABLESAMPLE", "PIVOT", "UNPIVOT", "AT", "BEFORE", "CHANGES", "MATCH_RECOGNIZE", "MATCH_CONDITION"}
)
_NAMED = re.compile(r"METADATA\$|\$[0-9]", re.IGNORECASE)
_HIDDEN = ", ".join(quote(name) for name in METADATA_COLUMNS)


@dataclass(slots=True)
class _Select:
    """One SELECT: its stars and its columns by number, and the external tables of its FROM by their aliases."""

    stars: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    in_from: bool = False
    external: dict[str, ExternalTable] = field(default_factory=dict)
    relation_next: bool = False


def with_metadata_columns(sql: str, tables: Mapping[ObjectName, ExternalTable], session: Session) -> str:
    """Return the statement with the views that have the metadata columns, if it names one."""
    if not tables or not _NAMED.search(sql):
        return sql
    return apply(sql, _Rewriting(tokenize(sql), tables, session).edits())


class _Rewriting:
    def __init__(self, tokens: list[Token], tables: Mapping[ObjectName, ExternalTable], session: Session) -> None:
        self._tokens = tokens
        self._tables = tables
        self._session = session
        self._edits: list[Edit] = []
        self._shadows = _common_table_ends(tokens)

    def edits(self) -> list[Edit]:
        """Return the edits of the statement."""
        open_selects: list[_Select | None] = [None]
        index = 0
        while index < len(self._tokens):
            token = self._tokens[index]
            select = open_selects[-1]
            if self._is_number(index) and (enclosing := next((each for each in reversed(open_selects) if each), None)):
                enclosing.numbers.append(index)
            if token.text == "(":
                if select:
                    select.relation_next = False
                open_selects.append(None)
            elif token.text == ")":
                self._finish(select)
                if len(open_selects) > 1:
                    open_selects.pop()
            elif token.keyword == "SELECT":
                self._finish(select)
                open_selects[-1] = _Select()
            elif select or token.keyword in {"USING", "FROM"}:
                select = open_selects[-1] = select or _Select(in_from=True)
                index = self._step(index, token, select)
            index += 1
        for select in open_selects:
            self._finish(select)
        return self._edits

    def _step(self, index: int, token: Token, select: _Select) -> int:
        """Read one token of a SELECT outside of its brackets; return the index of the last token that was read."""
        if token.keyword in {"FROM", "JOIN", "USING"}:
            select.in_from = select.relation_next = True
        elif token.keyword in _ENDS_FROM:
            select.in_from = select.relation_next = False
        elif select.in_from and token.text == ",":
            select.relation_next = True
        elif select.relation_next and token.is_name and token.keyword != "LATERAL":
            select.relation_next = False
            return self._relation(index, select)
        elif not select.in_from and token.text == "*" and self._is_star(index):
            select.stars.append(index)
        return index

    def _is_number(self, index: int) -> bool:
        """Return whether `$1` begins here."""
        mark, number = self._tokens[index], self._token(index + 1)
        return mark.text == "$" and number is not None and number.kind is Kind.NUMBER and mark.end == number.start

    def _relation(self, index: int, select: _Select) -> int:
        last = index
        while self._text(last + 1) == "." and self._token(last + 2) and self._tokens[last + 2].is_name:
            last += 2
        chain = self._tokens[index : last + 1 : 2]
        hit = named(chain, self._tables, self._session)
        if hit is None or hit[1] is not chain[-1] or self._shadowed(chain):
            return last
        following = self._token(last + 1)
        aliased = following is not None and following.is_name and following.keyword not in _NO_ALIAS
        alias = "" if aliased else f" AS {quote(hit[0].name)}"
        named_as = self._token(last + 2) if following and following.keyword == "AS" else following
        select.external[named_as.name if aliased and named_as else hit[0].name] = self._tables[hit[0]]
        self._edits.append(Edit(chain[0].start, chain[-1].end, self._tables[hit[0]].whole_sql + alias))
        return last

    def _shadowed(self, chain: list[Token]) -> bool:
        end = self._shadows.get(chain[0].name) if len(chain) == 1 else None
        return end is not None and chain[0].start > end

    def _is_star(self, index: int) -> bool:
        before = self._token(index - 1) if index else None
        return before is not None and (before.keyword in {"SELECT", "DISTINCT", "ALL"} or before.text in {",", "."})

    def _finish(self, select: _Select | None) -> None:
        if not select or not select.external:
            return
        for index in select.stars:
            qualified = self._tokens[index - 1].text == "."
            if not qualified or self._tokens[index - 2].name in select.external:
                self._exclude(index)
        for index in select.numbers:
            self._replace_number(index, select)
        select.stars, select.numbers = [], []

    def _replace_number(self, index: int, select: _Select) -> None:
        """Replace `$1`, `$2` by VALUE and the columns of the one external table, or of the one that it names."""
        qualified = index > 1 and self._tokens[index - 1].text == "."
        table = select.external.get(self._tokens[index - 2].name) if qualified else None
        if not qualified and len(select.external) == 1:
            table = next(iter(select.external.values()))
        number = self._tokens[index + 1]
        columns = public_columns(table) if table else []
        if number.text.isdecimal() and 0 < int(number.text) <= len(columns):
            self._edits.append(Edit(self._tokens[index].start, number.end, quote(columns[int(number.text) - 1])))

    def _exclude(self, index: int) -> None:
        star, following = self._tokens[index], self._token(index + 1)
        if following is None or following.keyword != "EXCLUDE":
            self._edits.append(Edit(star.end, star.end, f" EXCLUDE ({_HIDDEN})"))
            return
        excluded = self._token(index + 2)
        if excluded and excluded.text == "(":
            self._edits.append(Edit(excluded.end, excluded.end, f"{_HIDDEN}, "))
        elif excluded:
            self._edits.append(Edit(excluded.start, excluded.end, f"({_HIDDEN}, {excluded.text})"))

    def _token(self, index: int) -> Token | None:
        return self._tokens[index] if index < len(self._tokens) else None

    def _text(self, index: int) -> str:
        token = self._token(index)
        return token.text if token else ""


def _common_table_ends(tokens: list[Token]) -> dict[str, int]:
    """Return the names of common table expressions, with the end of each one's query."""
    ends: dict[str, int] = {}
    for index in range(1, len(tokens) - 2):
        before, name = tokens[index - 1], tokens[index]
        starts = before.keyword in {"WITH", "RECURSIVE"} or before.text == ","
        if starts and name.is_name and tokens[index + 1].keyword == "AS" and tokens[index + 2].text == "(":
            ends.setdefault(name.name, _closing(tokens, index + 2))
    return ends


def _closing(tokens: list[Token], opening: int) -> int:
    depth = 0
    for token in tokens[opening:]:
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0:
            return token.end
    return tokens[-1].end
