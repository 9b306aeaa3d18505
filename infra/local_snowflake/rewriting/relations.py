"""Find the relations in a statement, and replace their names."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from infra.local_snowflake.language.caching import cached_by_text
from infra.local_snowflake.language.names import NAME_PARTS_MAX, ObjectName, PartialName, quote
from infra.local_snowflake.language.tokens import Edit, Reader, Token, apply, tokenize
from infra.local_snowflake.sessions import Session

_AFTER_RELATIONS = frozenset(
    {
        *("WHERE", "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "ASOF", "ON", "USING", "GROUP"),
        *("ORDER", "HAVING", "QUALIFY", "LIMIT", "OFFSET", "FETCH", "UNION", "INTERSECT", "EXCEPT", "MINUS", "WINDOW"),
        *("SAMPLE", "TABLESAMPLE", "LATERAL", "PIVOT", "UNPIVOT", "AT", "BEFORE"),
    }
)
"""Words that can follow a relation in FROM, so they are no alias."""
_MODIFIERS = (
    "TRANSIENT",
    "SECURE",
    "RECURSIVE",
    "MATERIALIZED",
    "DYNAMIC",
    "LOCAL",
    "GLOBAL",
    "SCOPED",
    "TEMPORARY",
    "TEMP",
)


@dataclass(frozen=True, slots=True)
class Target:
    """The table or view of a CREATE, DROP or ALTER.

    Args:
        verb: CREATE, DROP or ALTER.
        name: as written.
        modifiers: words between the verb and TABLE or VIEW.
    """

    verb: str
    name: PartialName
    modifiers: tuple[Token, ...]

    @property
    def temporary(self) -> bool:
        """Whether it is temporary."""
        return any(token.keyword in {"TEMPORARY", "TEMP"} for token in self.modifiers)


@cached_by_text
def target(sql: str) -> Target | None:
    """Return the target of a statement that creates, drops or alters a table or view; None for any other."""
    reader = Reader(sql)
    verb = next((verb for verb in ("CREATE", "DROP", "ALTER") if reader.accept(verb)), None)
    if verb is None:
        return None
    reader.accept("OR", "REPLACE")
    modifiers = []
    while (token := reader.peek()) and token.keyword in _MODIFIERS:
        modifiers.append(reader.take())
    if not (reader.accept("TABLE") or reader.accept("VIEW")):
        return None
    _ = reader.accept("IF", "NOT", "EXISTS") or reader.accept("IF", "EXISTS")
    following = reader.peek()
    if following is None or not following.is_name:
        return None
    return Target(verb, reader.name(), tuple(modifiers))


def without_modifiers(sql: str, found: Target) -> str:
    """Return the statement without TEMPORARY and its synonyms."""
    words = {"LOCAL", "GLOBAL", "SCOPED", "TEMPORARY", "TEMP"}
    return apply(sql, [Edit(token.start, token.end, "") for token in found.modifiers if token.keyword in words])


def as_relation(query: str, name: str, following: Token | None) -> str:
    """Return a query that takes the place of a relation; it keeps the relation's name unless an alias follows."""
    aliased = following is not None and following.is_name and following.keyword not in _AFTER_RELATIONS
    return f"({query})" if aliased else f"({query}) AS {quote(name)}"


def chains(sql: str) -> Iterator[list[Token]]:
    """Yield the dotted names of a statement, including columns and functions."""
    tokens = tokenize(sql)
    index = 0
    while index < len(tokens):
        if not tokens[index].is_name:
            index += 1
            continue
        chain = [tokens[index]]
        while index + 2 < len(tokens) and tokens[index + 1].text == "." and tokens[index + 2].is_name:
            chain.append(tokens[index + 2])
            index += 2
        index += 1
        yield chain


def named(chain: list[Token], wanted: Container[ObjectName], session: Session) -> tuple[ObjectName, Token] | None:
    """Return the wanted relation at the start of a dotted name, and the last token of its name; None without one."""
    for length in range(min(NAME_PARTS_MAX, len(chain)), 0, -1):
        if length < NAME_PARTS_MAX and not (session.database and session.schema):
            return None
        name = session.full(PartialName(tuple(token.name for token in chain[:length])))
        if name in wanted:
            return name, chain[length - 1]
    return None


def with_other_names(sql: str, others: Mapping[ObjectName, ObjectName], session: Session) -> str:
    """Return the statement with other names for these relations."""
    found = [named(chain, others, session) for chain in chains(sql)] if others else []
    return apply(sql, [Edit(hit[1].start, hit[1].end, quote(others[hit[0]].name)) for hit in found if hit])
