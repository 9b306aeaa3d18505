"""The record columns of a table, from the text of its document alone."""

from __future__ import annotations

import yaml

from orchestration.landing.clients.record_columns import ColumnMissingError, RecordColumns
from snowflake_components.identifiers import Identifier


def read_record_columns(documents: str, table: str) -> RecordColumns:
    """Read the columns of a table from the YAML documents of its component.

    Raises:
        ColumnMissingError: no document describes the table, or it lacks a column.
    """
    wanted = Identifier.parse(table)
    for document in yaml.safe_load_all(documents):
        attributes = (document or {}).get("attributes", {})
        if "name" in attributes and Identifier.parse(str(attributes["name"])) == wanted:
            columns = attributes.get("options", {}).get("columns", ())
            return RecordColumns.of({column["name"]: str(column["as"]) for column in columns})
    raise ColumnMissingError(f"no document describes {table}")
