"""The JSON schema of a YAML document, for editors and for `dg check yaml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from snowflake_components.documents.layout import BESIDE


def document_model(model: type[BaseModel], options: Mapping[str, type[BaseModel]]) -> type[BaseModel]:
    """Return the model of the attributes as written: everything is accepted, `read_document` validates it later.

    Args:
        model: derived by Dagster from the component; it leaves `options` open.
        options: model of the options for each `type`.

    Returns:
        A model whose JSON schema describes the options of each type for editors and for `dg check yaml`.
    """
    return _document_model(model, tuple(options.items()))


@cache
def _document_model(model: type[BaseModel], options: tuple[tuple[str, type[BaseModel]], ...]) -> type[BaseModel]:
    described = model.model_json_schema()
    schema = component_schema(model.__name__, described)
    beside = options_properties(dict(options), BESIDE)
    schema["properties"] = {**schema["properties"], **beside}
    schema["allOf"] = [_options_schema(name, its) for name, its in options]
    return create_model(
        f"{model.__name__}AsWritten",
        __config__=ConfigDict(extra="allow", json_schema_extra=lambda written: written.update(schema)),
    )


def options_properties(options: Mapping[str, type[BaseModel]], names: Sequence[str]) -> dict[str, Any]:
    """Return the schemas of options that may stand beside `role`."""
    found: dict[str, Any] = {}
    for model in options.values():
        schema = model.model_json_schema(by_alias=True)
        properties = inlined(schema, schema.get("$defs", {}))["properties"]
        found.update({name: properties[name] for name in names if name in properties})
    return found


def _options_schema(name: str, described: type[BaseModel]) -> dict[str, Any]:
    schema = described.model_json_schema(by_alias=True)
    return {
        "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
        "then": {"properties": {"options": inlined(schema, schema.get("$defs", {}))}},
    }


def component_schema(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON schema of a component's attributes from that of its document, without references."""
    return {**inlined(schema, schema.get("$defs", {})), "title": name, "additionalProperties": False}


def inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """Replace references by their definitions: pydantic refuses references that it did not make itself."""
    if isinstance(schema, list):
        return [inlined(item, definitions) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    if reference := schema.get("$ref"):
        return inlined({**definitions[reference.rpartition("/")[2]], **schema, "$ref": None}, definitions)
    return {key: inlined(value, definitions) for key, value in schema.items() if key != "$defs" and value is not None}
