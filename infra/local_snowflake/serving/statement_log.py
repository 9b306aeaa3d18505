"""Log one line per statement, without secrets."""

from __future__ import annotations

import json
import logging

from infra.local_snowflake.language.tokens import Kind, tokenize

_log = logging.getLogger("local_snowflake")
_SECRET_WORDS = ("PASSWORD", "SECRET", "CREDENTIALS", "TOKEN", "PRIVATE_KEY")
_CHARACTERS_MAX = 500


def log_statement(sql: str, answer: bytes, seconds: float) -> None:
    """Log the outcome, the duration and the text of a statement."""
    answered = json.loads(answer)
    outcome = "ok" if answered.get("success") else f"refused {answered.get('code')}"
    _log.info("%s in %.0f ms: %s", outcome, seconds * 1000, loggable(sql))


def loggable(sql: str) -> str:
    """Return a statement on one line; if it may hold a secret, its strings are masked."""
    if any(word in sql.upper() for word in _SECRET_WORDS):
        sql = " ".join("'***'" if token.kind is Kind.STRING else token.text for token in tokenize(sql))
    return " ".join(sql.split())[:_CHARACTERS_MAX]
