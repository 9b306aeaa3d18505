"""Read the options of one YAML document; each error has file, line, field and a suggestion.

Templates are resolved only in the fields that differ between deployments (`TEMPLATED`); elsewhere `{{` is text.
Strings are not changed otherwise: `"007"` and `"'x'"` stay as written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path as FilePath
from typing import Any, TypeVar

import dagster as dg
import yaml
from dagster.components.resolved.errors import ResolutionException
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

TEMPLATED = frozenset({"url", "storage_integration", "stage_url"})
"""Options in which `{{ env('NAME', 'default') }}` is resolved; so are role, target_database and target_schema."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The loader in C where libyaml is there: a tenth of the time."""

M = TypeVar("M", bound=BaseModel)
Path = Sequence[str | int]


def resolve_text(context: dg.ResolutionContext, value: Any) -> Any:
    """Resolve a text with a template; return every other value unchanged."""
    if not isinstance(value, str) or "{{" not in value:
        return value
    try:
        resolved = context.resolve_value(value, as_type=str)
    except ResolutionException as exc:
        raise mistake(context, [], str(exc)) from None
    return resolved if resolved is None or isinstance(resolved, bool) else str(resolved)


def resolve_texts(context: dg.ResolutionContext, value: Any) -> Any:
    """Resolve the templates of a text, and of every text in a list or a mapping."""
    if isinstance(value, Mapping):
        return {key: resolve_texts(context.at_path(key), inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [resolve_texts(context.at_path(index), inner) for index, inner in enumerate(value)]
    return resolve_text(context, value)


def load_document(context: dg.ComponentLoadContext, model: type[M], attributes: BaseModel | None) -> M:
    """Read the document of a component: refuse duplicate keys, resolve every template, and validate.

    Raises:
        ResolutionException: all mistakes, each with file, line, field and, if there is one, a suggestion.
    """
    require_unique_keys(context)
    at = context.resolution_context.at_path("attributes")
    return read_attributes(at, model, attributes.model_dump() if attributes else {})


def read_attributes(context: dg.ResolutionContext, model: type[M], attributes: Mapping[str, Any]) -> M:
    """Resolve every template of the attributes and validate them.

    Raises:
        ResolutionException: all mistakes, each with file, line, field and, if there is one, a suggestion.
    """
    return validated(context, model, resolve_texts(context, attributes))


def read_options(context: dg.ResolutionContext, model: type[M], raw: Any) -> M:
    """Resolve the templated options and validate all of them.

    Raises:
        ResolutionException: all mistakes, each with file, line, field and, if there is one, a suggestion.
    """
    if not isinstance(raw, Mapping):
        raise mistake(context, [], "must be a mapping of options")
    resolved = {
        key: resolve_text(context.at_path(key), value) if key in TEMPLATED else value for key, value in raw.items()
    }
    return validated(context, model, resolved)


def validated(context: dg.ResolutionContext, model: type[M], resolved: Mapping[str, Any]) -> M:
    """Validate fields whose templates are resolved.

    Raises:
        ResolutionException: all mistakes, each with file, line, field and, if there is one, a suggestion.
    """
    try:
        return model.model_validate(resolved)
    except ValidationError as exc:
        lines = [_line(context, path, message) for path, message in explained(exc, model, resolved)]
        raise ResolutionException("\n".join(lines)) from None


def mistake(context: dg.ResolutionContext, path: Path, message: str) -> ResolutionException:
    """Return the error of one field below the field of the context."""
    return ResolutionException(_line(context, path, message))


def explained(exc: ValidationError, model: type[BaseModel], value: Any) -> Iterator[tuple[Path, str]]:
    """Yield path and message of each error of pydantic; the alternatives of one value give one message."""
    errors = exc.errors(include_url=False)
    seen = set()
    for error in errors:
        path = _path_in(value, error["loc"], keep_last=error["type"] == "missing")
        if error["loc"][-1:] == ("str",) and len(errors) > 1:
            continue  # Dagster also accepts a template in every field, so "not a string" comes with each error
        message = _message(error, path, model)
        if (line := (tuple(path), message)) not in seen:
            seen.add(line)
            yield path, message


def texts_for_lists(attributes: Any) -> Iterator[tuple[Path, str]]:
    """Find texts in list fields of asset_attributes: Dagster would read `deps: ab` as the assets `a` and `b`."""
    given = attributes.get("asset_attributes") if isinstance(attributes, Mapping) else None
    for field in ("deps", "kinds", "owners"):
        value = given.get(field) if isinstance(given, Mapping) else None
        if isinstance(value, str) and "{{" not in value:
            yield ["asset_attributes", field], f"must be a list: [{value!r}]"


def require_unique_keys(context: dg.ComponentLoadContext) -> None:
    """Refuse a duplicate key in the file of a component; one made in Python has no file."""
    tree = context.resolution_context.source_position_tree
    if tree is not None and (path := FilePath(tree.position.filename)).is_file():
        refuse_duplicate_keys(path)


def refuse_duplicate_keys(file: FilePath) -> None:
    """Raise for a duplicate key in a YAML file; the YAML loader would silently keep its last value."""
    with file.open(encoding="utf-8") as stream:
        left: list[yaml.Node | None] = list(yaml.compose_all(stream, Loader=_LOADER))
    visited: set[int] = set()  # an alias repeats a node
    while left:
        node = left.pop()
        if id(node) in visited:
            continue
        visited.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            left.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            _refuse_duplicates(node, file)
            left.extend(value for _, value in node.value)


def _refuse_duplicates(node: yaml.MappingNode, file: FilePath) -> None:
    seen: set[str] = set()
    for key, _ in node.value:
        if str(key.value) in seen:
            raise ResolutionException(f"{file}:{key.start_mark.line + 1} - {key.value}: is written twice")
        seen.add(str(key.value))


def suggestion(word: str, known: Sequence[str]) -> str:
    """Return a suggestion for a word, and the list of known words."""
    close = get_close_matches(str(word).lower().replace("-", "_"), known, n=1)
    meant = f"did you mean '{close[0]}'? " if close else ""
    return f"{meant}Known: {', '.join(sorted(known))}"


def _line(context: dg.ResolutionContext, path: Path, message: str) -> str:
    full = [*context.path, *path]
    field = ".".join(str(part) for part in full) or "attributes"
    if context.source_position_tree is None:
        return f"{field}: {message}"
    position, _ = context.source_position_tree.lookup_closest_and_path(full, None)
    return f"{position.filename}:{position.start.line} - {field}: {message}"


def _message(error: ErrorDetails, path: Path, model: type[BaseModel]) -> str:
    if error["type"] == "extra_forbidden":
        return f"unknown field; {suggestion(str(path[-1]), field_names(model, path[:-1]))}"
    if error["type"] == "missing":
        return "is missing"
    if error["input"] is None:
        return "must not be empty; write a value or leave the field out"
    return error["msg"].removeprefix("Value error, ")


def field_names(model: type[BaseModel], path: Path) -> list[str]:
    """Return the YAML names of the fields of the model at a path."""
    for part in path:
        if isinstance(part, int):
            continue
        field = next((f for n, f in model.model_fields.items() if part in (f.alias, n)), None)
        inner = next(_models_in(field.annotation), None) if field else None
        if inner is None:
            return []
        model = inner
    return [field.alias or name for name, field in model.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models_in(argument)


def _path_in(value: Any, loc: Path, *, keep_last: bool) -> list[str | int]:
    """Return the YAML path of a location of pydantic, without the alternatives of unions."""
    path: list[str | int] = []
    for index, part in enumerate(loc):
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            if not (keep_last and index == len(loc) - 1):
                continue
        path.append(part)
    return path
