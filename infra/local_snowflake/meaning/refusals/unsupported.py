"""The refusal of what Snowflake has, and the local Snowflake lacks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import Expr, exp

from infra.local_snowflake.errors import StatementRefusedError
from infra.local_snowflake.language.tokens import Kind, tokenize
from infra.local_snowflake.meaning.known_functions import KNOWN
from infra.local_snowflake.meaning.refusals.errors import COMPILATION, EngineRefusedError, unsupported_feature
from infra.local_snowflake.meaning.refusals.places import unexpected

_VERBS_TEXT = """
    ALTER BEGIN CALL COMMENT COMMIT COPY CREATE DECLARE DELETE DESC DESCRIBE DROP EXECUTE EXPLAIN GET GRANT INSERT
    LIST LS MERGE PUT REMOVE RM REVOKE ROLLBACK SELECT SET SHOW START TRUNCATE UNDROP UNSET UPDATE USE VALUES WITH (
"""
VERBS = frozenset(_VERBS_TEXT.split())
"""First words of Snowflake's statements."""
UNSUPPORTED_VERBS = frozenset({"EXPLAIN", "DECLARE", "CALL", "EXECUTE", "UNDROP", "GET"})
_PHRASES = (("MATCH_RECOGNIZE",), ("ASOF", "JOIN"), ("CONNECT", "BY"), ("MATCH_CONDITION",), ("CHANGES",))
_NEVER_LAST_TEXT = """
    BY FROM WHERE AND OR ON SELECT HAVING JOIN IN LIKE NOT SET INTO VALUES = + - * / , (
"""
_NEVER_LAST = frozenset(_NEVER_LAST_TEXT.split())
_QUERIES = frozenset({"SELECT", "WITH", "INSERT", "("})
_FEATURE_WORDS = 3


def require_statement(tree: Expr, sql: str) -> None:
    """Refuse a statement of DuckDB that Snowflake does not have, or has with another result.

    Raises:
        EngineRefusedError: by the first word.
    """
    tokens = tokenize(sql)
    if not tokens:
        return
    word = tokens[0].keyword or tokens[0].text
    if word in UNSUPPORTED_VERBS and isinstance(tree, exp.Command):
        raise unsupported_feature(word)
    if word not in VERBS:
        raise unexpected(sql, tokens, 0)


def unsupported(sql: str, message: str = "") -> StatementRefusedError:
    """Return the refusal of what the local Snowflake lacks: a known clause, or the statement's first words.

    Args:
        sql: the statement.
        message: of DuckDB's parser; what is no statement of Snowflake's either is a syntax error.
    """
    every = tokenize(sql)
    tokens = [token for token in every if token.kind is not Kind.STRING]
    words = [token.text.upper() for token in tokens]
    for phrase in _PHRASES:
        if any(tuple(words[index : index + len(phrase)]) == phrase for index in range(len(words))):
            return unsupported_feature(" ".join(phrase))
    if words and words[0] not in VERBS:
        return unexpected(sql, tokens, 0)
    if words and (every[-1].text.upper() in _NEVER_LAST or "at end of input" in message):
        return unexpected(sql, every, len(every))
    if "SELECT clause without selection list" in message:
        return unexpected(sql, tokens, 1)
    near = re.search(r'at or near "(\w+)"', message)
    if near and (refusal := _near(near[1].upper(), words)):
        return refusal
    first = [token.text.upper() for token in tokens[:_FEATURE_WORDS] if token.kind is Kind.WORD]
    return unsupported_feature(" ".join(first) or "statement")


def _near(word: str, words: Sequence[str]) -> EngineRefusedError | None:
    """Return the refusal of the clause at a word that DuckDB's parser does not read; None in other statements."""
    if word == "TABLE" and (function := _table_function(words)):
        if function in KNOWN:
            return unsupported_feature(function)
        return EngineRefusedError(2141, "42601", f"{COMPILATION}Unknown table function {function}")
    return unsupported_feature(word) if words and words[0] in _QUERIES else None


def _table_function(words: Sequence[str]) -> str:
    for index in range(len(words) - 2):
        if list(words[index : index + 2]) == ["TABLE", "("]:
            return words[index + 2]
    return ""
