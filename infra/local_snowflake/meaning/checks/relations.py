"""Refuse relations that are none of Snowflake's: files, and the catalogs of DuckDB and of this server."""

from __future__ import annotations

import re
from functools import cache

import duckdb
from sqlglot import Expr, exp

from infra.local_snowflake.language.names import NAME_PARTS_MAX
from infra.local_snowflake.language.tokens import Kind, tokenize
from infra.local_snowflake.meaning.refusals.errors import COMPILATION, EngineRefusedError
from infra.local_snowflake.meaning.refusals.places import unexpected
from infra.local_snowflake.rewriting.relations import chains

_BEFORE_RELATIONS = frozenset({"FROM", "JOIN", "USING", "INTO", "UPDATE", "TABLE", "VIEW", ","})
_OWN_PREFIX = "_FS_"
"""Begins the names of the databases in which fakesnow and this server keep their tables."""
_ENGINE_DATABASES = frozenset({"SYSTEM", "TEMP", "MEMORY"})
_NOT_OF_CLIENTS = re.compile("|".join((_OWN_PREFIX, *sorted(_ENGINE_DATABASES))), re.IGNORECASE)
_ENGINE_SCHEMAS = frozenset({"", "MAIN", "PG_CATALOG"})
_PATH = re.compile(r"://|/.*\.(?:csv|tsv|txt|json|jsonl|ndjson|parquet|db|duckdb)(?:\.\w+)?$", re.IGNORECASE)
"""A name that DuckDB would read as the path of a file, if there is no table of it."""
_CATALOG_VIEWS = "SELECT view_name FROM duckdb_views() WHERE internal AND schema_name <> 'information_schema'"


def require_own_databases(sql: str) -> None:
    """Refuse a name in a database that is no client's; call it before the statement is rewritten.

    Raises:
        EngineRefusedError: 2003, as for a database that does not exist.
    """
    if not _NOT_OF_CLIENTS.search(sql):  # the tokens of thousands of rows take their time
        return
    for chain in chains(sql):
        first = chain[0].name.upper()
        own = first.startswith(_OWN_PREFIX) and len(chain) > 1
        if own or (first in _ENGINE_DATABASES and len(chain) >= NAME_PARTS_MAX):
            raise _missing("Database", first)


def require_relations(tree: Expr, sql: str) -> None:
    """Refuse the path of a file in FROM, and the views of DuckDB's own catalog.

    Raises:
        EngineRefusedError: 1003 for a path as text, 2003 for a name.
    """
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Literal):
            raise _text(table.this.name, sql)
        if _PATH.search(table.name) or _is_of_engine(table):
            raise _missing("Object", table.name, "42S02")


def _text(path: str, sql: str) -> EngineRefusedError:
    tokens = tokenize(sql)
    for index, token in enumerate(tokens[1:], 1):
        before = tokens[index - 1]
        is_relation = before.keyword in _BEFORE_RELATIONS or before.text in _BEFORE_RELATIONS
        if token.kind is Kind.STRING and token.string == path and is_relation:
            return unexpected(sql, tokens, index)
    return unexpected(sql, tokens, len(tokens))


def _is_of_engine(table: exp.Table) -> bool:
    schema = table.db.upper()
    return schema == "PG_CATALOG" or (schema in _ENGINE_SCHEMAS and table.name.lower() in _catalog_views())


@cache
def _catalog_views() -> frozenset[str]:
    with duckdb.connect() as connection:
        return frozenset(row[0].lower() for row in connection.execute(_CATALOG_VIEWS).fetchall())


def _missing(kind: str, name: str, sqlstate: str = "02000") -> EngineRefusedError:
    return EngineRefusedError(2003, sqlstate, f"{COMPILATION}{kind} '{name}' does not exist or not authorized.")
