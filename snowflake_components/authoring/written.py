"""Write documents of objects as YAML, in the layout of the scaffolded ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

TYPE = "snowflake_components.SnowflakeCreateOrRefreshComponent"
_ONE_LINE = frozenset({"file_format", "directory", "partition_by"})
_WIDTH_CHARACTERS = 10_000
"""No text is folded: an expression stays on its line."""


class _Flow(dict[str, Any]):
    """A mapping that is written on one line."""


class _FlowList(list[Any]):
    """A list that is written on one line."""


class _Dumper(yaml.SafeDumper):
    """Indents the items of a list, and repeats no value by an alias."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - of PyYAML
        super().increase_indent(flow, False)

    def ignore_aliases(self, _: Any) -> bool:
        return True


_Dumper.add_representer(
    _Flow, lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value, flow_style=True)
)
_Dumper.add_representer(
    _FlowList, lambda dumper, value: dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)
)


def document(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of an object with these attributes."""
    return {"type": TYPE, "attributes": dict(attributes)}


def written(documents: Iterable[Mapping[str, Any]]) -> str:
    """Return the text of a file with these documents, one component each."""
    return "---\n".join(
        yaml.dump(_laid_out(one), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH_CHARACTERS)
        for one in documents
    )


def _laid_out(one: Mapping[str, Any]) -> dict[str, Any]:
    attributes = dict(one["attributes"])
    attributes["options"] = {name: _value(name, value) for name, value in attributes["options"].items()}
    return {**one, "attributes": attributes}


def _value(name: str, value: Any) -> Any:
    if name == "columns":
        return [_Flow(column) for column in value]
    if name in _ONE_LINE and isinstance(value, dict):
        return _Flow(value)
    return _FlowList(value) if isinstance(value, list) else value
