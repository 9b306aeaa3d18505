"""Log one line per statement, without secrets."""

from __future__ import annotations

import logging

from infra.local_snowflake.language.tokens import Kind, tokenize
from infra.local_snowflake.serving.execution.running import Running

_log = logging.getLogger("local_snowflake")
_SECRET_WORDS = ("PASSWORD", "SECRET", "CREDENTIALS", "TOKEN", "PRIVATE_KEY")
MASK = "'***'"
"""Stands for a string in a statement that may hold a secret."""
_CHARACTERS_MAX = 500
_READ_MAX = 2_000
"""Characters that a statement without secrets is cut to before its blanks are joined."""


def log_statement(running: Running) -> None:
    """Log the outcome, the duration and the text of a statement."""
    outcome = f"refused {running.refusal.code:06d}" if running.refusal else "ok"
    _log.info("%s in %.0f ms: %s", outcome, running.seconds * 1000, running.text)


def loggable(sql: str) -> str:
    """Return a statement on one line; if it may hold a secret, its strings are masked."""
    if any(word in sql.upper() for word in _SECRET_WORDS):
        sql = " ".join(MASK if token.kind is Kind.STRING else token.text for token in tokenize(sql))
    return " ".join(sql[:_READ_MAX].split())[:_CHARACTERS_MAX]
