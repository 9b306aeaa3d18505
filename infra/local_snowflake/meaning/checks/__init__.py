"""Refuse what Snowflake refuses and DuckDB would execute: before a statement is translated."""

from __future__ import annotations

from sqlglot import Expr

from infra.local_snowflake.meaning.checks.calls import require_known_calls
from infra.local_snowflake.meaning.checks.grammar import require_grammar
from infra.local_snowflake.meaning.checks.relations import require_relations


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
