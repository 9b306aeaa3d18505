"""The mark in the comment of an object: digests of the definition that it was created or altered with.

`Platform events [hourglass 1 url=Zk3x_Qa1 file_format=9sd02kQe]`. SHOW prints the comments of a schema in one
statement, so that a thousand objects are compared without one statement for each. The words of people around the mark
stay theirs; a comment that they replace is an object without a mark.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

from snowflake_components.statements.kinds import Definition

_MARK = re.compile(r" ?\[hourglass 1(?P<fields>(?: [a-z_]+=[A-Za-z0-9_.-]*)*)\]")
_FIELD_CHARACTERS, _NAME_CHARACTERS = 8, 3

D = TypeVar("D", bound=Definition)


@dataclass(frozen=True, slots=True)
class Mark:
    """Digests of a definition.

    Args:
        fields: digest of each written field of the YAML, apart from the columns.
        columns: of each column, in their order; the first characters are the digest of its name.
    """

    fields: Mapping[str, str]
    columns: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The mark in a comment."""
        written = dict(self.fields) | ({"columns": ".".join(self.columns)} if self.columns else {})
        return " ".join(["[hourglass 1", *(f"{name}={digest}" for name, digest in written.items())]) + "]"


def mark_of(definition: Definition) -> Mark:
    """Return the mark of a definition whose comment has the words of the YAML alone."""
    columns = definition.column_clauses
    fields = {name: clause for name, clause in definition.fields.items() if clause and name != "columns"}
    return Mark(
        {name: _digest(clause, _FIELD_CHARACTERS) for name, clause in fields.items()},
        tuple(name_digest(name) + _digest(clause, _FIELD_CHARACTERS) for name, clause in columns.items()),
    )


def name_digest(name: str) -> str:
    """Return the digest of the name of a column, with which its digest in a mark begins."""
    return _digest(name, _NAME_CHARACTERS)


def column_name_digest(column: str) -> str:
    """Return the digest of the name inside the digest of a column."""
    return column[:_NAME_CHARACTERS]


def marked(definition: D, words: str | None = None) -> D:
    """Return the definition with its mark behind the words of its comment.

    Args:
        definition: as the document says it; the mark is of this comment.
        words: instead of it, where people have changed the comment in the account.
    """
    said = (definition.comment or "") if words is None else words
    mark = mark_of(definition).text
    return definition.with_comment(f"{said} {mark}" if said else mark)


def split_comment(comment: str) -> tuple[str, Mark | None]:
    """Split a comment into its words and the last mark in it."""
    found = list(_MARK.finditer(comment))
    if not found:
        return comment, None
    last = found[-1]
    fields = dict(part.split("=", 1) for part in last["fields"].split())
    columns = fields.pop("columns", "")
    words = f"{comment[: last.start()]}{comment[last.end() :]}"
    return words, Mark(fields, tuple(columns.split(".")) if columns else ())


def _digest(text: str, characters: int) -> str:
    return urlsafe_b64encode(sha256(text.encode()).digest())[:characters].decode()
