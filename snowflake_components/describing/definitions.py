"""Turn a description of an object into its definition, with the checks of a document."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from snowflake_components.describing.errors import NotDescribableError
from snowflake_components.describing.objects import DescribedInAccount
from snowflake_components.documents.file_formats import FileFormatOptions
from snowflake_components.documents.messages import explained
from snowflake_components.documents.options import ExternalTableOptions, StageOptions
from snowflake_components.documents.tables import TableOptions
from snowflake_components.planning.objects import Options, object_of
from snowflake_components.statements.kinds import Definition, ObjectType

MODELS: dict[ObjectType, type[Options]] = {
    ObjectType.STAGE: StageOptions,
    ObjectType.EXTERNAL_TABLE: ExternalTableOptions,
    ObjectType.TABLE: TableOptions,
    ObjectType.FILE_FORMAT: FileFormatOptions,
}
_UNLOADED = {"location": "@unknown", "file_format": {"type": "CSV"}}
"""Fields of a table that are of its loads, which the account does not know."""
M = TypeVar("M", bound=BaseModel)


def definition_of(described: DescribedInAccount) -> Definition:
    """Return the definition of an object of the account, without a comment.

    Raises:
        NotDescribableError: no document may say this; the message has the field.
    """
    options = dict(described.options)
    if described.object_type is ObjectType.TABLE:
        columns = [{"as": "NULL"} | column for column in options["columns"]]
        options = _UNLOADED | options | {"columns": columns}
    read = validated(MODELS[described.object_type], options)
    return object_of(described.name, None, read, None).definition


def validated(model: type[M], options: dict[str, object]) -> M:
    """Return options as the model of a document; another text is a `NotDescribableError`."""
    try:
        return model.model_validate(options)
    except ValidationError as exc:
        wrong = [f"{'.'.join(map(str, path))}: {said}" for path, said in explained(exc, model, options)]
    raise NotDescribableError("; ".join(wrong))
