"""Write the dbt sources from the YAML of the external tables, so that the columns are described once.

python -m orchestration.dbt_runner.sources        write orchestration/dbt/models/staging/sources.yml
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from snowflake_components.component import key_part
from snowflake_components.documents.files import yaml_files
from snowflake_components.documents.layout import one_layout
from snowflake_components.identifiers import Identifier
from snowflake_components.statements.kinds import ObjectType

_PACKAGE = Path(__file__).parents[1]
DEFS = _PACKAGE / "defs"
SOURCES = _PACKAGE / "dbt" / "models" / "staging" / "sources.yml"

STREAM_TYPE = "orchestration.HourlyStreamComponent"
_HEADER = """\
# Written by `python -m orchestration.dbt_runner.sources` from the external tables below orchestration/defs/, one source
# for each defs.yaml with the name of its folder: change these files and run it again.
"""
_TEMPLATE = re.compile(r"\{\{\s*env\((?P<arguments>'[^']*'(?:\s*,\s*'[^']*')?)\)\s*\}\}")


class SourcesError(ValueError):
    """The YAML of the tables cannot be a dbt source; the message names the field and the repair."""


def sources_of(files: Mapping[str, str]) -> str:
    """Return the text of `sources.yml` for the external tables and the loaded tables of component files.

    Args:
        files: text of each `defs.yaml` by the name of its folder, which becomes the name of the source. A file without
            tables is no source.

    Returns:
        YAML in which each table has the asset key that its component gives it, and the stream that feeds it.

    Raises:
        SourcesError: no table at all, or tables of different databases or schemas in one file.
    """
    streams = {key: stream for text in files.values() for key, stream in _streams(text)}
    sources = [source for name, text in sorted(files.items()) for source in _sources(name, text, streams)]
    if not sources:
        raise SourcesError("no file describes a table")
    return _HEADER + yaml.safe_dump({"version": 2, "sources": sources}, sort_keys=False, width=120)


def read_files(folder: Path = DEFS) -> dict[str, str]:
    """Read every file of documents below a folder, by the name of the folder that holds it.

    Files of one folder are read as one. Folders with the same name in different places have the names of all of their
    folders, as `sales_orders`.
    """
    files = yaml_files(folder)
    uses = Counter(holder.name for holder in {file.parent for file in files})
    found: dict[str, list[str]] = defaultdict(list)
    for file in files:
        own, path = file.parent.name, file.parent.relative_to(folder)
        found[own if uses[own] == 1 else "_".join(path.parts)].append(file.read_text(encoding="utf-8"))
    return {name: "\n---\n".join(texts) for name, texts in found.items()}


def _streams(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield asset key of the table and name of each stream; the definitions report a mistake in one."""
    for document in yaml.safe_load_all(text):
        if (document or {}).get("type") == STREAM_TYPE:
            attributes = document.get("attributes") or {}
            table = attributes.get("table") or ()
            yield tuple(table.split("/") if isinstance(table, str) else table), str(attributes.get("name"))


def _sources(name: str, text: str, streams: Mapping[tuple[str, ...], str]) -> Iterator[dict[str, Any]]:
    found = list(_tables(text))
    places = {_place(attributes) for attributes in found}
    if len(places) > 1:
        raise SourcesError(f"{name}: one dbt source needs one database and schema, not {len(places)}")
    for database, schema in places:
        tables = [_table(attributes, streams) for attributes in found]
        yield {"name": name, "database": database, "schema": schema, "tables": tables}


def _tables(tables: str) -> Iterator[Mapping[str, Any]]:
    for document in yaml.safe_load_all(tables):
        attributes = (document or {}).get("attributes", {})
        if attributes.get("type") in {ObjectType.EXTERNAL_TABLE, ObjectType.TABLE}:
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


def _table(attributes: Mapping[str, Any], streams: Mapping[tuple[str, ...], str]) -> dict[str, Any]:
    names = (attributes["database_name"], attributes["schema_name"], attributes["name"])
    key = [key_part(name) for name in names]
    own = Identifier.parse(attributes["name"]).name
    stream = streams.get(tuple(key))
    proven = {"hourglass": {"stream": stream}} if stream else {}
    # dbt writes a name without quotes, which Snowflake stores in upper case
    quoted = {"identifier": own, "quoting": {"identifier": True}} if own != key[-1].upper() else {}
    return {
        "name": key[-1],
        **quoted,
        "description": attributes.get("asset_attributes", {}).get("description", ""),
        "config": {"meta": {"dagster": {"asset_key": key}, **proven}},
        "columns": [_column(column) for column in one_layout(attributes)["options"].get("columns", [])],
    }


def _column(column: Mapping[str, Any]) -> dict[str, Any]:
    written, data_type = column["name"], column["type"].lower()
    name = Identifier.parse(written).name
    if name == written.upper():
        return {"name": written.lower(), "data_type": data_type}
    return {"name": name, "quote": True, "data_type": data_type}


def main() -> None:
    """Write the file of this project; a table that cannot be a source is named."""
    try:
        SOURCES.write_text(sources_of(read_files()), encoding="utf-8")
    except SourcesError as exc:
        sys.exit(f"sources: {exc}")


if __name__ == "__main__":
    main()
