"""The closed list of statement kinds: what is executed, and what is refused as unsupported.

A statement of a kind that is in neither list is a syntax error, so that no statement succeeds unread.
"""

from __future__ import annotations

from infra.local_snowflake.errors import EmptyStatementError, NotSupportedError
from infra.local_snowflake.language.tokens import Reader


def _words_of(text: str) -> frozenset[str]:
    return frozenset(text.split())


_EXECUTED = _words_of("""
    SELECT WITH VALUES INSERT UPDATE DELETE MERGE TRUNCATE COPY BEGIN START COMMIT ROLLBACK USE SET UNSET SHOW DESC
    DESCRIBE CREATE ALTER DROP COMMENT GRANT REVOKE LIST LS PUT GET REMOVE RM
""")
_UNSUPPORTED = _words_of("""
    CALL EXECUTE EXPLAIN UNDROP DECLARE LET RETURN IF FOR WHILE LOOP REPEAT CASE OPEN FETCH CLOSE RAISE CANCEL AWAIT
    NULL
""")

_OBJECT_VERBS = ("CREATE", "ALTER", "DROP")
_MODIFIERS = _words_of("SCOPED TRANSIENT TEMPORARY TEMP VOLATILE LOCAL GLOBAL SECURE RECURSIVE READ ONLY")
_OBJECTS: tuple[tuple[str, ...], ...] = (
    ("TABLE",),
    ("VIEW",),
    ("EXTERNAL", "TABLE"),
    ("SCHEMA",),
    ("DATABASE",),
    ("SEQUENCE",),
    ("STAGE",),
    ("FILE", "FORMAT"),
    ("STORAGE", "INTEGRATION"),
    ("INTEGRATION",),
    ("ROLE",),
    ("WAREHOUSE",),
    ("SESSION",),
)
"""Kinds of objects that CREATE, ALTER and DROP may name here."""

UNSUPPORTED_OBJECTS: tuple[tuple[str, ...], ...] = (
    ("ACCOUNT",),
    ("AGGREGATE", "FUNCTION"),
    ("AGGREGATION", "POLICY"),
    ("ALERT",),
    ("API", "INTEGRATION"),
    ("APPLICATION",),
    ("AUTHENTICATION", "POLICY"),
    ("BACKUP",),
    ("CATALOG", "INTEGRATION"),
    ("COMPUTE", "POOL"),
    ("CONNECTION",),
    ("CORTEX", "SEARCH", "SERVICE"),
    ("DATA", "METRIC", "FUNCTION"),
    ("DATABASE", "ROLE"),
    ("DATASET",),
    ("DBT", "PROJECT"),
    ("DYNAMIC", "TABLE"),
    ("EVENT", "TABLE"),
    ("EXTERNAL", "ACCESS", "INTEGRATION"),
    ("EXTERNAL", "FUNCTION"),
    ("EXTERNAL", "VOLUME"),
    ("FAILOVER", "GROUP"),
    ("FEATURE", "POLICY"),
    ("FUNCTION",),
    ("GATEWAY",),
    ("GIT", "REPOSITORY"),
    ("HYBRID", "TABLE"),
    ("ICEBERG", "TABLE"),
    ("DYNAMIC", "ICEBERG", "TABLE"),
    ("IMAGE", "REPOSITORY"),
    ("INDEX",),
    ("INTERACTIVE", "TABLE"),
    ("JOIN", "POLICY"),
    ("LISTING",),
    ("MANAGED", "ACCOUNT"),
    ("MASKING", "POLICY"),
    ("MATERIALIZED", "VIEW"),
    ("MODEL",),
    ("NETWORK", "POLICY"),
    ("NETWORK", "RULE"),
    ("NOTEBOOK",),
    ("NOTIFICATION", "INTEGRATION"),
    ("ORGANIZATION",),
    ("PACKAGES", "POLICY"),
    ("PASSWORD", "POLICY"),
    ("PIPE",),
    ("PRIVACY", "POLICY"),
    ("PROCEDURE",),
    ("PROJECTION", "POLICY"),
    ("PROVISIONED", "THROUGHPUT"),
    ("REPLICATION", "GROUP"),
    ("RESOURCE", "MONITOR"),
    ("ROW", "ACCESS", "POLICY"),
    ("SECRET",),
    ("SECURITY", "INTEGRATION"),
    ("SEMANTIC", "VIEW"),
    ("SERVICE",),
    ("SESSION", "POLICY"),
    ("SHARE",),
    ("SNAPSHOT",),
    ("STORAGE", "LIFECYCLE", "POLICY"),
    ("STREAM",),
    ("STREAMLIT",),
    ("TAG",),
    ("TASK",),
    ("TYPE",),
    ("USER",),
    ("WORKSPACE",),
)
"""Kinds of objects that Snowflake has and this server lacks."""
_WITH_ARGUMENTS_OR_PRESENT = frozenset(
    {
        *(("ACCOUNT",), ("AGGREGATE", "FUNCTION"), ("APPLICATION",), ("CONNECTION",), ("DATA", "METRIC", "FUNCTION")),
        *(("EXTERNAL", "FUNCTION"), ("FUNCTION",), ("INDEX",), ("ORGANIZATION",), ("PROCEDURE",), ("SHARE",)),
        *(("TYPE",), ("USER",)),
    }
)
"""Kinds that have objects from the start, or whose objects are not named by a name alone."""
_ABSENT = sorted(set(UNSUPPORTED_OBJECTS) - _WITH_ARGUMENTS_OR_PRESENT, key=lambda words: -len(words))
_TRANSACTION_WORDS = frozenset({"TRANSACTION", "WORK", "NAME"})


