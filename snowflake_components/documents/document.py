"""Read one document of an object: all of its mistakes at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import dagster as dg
from pydantic import BaseModel, ValidationError

from snowflake_components.documents.layout import as_written, mixed_layouts, one_layout
from snowflake_components.documents.messages import (
    DocumentError,
    Mistake,
    explained,
    located,
    mistake,
    spelled,
    suggestion,
    texts_for_lists,
)
from snowflake_components.documents.reading import read_options, resolve_text
from snowflake_components.identifiers import Identifier, UnsafeTextError

NAMES = ("name", "database_name", "schema_name")
TEMPLATED_NAMES = ("role", "target_database", "target_schema")
_TARGETS = {
    "name": "an object has one name in every deployment",
    "database_name": "write a name here, which is part of the asset key, and the template in target_database",
    "schema_name": "write a name here, which is part of the asset key, and the template in target_schema",
}
Options = Mapping[str, type[BaseModel]]


def read_document(
    context: dg.ResolutionContext, model: type[BaseModel], options: Options, attributes: Mapping[str, Any]
) -> BaseModel:
    """Validate the attributes of a document, as far as no template has to be resolved.

    Args:
        context: at the attributes.
        model: that Dagster derives from the component.
        options: model of the options for each `type`.
        attributes: as written, in one of the two layouts.

    Raises:
        DocumentError: all mistakes.
    """
    whole = one_layout(attributes)
    found = [located(context, path, text) for path, text in _wrong_fields(model, whole)]
    known = {line.path for line in found}
    found += [line for line in _wrong_values(context, options, whole) if line.path not in known]
    depth = len(context.path)
    lines = [located(context, as_written(attributes, line.path[depth:]), line.message) for line in found]
    lines += [located(context, path, text) for path, text in mixed_layouts(attributes)]
    if lines:
        raise DocumentError(lines)
    return model.model_validate(whole)


def read_name(context: dg.ResolutionContext, value: Any) -> str:
    """Read a name; a template is resolved where the field may differ between deployments."""
    field = str(context.path[-1])
    text = resolve_text(context, value) if field in TEMPLATED_NAMES else value
    if text is None or (isinstance(text, str) and not text.strip()):
        raise mistake(context, [], "must not be empty; write a name or leave the field out")
    if not isinstance(text, str):
        raise mistake(context, [], f"must be text, not {spelled(text)}: put it in quotes")
    if "{{" in text or "{%" in text:
        raise mistake(context, [], f"no template is resolved here: {_TARGETS.get(field, 'write a name')}")
    if wrong := _not_a_name(text):
        raise mistake(context, [], wrong)
    return text


def read_type(context: dg.ResolutionContext, value: Any, known: Options) -> str:
    """Read the kind of the object."""
    if not isinstance(value, str) or value not in known:
        raise mistake(context, [], f"not a kind of object: {value!r}; {suggestion(value, list(known))}")
    return value


def _not_a_name(text: str) -> str | None:
    try:
        Identifier.parse(text)
    except UnsafeTextError as exc:
        return str(exc)
    return None


def _wrong_fields(model: type[BaseModel], attributes: Mapping[str, Any]) -> Iterator[tuple[list[Any], str]]:
    try:
        model.model_validate(attributes)
    except ValidationError as exc:
        yield from ((list(path), text) for path, text in explained(exc, model, attributes))
    yield from ((list(path), text) for path, text in texts_for_lists(attributes))


def _wrong_values(context: dg.ResolutionContext, options: Options, attributes: Mapping[str, Any]) -> Iterator[Mistake]:
    for name in (*NAMES, *TEMPLATED_NAMES):
        if name in attributes:
            yield from _mistakes(read_name, context.at_path(name), attributes[name])
    if "type" not in attributes:
        return
    kind = attributes["type"]
    wrong = _mistakes(read_type, context.at_path("type"), kind, options)
    yield from wrong
    if not wrong and "options" in attributes:
        yield from _mistakes(read_options, context.at_path("options"), options[kind], attributes["options"])


def _mistakes(read: Callable[..., object], *arguments: Any) -> tuple[Mistake, ...]:
    try:
        read(*arguments)
    except DocumentError as exc:
        return exc.mistakes
    return ()
