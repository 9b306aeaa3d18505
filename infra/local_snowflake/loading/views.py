"""INFORMATION_SCHEMA.STAGES and FILE_FORMATS as subqueries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from infra.local_snowflake.files.formats import FileFormat
from infra.local_snowflake.language.names import literal
from infra.local_snowflake.objects.stored import Stage, StoredFormat
from infra.local_snowflake.showing.objects import OWNER

_STAGES = (
    "STAGE_CATALOG",
    "STAGE_SCHEMA",
    "STAGE_NAME",
    "STAGE_URL",
    "STAGE_REGION",
    "STAGE_TYPE",
    "STAGE_OWNER",
    "COMMENT",
    "CREATED",
    "LAST_ALTERED",
)
_FORMATS = (
    "FILE_FORMAT_CATALOG",
    "FILE_FORMAT_SCHEMA",
    "FILE_FORMAT_NAME",
    "FILE_FORMAT_OWNER",
    "FILE_FORMAT_TYPE",
    "RECORD_DELIMITER",
    "FIELD_DELIMITER",
    "SKIP_HEADER",
    "DATE_FORMAT",
    "TIMESTAMP_FORMAT",
    "COMPRESSION",
    "COMMENT",
    "CREATED",
    "LAST_ALTERED",
)
_Value = str | int | datetime | None


def stages_view(stages: Iterable[Stage]) -> str:
    """Return INFORMATION_SCHEMA.STAGES of these stages."""
    rows: list[tuple[_Value, ...]] = [
        (
            stage.name.database,
            stage.name.schema,
            stage.name.name,
            stage.url or None,
            None,
            "Internal Named" if stage.is_internal else "External Named",
            OWNER,
            stage.comment or None,
            stage.created_on,
            stage.created_on,
        )
        for stage in stages
    ]
    return _subquery(_STAGES, rows)


def file_formats_view(formats: Iterable[StoredFormat]) -> str:
    """Return INFORMATION_SCHEMA.FILE_FORMATS of these file formats."""
    rows: list[tuple[_Value, ...]] = []
    for stored in formats:
        form = FileFormat.of(stored.options)
        options = [form.get(name) for name in _FORMATS[5:11]]
        name = stored.name
        times = (stored.created_on, stored.created_on)
        rows.append((name.database, name.schema, name.name, OWNER, form.type, *options, stored.comment or None, *times))
    return _subquery(_FORMATS, rows)


def _subquery(columns: Sequence[str], rows: Sequence[Sequence[_Value]]) -> str:
    shown = rows or [(None,) * len(columns)]
    selects = [
        "SELECT " + ", ".join(f"{_literal(value)} AS {name}" for name, value in zip(columns, row, strict=True))
        for row in shown
    ]
    text = f"({' UNION ALL '.join(selects)})"
    return text if rows else f"(SELECT * FROM {text} WHERE 1 = 0)"  # noqa: S608 - literals


def _literal(value: _Value) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, datetime):
        return f"{literal(value.isoformat())}::TIMESTAMP_TZ"
    return str(value) if isinstance(value, int) else literal(value)
