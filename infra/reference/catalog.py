"""Every setting of the project, read from the classes of settings and from the documents below `orchestration/defs`."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import AliasChoices, BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from infra.local.settings import PROJECT
from infra.reference.readers import LOCAL, PRODUCTION, Reader
from orchestration.metapipeline.pipeline.document import MetapipelineDocument
from orchestration.stream.catalog import DEFS, STREAM_TYPE
from orchestration.stream.document import StreamDocument

_TEMPLATE = re.compile(r"env\('(\w+)', *'([^']*)'\)")
_DOCUMENTS: Mapping[str, type[BaseModel]] = {
    STREAM_TYPE: StreamDocument,
    "orchestration.MetapipelineComponent": MetapipelineDocument,
}
_UNITS = {
    "seconds": "seconds",
    "hours": "hours",
    "bytes": "bytes",
    "port": "port",
    "heap": "bytes with m or g",
    "file": "path",
    "location": "path",
}
"""By a word of the name of a setting."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable.

    Args:
        section: of the page.
        variable: its name.
        default: as text; empty where there is none.
        unit: of a number, or the values that are allowed.
        meaning: one sentence or part of one.
        used_by: the programs that read it.
        other_defaults: of programs that have another default.
        is_secret: whether it belongs into a store of secrets.
    """

    section: str
    variable: str
    default: str
    unit: str
    meaning: str
    used_by: tuple[str, ...] = ()
    other_defaults: tuple[tuple[str, str], ...] = ()
    is_secret: bool = False


def settings() -> list[Setting]:
    """Return every setting once, in the order of the sections."""
    found: dict[str, Setting] = {}
    for one in [*_of_classes(PRODUCTION), *_of_documents(DEFS), *_of_classes(LOCAL)]:
        found[one.variable] = _joined(found[one.variable], one) if one.variable in found else one
    order = list(dict.fromkeys(one.section for one in found.values()))
    return sorted(found.values(), key=lambda one: order.index(one.section))


def _joined(first: Setting, other: Setting) -> Setting:
    """Add the users of a setting that another reader has, too."""
    # the name of an object in Snowflake has no case
    differs = other.used_by and other.default.upper() != first.default.upper()
    defaults = [(name, other.default) for name in other.used_by] if differs else []
    return replace(
        first,
        meaning=first.meaning or other.meaning,
        used_by=tuple(dict.fromkeys((*first.used_by, *other.used_by))),
        other_defaults=tuple(dict.fromkeys((*first.other_defaults, *defaults))),
        is_secret=first.is_secret or other.is_secret,
    )


def _of_classes(readers: Iterable[Reader]) -> Iterator[Setting]:
    for reader in readers:
        texts = docstrings(reader.model)
        for name, field in reader.model.model_fields.items():
            yield _setting(reader, name, field, field.description or texts.get(name, ""))


def docstrings(model: type) -> dict[str, str]:
    """Return the docstrings of the fields of a class and of those that it inherits, by field.

    Pydantic could read them itself, but in every process that imports the settings.
    """
    found: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if issubclass(owner, BaseSettings) and owner is not BaseSettings:
            found |= _docstrings_in(textwrap.dedent(inspect.getsource(owner)))
    return found


def _docstrings_in(source: str) -> Iterator[tuple[str, str]]:
    [definition] = ast.parse(source).body
    for field, text in pairwise(definition.body if isinstance(definition, ast.ClassDef) else ()):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(written))):
                yield name, written


def _setting(reader: Reader, name: str, field: FieldInfo, text: str) -> Setting:
    return Setting(
        section=reader.section,
        variable=_variable(reader.model.model_config.get("env_prefix", ""), name, field),
        default=_default(field),
        unit=_unit(name, field.annotation),
        meaning=_sentence(text),
        used_by=(reader.used_by,) if reader.used_by else (),
        is_secret=SecretStr in _members(field.annotation),
    )


def _variable(prefix: str, name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        alias = next(str(choice) for choice in alias.choices)
    return str(alias) if isinstance(alias, str) else f"{prefix}{name}".upper()


def _default(field: FieldInfo) -> str:
    value: Any = "" if field.is_required() else field.get_default(call_default_factory=True)
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Path):
        return str(value.relative_to(PROJECT) if value.is_relative_to(PROJECT) else value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return str(value.value)
    return "" if value is None or value in ({}, ()) else str(value)


def _sentence(description: str) -> str:
    """Return a description as a sentence; the name of a foreign setting keeps its case."""
    text = " ".join(description.split()).removesuffix(".")
    if not text:
        return ""
    first = text.split()[0]
    return (text[0].upper() + text[1:] if first.strip(",:").isalpha() else text) + "."


def _unit(name: str, annotation: Any) -> str:
    members = _members(annotation)
    for kind in members:
        if isinstance(kind, type) and issubclass(kind, Enum):
            return ", ".join(str(value.value) for value in kind)
    literals = [value for kind in members if get_origin(kind) is Literal for value in get_args(kind)]
    if literals:
        return ", ".join(map(str, literals))
    if bool in members:
        return "true, false"
    if Path in members:
        return "path"
    words = name.split("_")
    return next((unit for word, unit in _UNITS.items() if word in words), "")


def _members(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in {Union, UnionType} else (annotation,)


def _of_documents(folder: Path) -> Iterator[Setting]:
    """Yield the variables that the documents name in `env(…)`, with the meaning of their field."""
    for file in sorted(folder.rglob("defs.yaml")):
        for document in yaml.safe_load_all(file.read_text(encoding="utf-8")):
            model = _DOCUMENTS.get(document["type"])
            used_by = f"document `{file.parent.name}`"
            for path, text in _texts(document.get("attributes", {})):
                for variable, default in _TEMPLATE.findall(text):
                    field = _field(model, path)
                    meaning, unit = (
                        (_sentence(field.description or ""), _unit(path[-1], field.annotation)) if field else ("", "")
                    )
                    yield Setting("Documents", variable, default, unit, meaning, (used_by,))


def _texts(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, (*path, str(name)))
    elif isinstance(value, Iterable):
        for inner in value:
            yield from _texts(inner, path)


def _field(model: type[BaseModel] | None, path: tuple[str, ...]) -> FieldInfo | None:
    """Return the field of a document at a path of names."""
    if model is None or path[0] not in model.model_fields:
        return None
    field = model.model_fields[path[0]]
    if len(path) == 1:
        return field
    inner = [kind for kind in _members(field.annotation) if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return _field(inner[0], path[1:]) if inner else None
