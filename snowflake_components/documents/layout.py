"""Two layouts of an external table: `columns` and `partition_by` under `options`, or beside `role`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from snowflake_components.documents.messages import Path

BESIDE = ("partition_by", "columns")
"""Fields that may stand beside `role` instead of under `options`."""


def one_layout(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes with all options under `options`; a document without options is returned unchanged."""
    options = attributes.get("options")
    moved = {name: attributes[name] for name in BESIDE if name in attributes}
    if not moved or not isinstance(options, Mapping):
        return dict(attributes)
    rest = {name: value for name, value in attributes.items() if name not in moved}
    return {**rest, "options": {**options, **moved}}


def mixed_layouts(attributes: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Find fields beside `role` in a document that has such fields under `options` as well."""
    options = attributes.get("options")
    under = [name for name in BESIDE if isinstance(options, Mapping) and name in options]
    for name in BESIDE:
        if under and name in attributes:
            where = "twice" if name in under else f"beside role, and {under[0]} under options"
            yield [name], f"is written {where}; write both fields in one of the two places"


def as_written(attributes: Mapping[str, Any], path: Path) -> Path:
    """Return the path in the file of a path in the one layout."""
    beside = len(path) > 1 and path[0] == "options" and path[1] in BESIDE and path[1] in attributes
    return path[1:] if beside else path
