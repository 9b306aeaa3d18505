"""Parse CREATE ... CLONE and CREATE OR ALTER TABLE."""

from __future__ import annotations

from infra.local_snowflake.language.kinds import unsupported
from infra.local_snowflake.language.statements import Clone, CreateOrAlterTable, Creation
from infra.local_snowflake.language.tokens import Reader

_MODIFIERS = ("TRANSIENT", "TEMPORARY", "TEMP", "LOCAL", "GLOBAL", "VOLATILE")


_REFUSED = (("AT",), ("BEFORE",), ("COPY", "TAGS"), ("IGNORE",))
"""What may follow CLONE <name>, and is unsupported."""


def clone(reader: Reader, creation: Creation) -> Clone | None:
    """Read CREATE ... CLONE after its first words; None for any other CREATE.

    Raises:
        NotSupportedError: it needs the past, or the clone is temporary.
    """
    words = {token.keyword for token in reader.rest}
    if "CLONE" not in words:
        return None
    modifiers = set()
    while (token := reader.peek()) and token.keyword in _MODIFIERS:
        modifiers.add(reader.take().keyword)
    kind = next((kind for kind in ("TABLE", "SCHEMA", "DATABASE") if reader.accept(kind)), None)
    if kind is None:
        return None
    if reader.accept("IF", "NOT", "EXISTS"):
        creation = Creation.KEEP
    name = reader.name()
    if not reader.accept("CLONE"):
        return None
    source = reader.name()
    reader.accept("COPY", "GRANTS")
    if refused := next((words for words in _REFUSED if reader.accept(*words)), None):
        raise unsupported("CLONE", *refused)
    if modifiers - {"TRANSIENT"}:
        raise unsupported("CREATE TEMPORARY TABLE CLONE")
    reader.expect_end()
    return Clone(kind, name, source, creation, transient="TRANSIENT" in modifiers)


def create_or_alter(reader: Reader) -> CreateOrAlterTable:
    """Read CREATE OR ALTER TABLE after its modifiers.

    Raises:
        NotSupportedError: the object is no table.
    """
    transient = reader.accept("TRANSIENT")
    if not reader.accept("TABLE"):
        token = reader.peek()
        raise unsupported("CREATE OR ALTER", token.keyword if token else "")
    name = reader.name()
    definition = reader.rest_text.rstrip().rstrip(";")
    for token in reader.rest:
        if token.keyword in {"AS", "CLONE", "LIKE"}:
            raise unsupported("CREATE OR ALTER TABLE", token.keyword)
    while not reader.done:
        reader.take()
    return CreateOrAlterTable(name, definition, transient)
