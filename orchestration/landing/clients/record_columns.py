"""The columns of the external table that hold the record and the event: which of them must never be NULL."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from producers.events import REQUIRED_FIELDS
from snowflake_components.identifiers import Identifier

_RECORD_FIELDS = {
    "topic": "TOPIC",
    "partition": "KAFKA_PARTITION",
    "offset": "KAFKA_OFFSET",
    "timestamp": "KAFKA_TIMESTAMP",
}
"""Fields that every landed line has, with the names of their columns."""
_REQUIRED_NAMES = frozenset({*_RECORD_FIELDS.values(), *(field.upper() for field in REQUIRED_FIELDS)})
_PATH = re.compile(r"\s*value:(?P<event>event:)?(?P<field>\w+)\b", re.IGNORECASE)


class ColumnMissingError(ValueError):
    """The document of the table lacks a column that the checks of an hour read; the message names it."""


@dataclass(frozen=True, slots=True)
class RecordColumns:
    """The columns that the checks of an hour read.

    Args:
        topic: of the record.
        partition: of the record.
        offset: of the record.
        required: columns that hold a value in every row, because the landing job rejects a record without it.
    """

    topic: Identifier
    partition: Identifier
    offset: Identifier
    required: tuple[Identifier, ...]

    @classmethod
    def of(cls, columns: Mapping[str, str]) -> Self:
        """Choose from the columns of a table, given as name and expression.

        A column is required by its name or by its path: a mistyped path does not make it optional.

        Raises:
            ColumnMissingError: topic, partition or offset of the record has no column.
        """
        names = {Identifier.parse(name): expression for name, expression in columns.items()}
        topic, partition, offset = (_record_column(names, field) for field in ("topic", "partition", "offset"))
        required = (name for name, expression in names.items() if _is_required(name, expression))
        return cls(topic, partition, offset, tuple(required))


def _record_column(columns: Iterable[Identifier], field: str) -> Identifier:
    wanted = Identifier(_RECORD_FIELDS[field])
    if wanted not in columns:
        raise ColumnMissingError(
            f"the external table has no column {wanted.name}, which the check rows_queryable compares with the ledger: "
            f"add {{name: {wanted.name}, type: ..., as: value:{field}::...}} to its document"
        )
    return wanted


def _is_required(name: Identifier, expression: str) -> bool:
    path = _PATH.match(expression)
    fields: Iterable[str] = ()
    if path is not None:
        fields = REQUIRED_FIELDS if path["event"] else _RECORD_FIELDS
    return name.name in _REQUIRED_NAMES or (path is not None and path["field"] in fields)
