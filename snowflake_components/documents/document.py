"""Read one document of an object: all of its mistakes at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
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
    not_text,
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


class OnChange(StrEnum):
    """What a run does when the object differs from its document."""

    REFUSE = "refuse"
    APPLY = "apply"


class OptionsRead(dict[str, Any]):
    """The options as written, which Dagster can print, and the model that they were read as."""

    def __init__(self, written: Mapping[str, Any], read: BaseModel) -> None:
        super().__init__(written)
        self.read = read


Options = Mapping[str, type[BaseModel]]


def read_document(
    context: dg.ResolutionContext, model: type[BaseModel], options: Options, attributes: Mapping[str, Any]
) -> BaseModel:
    """Validate the attributes of a document, apart from the templates of `asset_attributes`.

    Args:
        context: at the attributes.
        model: that Dagster derives from the component.
        options: model of the options for each `type`.
        attributes: as written, in one of the two layouts.

    Returns:
        The model with its names resolved and its options read.

    Raises:
        DocumentError: all mistakes.
    """
    whole = one_layout(attributes)
    read, found = _read_fields(context, model, whole)
    values, wrong = _read_values(context, options, whole)
    known = {line.path for line in wrong}
    found = [*(line for line in found if line.path not in known), *wrong]
    depth = len(context.path)
    lines = [located(context, as_written(attributes, line.path[depth:]), line.message) for line in found]
    lines += [located(context, path, text) for path, text in mixed_layouts(attributes)]
    if lines or read is None:
        raise DocumentError(lines)
    return read.model_copy(update=values)


def read_name(context: dg.ResolutionContext, value: Any) -> str:
    """Read a name; a template is resolved where the field may differ between deployments."""
    field = str(context.path[-1])
    text = resolve_text(context, value) if field in TEMPLATED_NAMES else value
    if text is None or (isinstance(text, str) and not text.strip()):
        raise mistake(context, [], "must not be empty; write a name or leave the field out")
    if not isinstance(text, str):
        raise mistake(context, [], not_text(text))
    if "{{" in text or "{%" in text:
        raise mistake(context, [], f"no template is resolved here: {_TARGETS.get(field, 'write a name')}")
    if wrong := _not_a_name(text):
        raise mistake(context, [], wrong)
    return text


def read_type(context: dg.ResolutionContext, value: Any, known: Options) -> str:
    """Read the kind of the object."""
    if not isinstance(value, str) or value not in known:
        raise mistake(context, [], f"not a kind of object: {spelled(value)}; {suggestion(str(value), list(known))}")
    return value


def read_on_change(context: dg.ResolutionContext, value: Any) -> str:
    """Read what a run does with a difference."""
    if value not in list(OnChange):
        raise mistake(context, [], f"must be refuse or apply, not {spelled(value)}")
    return str(value)


def _not_a_name(text: str) -> str | None:
    try:
        Identifier.parse(text)
    except UnsafeTextError as exc:
        return str(exc)
    return None


def _read_fields(
    context: dg.ResolutionContext, model: type[BaseModel], attributes: Mapping[str, Any]
) -> tuple[BaseModel | None, list[Mistake]]:
    wrong = list(texts_for_lists(attributes))
    read: BaseModel | None = None
    try:
        read = model.model_validate(attributes)
    except ValidationError as exc:
        wrong.extend(explained(exc, model, attributes))
    return read, [located(context, path, text) for path, text in wrong]


def _read_values(
    context: dg.ResolutionContext, options: Options, attributes: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Mistake]]:
    readers: dict[str, Callable[[dg.ResolutionContext, Any], Any]] = {
        **dict.fromkeys((*NAMES, *TEMPLATED_NAMES), read_name),
        "type": lambda at, value: read_type(at, value, options),
        "on_change": read_on_change,
    }
    kind = attributes.get("type")
    if isinstance(kind, str) and kind in options:
        readers["options"] = lambda at, value: OptionsRead(value, read_options(at, options[kind], value))
    values: dict[str, Any] = {}
    wrong: list[Mistake] = []
    for name, read in readers.items():
        if name in attributes:
            try:
                values[name] = read(context.at_path(name), attributes[name])
            except DocumentError as exc:
                wrong.extend(exc.mistakes)
    return values, wrong
