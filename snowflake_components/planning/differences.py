"""Compare an object of the account with the definition of its document, field by field.

The mark in its comment says what it was made with, and SHOW what some of its properties are. A description says all of
them: it is there for an object without a mark, and where a plan asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from snowflake_components.planning.marks import Mark, column_name_digest, mark_of, name_digest, split_comment
from snowflake_components.planning.properties import Properties, properties_of
from snowflake_components.statements.kinds import Definition, ObjectType

_SHOWN_COLUMNS = {"directory": "directory_enabled"}
_CHARACTERS_MAX = 120


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
        present: its definition as Snowflake describes it; None where nobody asked, or no document can say it.
    """

    object_type: ObjectType
    name: str
    words: str
    mark: Mark | None
    invalid: str | None
    row: Mapping[str, Any]
    present: Definition | None = None

    @classmethod
    def from_row(cls, object_type: ObjectType, row: Mapping[str, Any]) -> Found:
        """Read a row of SHOW."""
        words, mark = split_comment(str(row.get("comment") or ""))
        is_invalid = str(row.get("invalid", "false")).lower() == "true"
        invalid = str(row.get("invalid_reason") or "no reason given") if is_invalid else None
        return cls(object_type, str(row["name"]), words, mark, invalid, row)

    @property
    def is_comparable(self) -> bool:
        """Whether it is known what the object is: by its mark or by its description."""
        return self.mark is not None or self.present is not None

    def with_present(self, present: Definition) -> Found:
        """Return the object with its definition as Snowflake describes it."""
        return replace(self, present=present)

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
        added: columns that the object lacks.
        is_addition: whether nothing else differs in its columns but their order.
        is_at_end: whether the added columns follow all others.
    """

    field: str
    reason: str
    added: tuple[str, ...] = ()
    is_addition: bool = False
    is_at_end: bool = False

    def __str__(self) -> str:
        return f"{self.field} ({self.reason})"


def differences(definition: Definition, found: Found) -> list[Difference]:
    """List the fields in which an object differs from its document, each one once.

    Args:
        definition: of the document.
        found: the object; without mark and description only what SHOW prints is compared.
    """
    every = [*_since_mark(definition, found), *_shown(definition, found), *_described(definition, found)]
    return list({one.field: one for one in reversed(every)}.values())[::-1]


def kept_words(definition: Definition, found: Found) -> str | None:
    """Return the comment that people wrote into the account since the mark; None where the document's holds."""
    if found.mark is None:
        return found.words if found.words and definition.comment is None else None
    is_of_mark = mark_of(definition).fields.get("comment") == found.mark.fields.get("comment")
    return found.words if is_of_mark else None


def _since_mark(definition: Definition, found: Found) -> Iterator[Difference]:
    """Yield what was changed in the document since the mark."""
    if found.mark is None:
        return
    wanted, present = mark_of(definition), found.mark
    for field in dict.fromkeys([*wanted.fields, *present.fields]):
        if field not in present.fields:
            yield Difference(field, "added to the document")
        elif field not in wanted.fields:
            yield Difference(field, "removed from the document")
        elif wanted.fields[field] != present.fields[field]:
            yield Difference(field, "changed in the document")
    yield from _columns(definition, wanted, present)


def _columns(definition: Definition, wanted: Mark, present: Mark) -> Iterator[Difference]:
    if wanted.columns == present.columns:
        return
    there = {column_name_digest(column): column for column in present.columns}
    names = {name_digest(name): name for name in definition.column_clauses}
    changed = dict(zip(definition.column_clauses, wanted.columns, strict=True))
    added = [name for digest, name in names.items() if digest not in there]
    altered = [name for digest, name in names.items() if there.get(digest, changed[name]) != changed[name]]
    removed = len(there.keys() - names.keys())
    lost = [f"{removed} removed"] if removed else []
    is_at_end = wanted.columns[: len(present.columns)] == present.columns
    yield _of_columns(added, altered, lost, is_at_end=is_at_end)


def _of_columns(added: list[str], altered: list[str], lost: list[str], *, is_at_end: bool) -> Difference:
    parts = [f"added {', '.join(added)}"] if added else []
    parts += [f"changed {', '.join(altered)}"] if altered else []
    reason = "; ".join([*parts, *lost]) or "another order"
    return Difference("columns", reason, tuple(added), not altered and not lost, bool(added) and is_at_end)


def _shown(definition: Definition, found: Found) -> Iterator[Difference]:
    """Yield what SHOW prints otherwise than the document says it."""
    for field, value in definition.shown.items():
        if (there := found.shown(field)) != value:
            yield _in_account(field, there, value)


def _described(definition: Definition, found: Found) -> Iterator[Difference]:
    """Yield what Snowflake describes otherwise than the document says it.

    Expressions are compared without a mark alone: Snowflake prints them in another form than they were written in, and
    cannot alter them.
    """
    if found.present is None:
        return
    wanted, there = properties_of(definition), properties_of(found.present)
    if wanted.fields.get("type") != there.fields.get("type"):
        # the options of another type have other defaults
        yield _in_account("type", there.fields.get("type", ""), wanted.fields.get("type", ""))
        return
    for field in dict.fromkeys([*wanted.fields, *there.fields]):
        if wanted.fields.get(field) != there.fields.get(field):
            yield _in_account(field, there.fields.get(field, ""), wanted.fields.get(field, ""))
    is_ordered = found.object_type is not ObjectType.TABLE  # a table is loaded by the names of its columns
    yield from _described_columns(wanted, there, is_ordered=is_ordered, with_expressions=found.mark is None)
    if found.mark is None and definition.comment is not None and definition.comment != found.words:
        yield _in_account("comment", found.words, definition.comment)


def _described_columns(
    wanted: Properties, there: Properties, *, is_ordered: bool, with_expressions: bool
) -> Iterator[Difference]:
    order = list(there.types)
    added = [name for name in wanted.types if name not in there.types]
    removed = [name for name in there.types if name not in wanted.types]
    altered = [
        name
        for name, type_sql in wanted.types.items()
        if name in there.types
        and (
            type_sql != there.types[name]
            or (with_expressions and wanted.expressions.get(name) != there.expressions.get(name))
        )
    ]
    if added or removed or altered or (is_ordered and order != list(wanted.types)):
        lost = [f"the account has {', '.join(removed)}"] if removed else []
        yield _of_columns(added, altered, lost, is_at_end=list(wanted.types)[: len(order)] == order)


def _in_account(field: str, there: str, wanted: str) -> Difference:
    return Difference(field, f"{_short(there) or 'none'} in the account, not {_short(wanted) or 'none'}")


def _short(text: str) -> str:
    text = "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
    return text if len(text) <= _CHARACTERS_MAX else f"{text[:_CHARACTERS_MAX]}..."
