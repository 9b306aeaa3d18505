"""Typed values between assets: declared, checked at each boundary, stored as JSON or as rows.

A value is a frozen dataclass, or a tuple of rows that are frozen dataclasses. Dagster checks it when an asset returns
it and when another one takes it, so a wrong frame never reaches a reader. A file is readable by people, and loading
one executes nothing, unlike a pickle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cached_property
from typing import Any, get_args, get_origin, get_type_hints

import dagster as dg
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

_ERRORS_SHOWN = 3


class FrameType(dg.DagsterType):
    """The type of a value that one asset hands to another.

    Args:
        annotation: a dataclass, or `tuple[Row, ...]` of one.
        name: as Dagster shows it.
    """

    def __init__(self, annotation: Any, name: str) -> None:
        self._annotation = annotation
        super().__init__(
            type_check_fn=lambda _context, value: self._checked(value),
            name=name,
            typing_type=annotation,
            metadata={"columns": dg.MetadataValue.table_schema(table_schema(annotation))},
        )

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """Reads and writes values; it is built by the first run that needs it, not by every process."""
        return TypeAdapter(self._annotation)

    @property
    def row(self) -> Any:
        """The dataclass of a row; None for a value that is no tuple of rows."""
        parts = get_args(self._annotation)
        is_rows = get_origin(self._annotation) is tuple and len(parts) > 1 and parts[1] is Ellipsis
        return parts[0] if is_rows and is_dataclass(parts[0]) else None

    def to_json(self, value: Any) -> bytes:
        """Write a value.

        Raises:
            PydanticSerializationError: it is not of this type.
        """
        return self.adapter.dump_json(value, indent=1, warnings="error")

    def from_json(self, text: bytes) -> Any:
        """Read a value.

        Raises:
            ValidationError: the text does not hold a value of this type.
        """
        return self.adapter.validate_json(text, strict=True)

    def _checked(self, value: Any) -> dg.TypeCheck:
        try:
            read = self.from_json(self.to_json(value))
        except PydanticSerializationError as exc:
            return dg.TypeCheck(success=False, description=str(exc))
        except ValidationError as exc:
            return dg.TypeCheck(success=False, description=_described(exc))
        if read != value:
            return dg.TypeCheck(success=False, description="value: it is another one after it was stored and read")
        return dg.TypeCheck(success=True)


def frame_of(declared: dg.DagsterType) -> FrameType:
    """Return the type of an output or of an input as a frame.

    Raises:
        DagsterInvalidDefinitionError: it is none.
    """
    if not isinstance(declared, FrameType):
        raise dg.DagsterInvalidDefinitionError(f"{declared.display_name} is no frame: give it a FrameType")
    return declared


def table_schema(annotation: Any) -> dg.TableSchema:
    """Describe the fields of a dataclass as columns; of a tuple, those of its rows, of a union, those of the first."""
    row = next(_dataclasses(annotation))
    types = get_type_hints(row)
    return dg.TableSchema([dg.TableColumn(field.name, _type_name(types[field.name])) for field in fields(row)])


def _dataclasses(annotation: Any) -> Iterator[Any]:
    if is_dataclass(annotation):
        yield annotation
    for part in get_args(annotation):
        yield from _dataclasses(part)


def _type_name(annotation: Any) -> str:
    return getattr(annotation, "__name__", None) or str(annotation).replace("typing.", "")


def _described(exc: ValidationError) -> str:
    errors = exc.errors(include_url=False, include_input=False)
    shown = [f"{'.'.join(map(str, error['loc'])) or 'value'}: {error['msg']}" for error in errors[:_ERRORS_SHOWN]]
    rest = len(errors) - len(shown)
    return "; ".join([*shown, *([f"and {rest} more"] if rest else [])])
