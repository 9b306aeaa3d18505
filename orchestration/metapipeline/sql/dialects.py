"""What differs between the SQL dialects of the connections, as far as names and comments go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from orchestration.metapipeline.errors import DialectError


def _exact(name: str) -> str:
    return name


@dataclass(frozen=True, slots=True)
class Dialect:
    """The rules of one dialect.

    Args:
        name: sqlglot's.
        fold: the case of an unquoted name of a relation, as the warehouse stores it.
        fold_quoted: likewise of a quoted name.
        fold_cte: of the name of a CTE.
        backslash: whether a backslash escapes the next character of a string.
        comments: what starts a comment to the end of the line.
        dollar_strings: whether `$$` quotes a string.
        recursive_unsaid: whether a CTE may read itself without the word RECURSIVE.
        arrays_of_rows: whether FROM may name an array column of an earlier relation.
        quote: around a quoted name.
    """

    name: str
    fold: Callable[[str], str]
    fold_quoted: Callable[[str], str] = _exact
    fold_cte: Callable[[str], str] | None = None
    backslash: bool = False
    comments: tuple[str, ...] = ("--",)
    dollar_strings: bool = False
    recursive_unsaid: bool = False
    arrays_of_rows: bool = False
    quote: str = '"'

    def written(self, parts: Iterable[str]) -> str:
        """Write a name of stored parts, each of them quoted."""
        return ".".join(f"{self.quote}{part.replace(self.quote, 2 * self.quote)}{self.quote}" for part in parts)

    def stored(self, name: str, *, quoted: bool) -> str:
        """Return a part of a relation's name as the warehouse stores it."""
        return self.fold_quoted(name) if quoted else self.fold(name)

    def stored_cte(self, name: str, *, quoted: bool) -> str:
        """Return the name of a CTE in the case in which it is looked up."""
        return self.fold_cte(name) if self.fold_cte else self.stored(name, quoted=quoted)


def _caseless(name: str, *, backslash: bool = False, quote: str = '"') -> Dialect:
    return Dialect(name, str.lower, str.lower, backslash=backslash, quote=quote)


_KNOWN: Mapping[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        Dialect(
            "snowflake",
            str.upper,
            backslash=True,
            comments=("--", "//"),
            dollar_strings=True,
            recursive_unsaid=True,
        ),
        Dialect("postgres", str.lower, dollar_strings=True),
        Dialect("redshift", str.lower, str.lower, backslash=True, dollar_strings=True, arrays_of_rows=True),
        Dialect(
            "bigquery", _exact, fold_cte=str.lower, backslash=True, comments=("--", "#"), arrays_of_rows=True, quote="`"
        ),
        Dialect("mysql", _exact, backslash=True, comments=("--", "#"), quote="`"),
        Dialect("duckdb", str.lower, str.lower, dollar_strings=True),
        Dialect("oracle", str.upper, recursive_unsaid=True),
        Dialect("tsql", str.lower, str.lower, recursive_unsaid=True),
        Dialect("clickhouse", _exact, backslash=True, comments=("--", "#")),
        *(_caseless(name) for name in ("sqlite", "trino", "presto", "athena")),
        *(_caseless(name, backslash=True, quote="`") for name in ("databricks", "spark", "hive")),
    )
}

KNOWN_DIALECTS = frozenset(_KNOWN)
"""The names of the dialects."""


def dialect_of(name: str) -> Dialect:
    """Return the rules of a dialect.

    Raises:
        DialectError: the name is not known.
    """
    if name not in _KNOWN:
        raise DialectError(f"the SQL dialect {name!r} is not known; known are {', '.join(sorted(_KNOWN))}")
    return _KNOWN[name]
