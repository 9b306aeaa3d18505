"""The properties of a definition: what it does, apart from how it is written.

Two definitions with the same properties make the same object: an option with its default is as none, and `INT` is
`NUMBER(38,0)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from snowflake_components.documents.types import stored_type
from snowflake_components.identifiers import OptionValue
from snowflake_components.statements.external_tables import CreateExternalTable
from snowflake_components.statements.file_formats import CreateFileFormat, effective
from snowflake_components.statements.kinds import Definition
from snowflake_components.statements.stages import CreateStage
from snowflake_components.statements.tables import CreateTable


@dataclass(frozen=True, slots=True)
class Properties:
    """What an object is.

    Args:
        fields: text of each field of the YAML; a field without one has no effect.
        types: type of each column, in their order.
        expressions: of the virtual columns.
    """

    fields: Mapping[str, str]
    types: Mapping[str, str] = field(default_factory=dict)
    expressions: Mapping[str, str] = field(default_factory=dict)


def properties_of(definition: Definition) -> Properties:
    """Return the properties of a definition, without its comment."""
    if isinstance(definition, CreateFileFormat):
        return Properties({name.lower(): text for name, text in effective(definition.options).items()})
    if isinstance(definition, CreateStage):
        return Properties(_stage(definition))
    if isinstance(definition, CreateTable):
        types = {one.name.name: stored_type(one.type_sql) + " NOT NULL" * one.not_null for one in definition.columns}
        return Properties({}, types)
    if isinstance(definition, CreateExternalTable):
        return Properties(
            _external_table(definition),
            {one.name.name: stored_type(one.type_sql) for one in definition.columns},
            {one.name.name: " ".join(one.expression.sql.split()) for one in definition.columns},
        )
    raise TypeError(f"no properties of a {definition.object_type}")


def _stage(stage: CreateStage) -> dict[str, str]:
    auto = stage.directory_auto_refresh
    fields = {
        "url": stage.url,
        "storage_integration": stage.storage_integration.name if stage.storage_integration else "",
        "directory": "" if auto is None else f"enabled, auto_refresh {str(auto).lower()}",
        "file_format": _format(stage.file_format or {}),
    }
    return {name: text for name, text in fields.items() if text}


def _external_table(table: CreateExternalTable) -> dict[str, str]:
    fields = {
        "partition_by": ", ".join(one.name for one in table.partition_by),
        "location": table.location.sql,
        "auto_refresh": str(table.auto_refresh).lower(),
        "pattern": table.pattern or "",
        "file_format": _format(table.file_format),
    }
    return {name: text for name, text in fields.items() if text}


def _format(options: Mapping[str, OptionValue]) -> str:
    return " ".join(f"{name}={text}" for name, text in effective(options).items())
