"""Refuse what Snowflake refuses and DuckDB would execute: before a statement is translated."""

from __future__ import annotations

from sqlglot import Expr

from infra.local_snowflake.meaning.checks.calls import require_known_calls
from infra.local_snowflake.meaning.checks.duplicates import require_columns_once
from infra.local_snowflake.meaning.checks.grammar import require_grammar
from infra.local_snowflake.meaning.checks.inserts import require_constant_values
from infra.local_snowflake.meaning.checks.relations import require_relations
from infra.local_snowflake.meaning.checks.types import require_types
from infra.local_snowflake.meaning.columns.kinds import Columns


def require_parsed(tree: Expr, sql: str) -> None:
    """Refuse what the text of a statement shows: its grammar, its relations, and the functions that it calls.

    Args:
        tree: as it was parsed from the text.
        sql: the text.

    Raises:
        EngineRefusedError: with Snowflake's code and text.
    """
    require_grammar(tree, sql)
    require_relations(tree, sql)
    require_known_calls(tree, sql)
    require_columns_once(tree)


def require_typed(tree: Expr, columns: Columns, sql: str) -> None:
    """Refuse what the types of a statement's expressions show.

    Args:
        tree: as it was parsed from the text.
        columns: the kinds of its columns and aliases.
        sql: the text.

    Raises:
        EngineRefusedError: with Snowflake's code and text.
    """
    require_types(tree, columns, sql)
    require_constant_values(tree, columns, sql)
