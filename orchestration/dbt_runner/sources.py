"""Write the dbt sources from the YAML of the external tables, so that the columns are described once.

python -m orchestration.dbt_runner.sources        write orchestration/dbt/models/staging/sources.yml
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from snowflake_components.statements import ObjectType

_PACKAGE = Path(__file__).parents[1]
TABLES = _PACKAGE / "defs" / "snowflake" / "event_log" / "defs.yaml"
SOURCES = _PACKAGE / "dbt" / "models" / "staging" / "sources.yml"
SOURCE_NAME = "event_log"

_HEADER = """\
# Written by `python -m orchestration.dbt_runner.sources` from orchestration/defs/snowflake/event_log/defs.yaml:
# change that file and run it again.
"""
_TEMPLATE = re.compile(r"\{\{\s*env\((?P<arguments>'[^']*'(?:\s*,\s*'[^']*')?)\)\s*\}\}")


class SourcesError(ValueError):
    """The YAML of the tables cannot be a dbt source; the message names the field and the repair."""


def sources_of(tables: str) -> str:
    """Return the text of `sources.yml` for the external tables of a component file.

    Args:
        tables: text of a `defs.yaml`, one or more documents.

    Returns:
        YAML in which each table has the asset key that its component gives it.

    Raises:
        SourcesError: no external table, or tables of different databases or schemas.
    """
    found = list(_external_tables(tables))
    places = {_place(attributes) for attributes in found}
    if len(places) != 1:
        raise SourcesError(f"one dbt source needs external tables of one database and schema, not of {len(places)}")
    database, schema = places.pop()
    source = {
        "name": SOURCE_NAME,
        "database": database,
        "schema": schema,
        "tables": [_table(attributes) for attributes in found],
    }
    return _HEADER + yaml.safe_dump({"version": 2, "sources": [source]}, sort_keys=False, width=120)


def _external_tables(tables: str) -> Iterator[Mapping[str, Any]]:
    for document in yaml.safe_load_all(tables):
        attributes = (document or {}).get("attributes", {})
        if attributes.get("type") == ObjectType.EXTERNAL_TABLE:
            yield attributes


def _place(attributes: Mapping[str, Any]) -> tuple[str, str]:
    """Return database and schema of the object; those of its asset key may differ."""
    return tuple(  # type: ignore[return-value]  # two fields, two strings
        _for_dbt(field, attributes.get(f"target_{field}") or attributes[f"{field}_name"])
        for field in ("database", "schema")
    )


def _for_dbt(field: str, text: str) -> str:
    """Replace `{{ env('A', 'b') }}` of the component by `{{ env_var('A', 'b') }}` of dbt."""
    translated = _TEMPLATE.sub(lambda match: f"{{{{ env_var({match['arguments']}) }}}}", text)
    if "{{" in translated.replace("{{ env_var(", ""):
        raise SourcesError(f"target_{field}: dbt has no {text!r}: write a name, or {{{{ env('NAME', 'default') }}}}")
    return translated


def _table(attributes: Mapping[str, Any]) -> dict[str, Any]:
    names = (attributes["database_name"], attributes["schema_name"], attributes["name"])
    return {
        "name": attributes["name"],
        "description": attributes.get("asset_attributes", {}).get("description", ""),
        "config": {"meta": {"dagster": {"asset_key": [name.lower() for name in names]}}},
        "columns": [
            {"name": column["name"].lower(), "data_type": column["type"].lower()}
            for column in attributes["options"]["columns"]
        ],
    }


def main() -> None:
    """Write the file of this project."""
    SOURCES.write_text(sources_of(TABLES.read_text()))


if __name__ == "__main__":
    main()
