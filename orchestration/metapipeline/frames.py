"""Typed values between the assets of the metapipeline: declared, checked at each boundary, stored as JSON.

A value is a frozen dataclass, or a tuple of rows that are frozen dataclasses. Dagster checks it when an asset returns
it and when another one takes it, so a wrong frame never reaches a reader. A file is readable by people, and loading
one executes nothing, unlike a pickle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cached_property
from typing import Any, get_args, get_type_hints

import dagster as dg
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from orchestration.metapipeline.errors import StateError
from orchestration.metapipeline.state import State

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


class JsonFrames(dg.IOManager):
    """Store the values of assets as JSON files, one per asset.

    Args:
        state: where they are kept.
        folder: of their names.
    """

    def __init__(self, state: State, folder: str) -> None:
        self._state = state
        self._folder = folder

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Write the value of an asset; readers see the old file or the new one."""
        name = self._name(context.asset_key)
        self._state.write(name, _type_of(context.dagster_type).to_json(obj))
        context.add_output_metadata({"path": dg.MetadataValue.path(self._state.address(name))})

    def load_input(self, context: dg.InputContext) -> Any:
        """Read the value of an asset as the type that the asset declares."""
        name, upstream = self._name(context.asset_key), context.upstream_output
        kept = self._state.read(name)
        if kept is None:
            raise StateError(
                f"{self._state.address(name)} is missing: materialize {context.asset_key.to_user_string()} first"
            )
        return _type_of(upstream.dagster_type if upstream else context.dagster_type).from_json(kept.content)

    def _name(self, key: dg.AssetKey) -> str:
        return f"{'/'.join((self._folder, *key.path))}.json"


def _type_of(declared: dg.DagsterType) -> FrameType:
    if not isinstance(declared, FrameType):
        raise dg.DagsterInvalidDefinitionError(f"{declared.display_name} is no frame: give the output a FrameType")
    return declared


def _type_name(annotation: Any) -> str:
    return getattr(annotation, "__name__", None) or str(annotation).replace("typing.", "")


def _described(exc: ValidationError) -> str:
    errors = exc.errors(include_url=False, include_input=False)
    shown = [f"{'.'.join(map(str, error['loc'])) or 'value'}: {error['msg']}" for error in errors[:_ERRORS_SHOWN]]
    rest = len(errors) - len(shown)
    return "; ".join([*shown, *([f"and {rest} more"] if rest else [])])
