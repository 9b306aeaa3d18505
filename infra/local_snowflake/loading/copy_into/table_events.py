"""What a statement on a table does to its load history and its stage."""

from __future__ import annotations

from infra.local_snowflake.files.storage import internal_bucket
from infra.local_snowflake.language.names import ObjectName, PartialName, new_id
from infra.local_snowflake.language.tokens import Reader
from infra.local_snowflake.loading.copy_into.history import forget_history, rename_history
from infra.local_snowflake.objects.stages import Stages, table_stage_id
from infra.local_snowflake.rewriting.identifiers import with_identifiers
from infra.local_snowflake.sessions import Session

_MODIFIERS = ("TRANSIENT", "LOCAL", "GLOBAL", "SCOPED", "TEMPORARY", "TEMP", "VOLATILE")


def touches_table(sql: str) -> bool:
    """Return whether a statement truncates, creates, drops or alters a table."""
    return _event(sql) is not None


def after_statement(sql: str, session: Session, stages: Stages) -> None:
    """Follow a statement that succeeded: a new, dropped or truncated table has no history, a renamed one keeps it."""
    event = _event(sql)
    if event is None:
        return
    verb, name, renamed = event
    table = session.full(name)
    stored = session.temporary.get(table, table)
    if renamed is not None:
        other = session.full(renamed)
        between = ObjectName(stored.database, stored.schema, new_id())
        moves = ((stored, between), (other, stored), (between, other)) if verb == "SWAP" else ((stored, other),)
        for old, new in moves:
            rename_history(session.duck, old, new)
        return
    for gone in {stored, session.temporary_name(table)}:
        forget_history(session.duck, gone)
    if verb != "TRUNCATE":
        stages.storage.drop(internal_bucket(table_stage_id(stored)))


def _event(sql: str) -> tuple[str, PartialName, PartialName | None] | None:
    reader = Reader(with_identifiers(sql))
    verb = next((verb for verb in ("TRUNCATE", "CREATE", "DROP", "ALTER") if reader.accept(verb)), None)
    if verb is None:
        return None
    reader.accept("OR", "REPLACE")
    while any(reader.accept(word) for word in _MODIFIERS):
        pass
    if not reader.accept("TABLE") and verb != "TRUNCATE":
        return None
    if reader.accept("IF", "NOT", "EXISTS"):
        return None
    reader.accept("IF", "EXISTS")
    following = reader.peek()
    if following is None or not following.is_name:
        return None
    name = reader.name()
    if verb != "ALTER":
        return verb, name, None
    verb = "SWAP" if reader.accept("SWAP", "WITH") else "RENAME" if reader.accept("RENAME", "TO") else ""
    return (verb, name, reader.name()) if verb else None
