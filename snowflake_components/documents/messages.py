"""What a mistake in a document is called: one line with file, line, field, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import dagster as dg
from dagster.components.resolved.errors import ResolutionException
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

Path = Sequence[str | int]

_WRONG_TYPES = {
    "bool_type": "must be true or false, not {value}",
    "int_type": "must be a whole number, not {value}",
    "list_type": "must be {shape}, not {value}",
    "dict_type": "must be a mapping, not {value}",
    "model_type": "must be a mapping, not {value}",
    "model_attributes_type": "must be a mapping, not {value}",
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake of a document.

    Args:
        file: of the document; None for one that was not read from a file.
        line: of the field.
        path: of the field in the document.
        message: what is wrong, and what to write.
    """

    file: str | None
    line: int
    path: tuple[str | int, ...]
    message: str

    @property
    def place(self) -> str:
        """File and line; without a file the field."""
        return f"{self.file}:{self.line}" if self.file else ".".join(map(str, self.path))

    def __str__(self) -> str:
        field = ".".join(str(part) for part in self.path) or "attributes"
        return f"{self.place} - {field}: {self.message}" if self.file else f"{field}: {self.message}"


class DocumentError(ResolutionException):
    """A document has mistakes; the message has one line for each, in the order of the file."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(dict.fromkeys(sorted(mistakes, key=lambda found: (found.file or "", found.line))))
        super().__init__("\n".join(map(str, self.mistakes)))


def mistake(context: dg.ResolutionContext, path: Path, message: str) -> DocumentError:
    """Return the error of one field below the field of the context."""
    return DocumentError([located(context, path, message)])


def located(context: dg.ResolutionContext, path: Path, message: str) -> Mistake:
    """Return the mistake of one field below the field of the context."""
    full = (*context.path, *path)
    if context.source_position_tree is None:
        return Mistake(None, 0, full, message)
    position, _ = context.source_position_tree.lookup_closest_and_path(full, None)
    return Mistake(position.filename, position.start.line, full, message)


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


def suggestion(word: str, known: Sequence[str]) -> str:
    """Return a suggestion for a word, and the list of known words."""
    close = get_close_matches(str(word).lower().replace("-", "_").replace(" ", "_"), known, n=1)
    meant = f"did you mean '{close[0]}'? " if close else ""
    return f"{meant}Known: {', '.join(sorted(known))}"


def field_names(model: type[BaseModel], path: Path) -> list[str]:
    """Return the YAML names of the fields of the model at a path."""
    found = _model_at(model, path)
    return _names(found) if found else []


def spelled(value: Any) -> str:
    """Return a value as a message names it: what YAML made of it, without the content of lists and mappings."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "nothing" if value is None else repr(value)


def not_text(value: Any) -> str:
    """Return the message about a value that must be text; YAML reads `no`, `2025` and `1.0` as something else."""
    repair = "" if isinstance(value, Mapping | list) else ": put it in quotes"
    return f"must be text, not {spelled(value)}{repair}"


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _message(error: ErrorDetails, path: Path, model: type[BaseModel]) -> str:
    if error["type"] == "extra_forbidden":
        return _unknown(str(path[-1]), _model_at(model, path[:-1]))
    if error["type"] == "missing":
        return "is missing"
    if error["input"] is None:
        return "must not be empty; write a value or leave the field out"
    if error["type"] == "string_type":
        return not_text(error["input"])
    if wrong := _WRONG_TYPES.get(error["type"]):
        return wrong.format(value=spelled(error["input"]), shape=_shape(model, path))
    return error["msg"].removeprefix("Value error, ")


def _unknown(name: str, model: type[BaseModel] | None) -> str:
    reasons: Mapping[str, str] = getattr(model, "not_here", {})
    if reason := reasons.get(name.lower().replace("-", "_").replace(" ", "_")):
        return f"unknown field; {reason}"
    return f"unknown field; {suggestion(name, _names(model) if model else [])}"


def _shape(model: type[BaseModel], path: Path) -> str:
    """Return what a list field takes."""
    inner = _model_at(model, path)
    if inner is None or not path:
        return "a list"
    required = [field.alias or name for name, field in inner.model_fields.items() if field.is_required()]
    return f"a list of {{{', '.join(required)}}}" if required else "a list"


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    for part in path:
        if isinstance(part, int):
            continue
        field = next((f for n, f in model.model_fields.items() if part in (f.alias, n)), None)
        inner = next(_models_in(field.annotation), None) if field else None
        if inner is None:
            return None
        model = inner
    return model


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
