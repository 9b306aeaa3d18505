"""Say which view of a statement reads an object that is gone."""

from __future__ import annotations

import re

from infra.local_snowflake.errors import StatementRefusedError, TableMissingError, ViewInvalidError
from infra.local_snowflake.language.names import NAME_PARTS_MAX, PartialName
from infra.local_snowflake.language.tokens import tokenize
from infra.local_snowflake.objects.catalog import Catalog
from infra.local_snowflake.rewriting.relations import chains
from infra.local_snowflake.sessions import Session

_MISSING = re.compile(r"Object '(.+)' does not exist")


def of_view(refusal: StatementRefusedError, sql: str, session: Session, catalog: Catalog) -> StatementRefusedError:
    """Return the refusal of a statement; 2037 if the missing object is not in its text, and one of its views is."""
    missing = _MISSING.search(refusal.message) if refusal.code == TableMissingError.code else None
    if missing is None or missing[1].split(".")[-1] in {token.name for token in tokenize(sql) if token.is_name}:
        return refusal
    for chain in chains(sql):
        parts = tuple(token.name for token in chain[:NAME_PARTS_MAX])
        if not (session.database and session.schema) and len(parts) < NAME_PARTS_MAX:
            continue
        if catalog.relation_kind(session.stored(PartialName(parts))) == "VIEW":
            return ViewInvalidError(
                f"SQL compilation error:\nFailure during expansion of view '{parts[-1]}': SQL compilation error:\n"
                f"Object '{missing[1]}' does not exist or not authorized."
            )
    return refusal