def unsupported(*words: str) -> NotSupportedError:
    """Return the error of a feature that the local Snowflake does not have."""
    return NotSupportedError(f"Unsupported feature '{' '.join(words)}'.")


def require_known(sql: str) -> None:
    """Check the kind of the first statement of a text.

    Raises:
        EmptyStatementError: there is no statement.
        NotSupportedError: it is valid in Snowflake and unsupported here.
        SyntaxRefusedError: it is no kind of statement.
    """
    reader = Reader(sql)
    first = reader.peek()
    if first is None:
        raise EmptyStatementError("SQL compilation error:\nEmpty SQL statement.")
    verb = first.keyword
    if "->>" in sql and any(_flows(reader, ahead) for ahead in range(len(reader.rest))):
        raise unsupported("->>")
    if verb == "EXECUTE" and _words(reader, 2)[1:] == ["TASK"]:
        return
    if verb in _UNSUPPORTED:
        raise unsupported(*_words(reader, 2 if verb == "EXECUTE" else 1))
    if first.text != "(" and verb not in _EXECUTED:
        raise reader.unexpected()
    if verb == "BEGIN" and _is_block(reader):
        raise unsupported("Snowflake Scripting block")
    if verb in _OBJECT_VERBS:
        _require_object(reader, verb)


def _flows(reader: Reader, ahead: int) -> bool:
    """Return whether the operator ->> stands here, which pipes a result into the next statement."""
    tokens = [reader.peek(ahead + more) for more in range(3)]
    return [token.text for token in tokens if token] == ["-", ">", ">"]


def _words(reader: Reader, count: int) -> list[str]:
    words: list[str] = []
    while len(words) < count and (token := reader.peek(len(words))) and token.keyword:
        words.append(token.keyword)
    return words


def _is_block(reader: Reader) -> bool:
    following = reader.peek(1)
    return following is not None and following.text != ";" and following.keyword not in _TRANSACTION_WORDS


def _require_object(reader: Reader, verb: str) -> None:
    reader.take()
    if reader.accept("OR"):
        _ = reader.accept("REPLACE") or reader.accept("ALTER")
    while (token := reader.peek()) and token.keyword in _MODIFIERS:
        reader.take()
    kinds = [(words, True) for words in _OBJECTS] + [(words, False) for words in UNSUPPORTED_OBJECTS]
    for words, executed in sorted(kinds, key=lambda kind: -len(kind[0])):
        if reader.accept(*words):
            if executed or _is_known_missing(verb, words) or (verb, words) == ("CREATE", ("STREAM",)):
                return
            raise unsupported(verb, *words)
    raise reader.unexpected()


def _is_known_missing(verb: str, words: tuple[str, ...]) -> bool:
    return verb in {"ALTER", "DROP"} and words not in _WITH_ARGUMENTS_OR_PRESENT


def absent_kind(reader: Reader) -> str:
    """Read a kind of object of which there is none, because it cannot be created here; empty for another kind."""
    words = next((words for words in _ABSENT if reader.accept(*words)), ())
    return " ".join(words)
