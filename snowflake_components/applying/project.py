"""Read the documents of all objects below a folder, without loading the definitions of Dagster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_shared.yaml_utils import parse_yamls_with_source_position

from snowflake_components.authoring.written import TYPE
from snowflake_components.component import SnowflakeCreateOrRefreshComponent
from snowflake_components.documents.files import require_documents, yaml_files
from snowflake_components.documents.messages import DocumentError, Mistake
from snowflake_components.documents.options import StageOptions
from snowflake_components.documents.reading import LOADER, doubled_keys
from snowflake_components.planning.objects import StageUrlUnknownError
from snowflake_components.planning.refreshes import ObjectSpec


@dataclass(frozen=True, slots=True)
class DescribedObject:
    """An object of a document.

    Args:
        spec: of the object.
        place: file and line of the document.
    """

    spec: ObjectSpec
    place: str


@dataclass(frozen=True, slots=True)
class _Written:
    component: SnowflakeCreateOrRefreshComponent
    file: Path
    line: int


def read_objects(folder: Path, known: Sequence[str] = (TYPE,)) -> list[DescribedObject]:
    """Read every document of an object below a folder; documents of other types are skipped.

    Args:
        folder: with documents, at any depth.
        known: types to suggest for one that is misspelled.

    Raises:
        DocumentError: all mistakes of all files, each with file, line and field.
    """
    require_documents(folder, known)
    read: list[_Written] = []
    mistakes: list[Mistake] = []
    for file in yaml_files(folder):
        try:
            read.extend(_documents(file))
        except DocumentError as exc:
            mistakes.extend(exc.mistakes)
    mistakes.extend(_shared(read))
    stages = {
        one.component.target: one.component.options.url
        for one in read
        if isinstance(one.component.options, StageOptions)
    }
    found = []
    for one in read:
        try:
            stage = one.component.stage_target
            spec = one.component.object_spec(stages.get(stage) if stage else None)
            found.append(DescribedObject(spec, f"{one.file}:{one.line}"))
        except StageUrlUnknownError as exc:
            mistakes.append(Mistake(str(one.file), one.line, ("attributes", "options", "columns"), str(exc)))
    if mistakes:
        raise DocumentError(mistakes)
    return found


def _documents(file: Path) -> list[_Written]:
    """Read the documents of a file; only a mistake needs the position of every field, which costs the most."""
    text = file.read_text(encoding="utf-8-sig")
    loader = LOADER(text)
    found: list[_Written] = []
    mistakes: list[Mistake] = []
    while loader.check_node():
        node = loader.get_node()
        if node is None:
            break
        value = loader.construct_document(node)
        if value.get("type") != TYPE:
            continue
        mistakes.extend(doubled_keys(node, file))
        try:
            found.append(_Written(_component(value, None), file, node.start_mark.line + 1))
        except DocumentError:
            mistakes.extend(_located(file, text, len(found)))
            break
    if mistakes:
        raise DocumentError(mistakes)
    return found


def _located(file: Path, text: str, first: int) -> Iterator[Mistake]:
    """Yield the mistakes of a file with their lines, from the first broken document of an object on."""
    trees = parse_yamls_with_source_position(text, str(file))
    wanted = [tree for tree in trees if isinstance(tree.value, Mapping) and tree.value.get("type") == TYPE]
    for tree in wanted[first:]:
        try:
            _component(tree.value, tree.source_position_tree)
        except DocumentError as exc:
            yield from exc.mistakes


def _component(document: Mapping[str, Any], positions: Any) -> SnowflakeCreateOrRefreshComponent:
    context = dg.ResolutionContext.default(positions).at_path("attributes")
    attributes = document.get("attributes") or {}
    # they belong to Dagster: their templates need its loader
    own = {name: value for name, value in attributes.items() if name != "asset_attributes"}
    return SnowflakeCreateOrRefreshComponent.read(context, own)


def _shared(read: Sequence[_Written]) -> Iterator[Mistake]:
    seen: dict[Any, _Written] = {}
    for one in read:
        place = one.component.place
        if place in seen:
            said = f"the object {one.component.target} has a document at {seen[place].file}:{seen[place].line} as well"
            yield Mistake(str(one.file), one.line, ("attributes", "name"), said)
        seen.setdefault(place, one)
