"""Look at the files of a folder before Dagster does: an empty document, and a type that no module has.

Dagster's own errors about them have neither file nor line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

import yaml

from snowflake_components.documents.messages import DocumentError, Mistake, suggestion
from snowflake_components.documents.reading import LOADER

FILE_NAMES = ("defs.yaml", "component.yaml")
"""Names of the files that Dagster reads."""

_REPAIRS = {
    r"'\t'": "indent with spaces, not with tabs",
    "unknown escape": "a backslash in double quotes begins an escape: put the text in single quotes",
    "mapping values are not allowed": "check the indentation, and put a text with a colon in quotes",
    "cannot start any token": "put a text that begins with this character in quotes",
    "undefined alias": "put a text that begins with * in quotes",
}


def yaml_files(folder: Path) -> list[Path]:
    """List the files with documents below a folder."""
    return sorted(file for name in FILE_NAMES for file in folder.rglob(name))


def require_documents(folder: Path, known: Sequence[str]) -> None:
    """Refuse files that Dagster cannot load.

    Args:
        folder: with documents, at any depth.
        known: types to suggest.

    Raises:
        DocumentError: every empty document, and every type that cannot be imported.
    """
    types: dict[str, str | None] = {}
    found = [line for file in yaml_files(folder) for line in _wrong_documents(file, known, types)]
    if found:
        raise DocumentError(found)


def _wrong_documents(file: Path, known: Sequence[str], types: dict[str, str | None]) -> Iterator[Mistake]:
    text = file.read_text(encoding="utf-8-sig")
    try:
        nodes = list(yaml.compose_all(text, Loader=LOADER))
    except yaml.YAMLError:
        yield _not_yaml(file, text)
        return
    if not nodes:
        yield Mistake(str(file), 1, (), "the file is empty: write a document, or remove the file")
    for node in nodes:
        line = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode) and not node.value:
            above = text.splitlines()[:line]
            line = max((at for at, its in enumerate(above, 1) if its.startswith("---")), default=line)
            yield Mistake(str(file), line, (), "the document is empty: remove the --- before it")
        elif not isinstance(node, yaml.MappingNode):
            yield Mistake(str(file), line, (), "a document is a mapping with type and attributes")
        else:
            yield from _wrong_type(file, node, known, types)
            yield from _wrong_attributes(file, node)


def _not_yaml(file: Path, text: str) -> Mistake:
    """Return what the loader in Python says, which names more than the one in C."""
    try:
        list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        said = "; ".join(part for part in (exc.problem, exc.context) if part)
        hint = next((f"; {repair}" for sign, repair in _REPAIRS.items() if sign in said), "")
        return Mistake(str(file), mark.line + 1 if mark else 1, (), f"not YAML: {said}{hint}")
    except yaml.YAMLError as exc:
        return Mistake(str(file), 1, (), f"not YAML: {exc}")
    return Mistake(str(file), 1, (), "not YAML")


def _wrong_type(
    file: Path, node: yaml.MappingNode, known: Sequence[str], types: dict[str, str | None]
) -> Iterator[Mistake]:
    written = {key.value: value for key, value in node.value}
    if "type" not in written:
        yield Mistake(str(file), node.start_mark.line + 1, ("type",), f"is missing. Known: {', '.join(known)}")
        return
    name, line = str(written["type"].value), written["type"].start_mark.line + 1
    if name not in types:
        types[name] = _not_a_type(name, known)
    if wrong := types[name]:
        yield Mistake(str(file), line, ("type",), wrong)


def _wrong_attributes(file: Path, node: yaml.MappingNode) -> Iterator[Mistake]:
    for key, value in node.value:
        is_empty = isinstance(value, yaml.ScalarNode) and not value.value
        if key.value == "attributes" and not is_empty and not isinstance(value, yaml.MappingNode):
            yield Mistake(str(file), key.start_mark.line + 1, ("attributes",), "must be a mapping of fields")


def _not_a_type(name: str, known: Sequence[str]) -> str | None:
    module, _, member = name.rpartition(".")
    if name in known or (module and _has(module, member)):
        return None
    classes = {one.rpartition(".")[2]: one for one in known}
    same = classes.get(member)
    meant = f"did you mean {same!r}? Known: {', '.join(known)}" if same else suggestion(name, known)
    return f"no component has the type {name!r}; {meant}"


def _has(module: str, member: str) -> bool:
    if module.startswith("."):
        return True  # relative to the file: Dagster imports it
    try:
        return hasattr(import_module(module), member)
    except ImportError:
        return False
