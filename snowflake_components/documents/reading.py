"""Read the options of one YAML document; each error has file, line, field and a suggestion.

Templates are resolved only in the fields that differ between deployments (`TEMPLATED`); elsewhere `{{` is text.
Strings are not changed otherwise: `"007"` and `"'x'"` stay as written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Any, TypeVar

import dagster as dg
import yaml
from dagster.components.resolved.errors import ResolutionException
from pydantic import BaseModel, ValidationError

from snowflake_components.documents.messages import (
    DocumentError,
    Mistake,
    explained,
    located,
    mistake,
    spelled,
)

TEMPLATED = frozenset({"url", "storage_integration", "stage_url"})
"""Options in which `{{ env('NAME', 'default') }}` is resolved; so are role, target_database and target_schema."""

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The loader in C where libyaml is there: a tenth of the time."""

M = TypeVar("M", bound=BaseModel)


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
        raise mistake(context, [], f"must be a mapping of options, not {spelled(raw)}")
    resolved: dict[str, Any] = {}
    found: list[Mistake] = []
    for key, value in raw.items():
        try:
            resolved[key] = resolve_text(context.at_path(key), value) if key in TEMPLATED else value
        except DocumentError as exc:
            found.extend(exc.mistakes)
    read, wrong = _tried(context, model, resolved)
    if found:
        # a field whose template failed is not there: "is missing" would be a second message about it
        unresolved = {line.path for line in found}
        raise DocumentError([*found, *(line for line in wrong if line.path not in unresolved)])
    if read is None:
        raise DocumentError(wrong)
    return read


def validated(context: dg.ResolutionContext, model: type[M], resolved: Mapping[str, Any]) -> M:
    """Validate fields whose templates are resolved.

    Raises:
        ResolutionException: all mistakes, each with file, line, field and, if there is one, a suggestion.
    """
    read, wrong = _tried(context, model, resolved)
    if read is None:
        raise DocumentError(wrong)
    return read


def _tried(
    context: dg.ResolutionContext, model: type[M], resolved: Mapping[str, Any]
) -> tuple[M | None, list[Mistake]]:
    """Return the model or its mistakes; the error is raised outside, without pydantic's text."""
    try:
        return model.model_validate(resolved), []
    except ValidationError as exc:
        return None, [located(context, path, message) for path, message in explained(exc, model, resolved)]


def require_unique_keys(context: dg.ComponentLoadContext) -> None:
    """Refuse a duplicate key in the file of a component; one made in Python has no file."""
    tree = context.resolution_context.source_position_tree
    if tree is not None and (path := FilePath(tree.position.filename)).is_file():
        status = path.stat()
        if wrong := _duplicates(path, status.st_mtime_ns, status.st_size):
            raise DocumentError(wrong)


def refuse_duplicate_keys(file: FilePath) -> None:
    """Raise for a duplicate key in a YAML file; the YAML loader would silently keep its last value."""
    if wrong := tuple(duplicate_keys(file)):
        raise DocumentError(wrong)


@lru_cache(maxsize=256)
def _duplicates(file: FilePath, _modified_ns: int, _size_bytes: int) -> tuple[Mistake, ...]:
    """Read a file once for all of its documents."""
    return tuple(duplicate_keys(file))


def duplicate_keys(file: FilePath) -> Iterator[Mistake]:
    """Yield the duplicate keys of a YAML file."""
    with file.open(encoding="utf-8-sig") as stream:
        for node in yaml.compose_all(stream, Loader=LOADER):
            yield from doubled_keys(node, file)


def doubled_keys(document: yaml.Node, file: FilePath) -> Iterator[Mistake]:
    """Yield the duplicate keys of one document."""
    left: list[yaml.Node] = [document]
    visited: set[int] = set()  # an alias repeats a node
    while left:
        node = left.pop()
        if id(node) in visited:
            continue
        visited.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            left.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            yield from _doubled(node, file)
            left.extend(value for _, value in node.value)


def _doubled(node: yaml.MappingNode, file: FilePath) -> Iterator[Mistake]:
    seen: set[str] = set()
    for key, _ in node.value:
        if str(key.value) in seen:
            yield Mistake(str(file), key.start_mark.line + 1, (str(key.value),), "is written twice")
        seen.add(str(key.value))
