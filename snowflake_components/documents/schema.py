"""The model of a YAML document: a JSON schema for editors, and errors with suggestions for authors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, cast

from pydantic import BaseModel, ModelWrapValidatorHandler, ValidationError, create_model, model_validator
from pydantic_core import InitErrorDetails

from snowflake_components.documents.reading import explained, texts_for_lists


def document_model(model: type[BaseModel], options: Mapping[str, type[BaseModel]]) -> type[BaseModel]:
    """Derive the model of a document from the one that Dagster derives.

    Args:
        model: derived by Dagster from the component; it leaves `options` open.
        options: model of the options for each `type`.

    Returns:
        A model with the same fields. Its errors name the field as in the YAML and suggest the intended one. Its JSON
        schema describes the options of each type for editors and for `dg check yaml`.
    """
    return _document_model(model, tuple(options.items()))


@cache
def _document_model(model: type[BaseModel], options: tuple[tuple[str, type[BaseModel]], ...]) -> type[BaseModel]:
    explain = cast("Callable[..., Any]", model_validator(mode="wrap")(_explaining(model)))
    derived = create_model(model.__name__, __base__=model, __validators__={"explain": explain})
    known = cast("dict[str, Any]", model.model_config.get("json_schema_extra") or {})
    conditions: list[Any] = [_options_schema(name, described) for name, described in options]
    derived.model_config["json_schema_extra"] = {**known, "allOf": conditions}
    derived.model_rebuild(force=True)
    return derived


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


def _explaining(
    model: type[BaseModel],
) -> Callable[[Any, Any, ModelWrapValidatorHandler[BaseModel]], BaseModel]:
    @classmethod  # type: ignore[misc] # pydantic binds it to the model it is given to
    def explain(_cls: Any, value: Any, handler: ModelWrapValidatorHandler[BaseModel]) -> BaseModel:
        try:
            read = handler(value)
        except ValidationError as exc:
            mistakes = list(explained(exc, model, value))
        else:
            mistakes = list(texts_for_lists(value))
            if not mistakes:
                return read
        errors: list[InitErrorDetails] = [
            {"type": "value_error", "loc": tuple(path), "input": value, "ctx": {"error": message}}
            for path, message in mistakes
        ]
        raise ValidationError.from_exception_data(model.__name__, errors)

    return explain
