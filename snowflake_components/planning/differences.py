"""Compare an object, as SHOW prints it, with the definition of its document, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from snowflake_components.planning.marks import Mark, column_name_digest, mark_of, name_digest, split_comment
from snowflake_components.statements.kinds import Definition, ObjectType

_SHOWN_COLUMNS = {"directory": "directory_enabled"}


@dataclass(frozen=True, slots=True)
class Found:
    """An object of the account.

    Args:
        object_type: its kind.
        name: exact, without database and schema.
        words: its comment without the mark.
        mark: of the definition that it was made with; None when something else made it, or replaced its comment.
        invalid: why an external table cannot be read; None for a valid one.
        row: of SHOW.
    """

    object_type: ObjectType
    name: str
    words: str
    mark: Mark | None
    invalid: str | None
    row: Mapping[str, Any]

    @classmethod
    def from_row(cls, object_type: ObjectType, row: Mapping[str, Any]) -> Found:
        """Read a row of SHOW."""
        words, mark = split_comment(str(row.get("comment") or ""))
        is_invalid = str(row.get("invalid", "false")).lower() == "true"
        invalid = str(row.get("invalid_reason") or "no reason given") if is_invalid else None
        return cls(object_type, str(row["name"]), words, mark, invalid, row)

    def shown(self, field: str) -> str:
        """Return what SHOW prints of a field of the YAML."""
        value = self.row.get(_SHOWN_COLUMNS.get(field, field))
        return "" if value is None else str(value)


def is_of_kind(object_type: ObjectType, row: Mapping[str, Any]) -> bool:
    """Return whether a row of SHOW is of this kind: SHOW TABLES prints external tables as well."""
    return object_type is not ObjectType.TABLE or str(row.get("is_external") or "N").upper() != "Y"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which an object differs from its document.

    Args:
        field: of the YAML.
        reason: what differs, in a few words.
        by_hand: whether the object was changed, and not the document.
        added: columns that the object lacks, where nothing else differs in its columns.
    """

    field: str
    reason: str
    by_hand: bool = False
    added: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.field} ({self.reason})"


def differences(definition: Definition, found: Found) -> list[Difference]:
    """List the fields in which an object differs from its document.

    Args:
        definition: of the document.
        found: the object; it has a mark.
    """
    if found.mark is None:
        raise ValueError(f"{found.name} has no mark to compare")
    wanted = mark_of(definition)
    of_document = [*_fields(wanted, found.mark), *_columns(definition, wanted, found.mark)]
    known = {one.field for one in of_document}
    return [*of_document, *(one for one in shown_differences(definition, found) if one.field not in known)]


def shown_differences(definition: Definition, found: Found) -> list[Difference]:
    """List what SHOW prints otherwise than the document says it; all that is known of an object without a mark."""
    return [
        Difference(field, f"{there or 'none'} in the account, not {value or 'none'}", by_hand=True)
        for field, value in definition.shown.items()
        if (there := found.shown(field)) != value
    ]


def kept_words(definition: Definition, found: Found) -> str | None:
    """Return the comment that people wrote into the account since the mark; None where the document's holds."""
    if found.mark is None:
        return found.words if found.words and definition.comment is None else None
    is_of_mark = mark_of(definition).fields.get("comment") == found.mark.fields.get("comment")
    return found.words if is_of_mark else None


def _fields(wanted: Mark, present: Mark) -> Iterator[Difference]:
    for field in dict.fromkeys([*wanted.fields, *present.fields]):
        if field not in present.fields:
            yield Difference(field, "added to the document")
        elif field not in wanted.fields:
            yield Difference(field, "removed from the document")
        elif wanted.fields[field] != present.fields[field]:
            yield Difference(field, "changed in the document")


def _columns(definition: Definition, wanted: Mark, present: Mark) -> Iterator[Difference]:
    if wanted.columns == present.columns:
        return
    there = {column_name_digest(column): column for column in present.columns}
    names = {name_digest(name): name for name in definition.column_clauses}
    changed = dict(zip(definition.column_clauses, wanted.columns, strict=True))
    added = [name for digest, name in names.items() if digest not in there]
    altered = [name for digest, name in names.items() if there.get(digest, changed[name]) != changed[name]]
    removed = len(there.keys() - names.keys())
    parts = [f"added {', '.join(added)}"] if added else []
    parts += [f"changed {', '.join(altered)}"] if altered else []
    parts += [f"{removed} removed"] if removed else []
    alone = not altered and not removed
    yield Difference("columns", "; ".join(parts) or "another order", added=tuple(added) if alone else ())
