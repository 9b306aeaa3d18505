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
        SourcesError: no table at all, tables of different databases or schemas in one file, a table twice, or a field
            that is missing; with file, table and field.
    """
    streams = {key: stream for name, text in files.items() for key, stream in _streams(name, text)}
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


def _documents(name: str, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield type and attributes of each document of a file."""
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError as exc:
        raise SourcesError(f"{name}: not YAML: {' '.join(str(exc).split())}") from exc
    for document in documents:
        attributes = document.get("attributes") if isinstance(document, Mapping) else None
        if isinstance(attributes, Mapping):
            yield str(document.get("type")), attributes


def _streams(name: str, text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield asset key of the table and name of each stream; the definitions report a mistake in one."""
    for kind, attributes in _documents(name, text):
        if kind == STREAM_TYPE:
            table = attributes.get("table") or ()
            yield tuple(table.split("/") if isinstance(table, str) else table), str(attributes.get("name"))


def _sources(name: str, text: str, streams: Mapping[tuple[str, ...], str]) -> Iterator[dict[str, Any]]:
    found = [
        (f"{name}: {attributes.get('name', 'a table')}", attributes)
        for _, attributes in _documents(name, text)
        if attributes.get("type") in {ObjectType.EXTERNAL_TABLE, ObjectType.TABLE}
    ]
    places = [_place(where, attributes) for where, attributes in found]
    folded = set(map(_folded, places))
    if len(folded) > 1:
        raise SourcesError(f"{name}: one dbt source needs one database and schema, not {len(folded)}")
    tables = [_table(where, attributes, streams) for where, attributes in found]
    twice = [table for table, uses in Counter(table["name"] for table in tables).items() if uses > 1]
    if twice:
        raise SourcesError(f"{name}: {twice[0]}: is described twice")
    if tables:
        database, schema = places[0]
        yield {"name": name, "database": database, "schema": schema, "tables": tables}


def _place(where: str, attributes: Mapping[str, Any]) -> tuple[str, str]:
    """Return database and schema of the object; those of its asset key may differ."""
    database, schema = (
        _for_dbt(where, field, _text(where, attributes, field if attributes.get(field) else f"{part}_name"))
        for part, field in (("database", "target_database"), ("schema", "target_schema"))
    )
    return database, schema


def _folded(place: tuple[str, str]) -> tuple[str, ...]:
    """Return a place as Snowflake compares it; a template stays as it is."""
    return tuple(name if "{{" in name else Identifier.parse(name).name for name in place)


def _text(where: str, attributes: Mapping[str, Any], field: str) -> str:
    value = attributes.get(field)
    if not isinstance(value, str) or not value:
        raise SourcesError(f"{where}: {field}: write a text, not {value!r}")
    return value


def _for_dbt(where: str, field: str, text: str) -> str:
    """Replace `{{ env('A', 'b') }}` of the component by `{{ env_var('A', 'b') }}` of dbt."""
    translated = _TEMPLATE.sub(lambda match: f"{{{{ env_var({match['arguments']}) }}}}", text)
    if "{{" in translated.replace("{{ env_var(", ""):
        raise SourcesError(f"{where}: {field}: dbt has no {text!r}: write a name, or {{{{ env('NAME', 'default') }}}}")
    return translated


def _table(where: str, attributes: Mapping[str, Any], streams: Mapping[tuple[str, ...], str]) -> dict[str, Any]:
    names = [_text(where, attributes, field) for field in ("database_name", "schema_name", "name")]
    key = [key_part(name) for name in names]
    own = Identifier.parse(names[-1]).name
    stream = streams.get(tuple(key))
    proven = {"hourglass": {"stream": stream}} if stream else {}
    # dbt writes a name without quotes, which Snowflake stores in upper case
    quoted = {"identifier": own, "quoting": {"identifier": True}} if own != key[-1].upper() else {}
    return {
        "name": key[-1],
        **quoted,
        "description": _description(attributes),
        "config": {"meta": {"dagster": {"asset_key": key}, **proven}},
        "columns": [_column(f"{where}: columns[{n}]", column) for n, column in enumerate(_columns(where, attributes))],
    }


def _description(attributes: Mapping[str, Any]) -> str:
    """Return the description; dbt renders it, so braces of a template are kept from it."""
    described = (attributes.get("asset_attributes") or {}).get("description") or ""
    text = str(described)
    return f"{{% raw %}}{text}{{% endraw %}}" if re.search(r"\{[{%#]", text) else text


def _columns(where: str, attributes: Mapping[str, Any]) -> list[Any]:
    options = one_layout(attributes).get("options") or {}
    columns = options.get("columns", []) if isinstance(options, Mapping) else None
    if not isinstance(columns, list):
        raise SourcesError(f"{where}: columns: write a list of columns")
    return columns


def _column(where: str, column: Any) -> dict[str, Any]:
    if not isinstance(column, Mapping):
        raise SourcesError(f"{where}: write a name and a type, not {column!r}")
    written, data_type = _text(where, column, "name"), _text(where, column, "type").lower()
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
