"""Export objects of an account as documents; what a document cannot say is refused by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from snowflake_components.applying.listing import Sent, objects_of
from snowflake_components.authoring.written import document
from snowflake_components.component import key_part
from snowflake_components.describing.definitions import MODELS, validated
from snowflake_components.describing.errors import NotDescribableError
from snowflake_components.describing.objects import DescribedInAccount, describe
from snowflake_components.documents.options import split_location
from snowflake_components.documents.reading import TEMPLATED
from snowflake_components.errors import ObjectMissingError
from snowflake_components.identifiers import Identifier, QualifiedName
from snowflake_components.planning.changes import set_comment
from snowflake_components.planning.differences import Found
from snowflake_components.planning.marks import marked
from snowflake_components.planning.objects import object_of
from snowflake_components.statements.kinds import Definition, ObjectType
from snowflake_components.work import Session

_NO_LOAD = (
    "the account does not say how it is loaded: name the stage of its files (--load-from @stage/directory/), and check "
    "the expressions"
)
_TEXT_TYPE = "CSV"


@dataclass(frozen=True, slots=True)
class Exported:
    """An object as a document.

    Args:
        definition: that the document has.
        attributes: of the document.
    """

    definition: Definition
    attributes: Mapping[str, Any]

    @property
    def document(self) -> dict[str, Any]:
        """The whole document."""
        return document(self.attributes)


@dataclass(frozen=True, slots=True)
class NotExported:
    """An object that is no document.

    Args:
        object_type: its kind.
        name: its full name.
        reason: what no document can say, or which one describes the object already.
        is_refused: whether something is missing; False for an object that has a document.
    """

    object_type: ObjectType
    name: QualifiedName
    reason: str
    is_refused: bool = True


@dataclass(frozen=True, slots=True)
class Export:
    """The objects of a schema: documents, and what is none."""

    exported: tuple[Exported, ...]
    left_out: tuple[NotExported, ...]

    @property
    def refused(self) -> tuple[NotExported, ...]:
        """The objects that no document can say."""
        return tuple(one for one in self.left_out if one.is_refused)


def export_objects(
    session: Session,
    schema: tuple[Identifier, Identifier],
    names: Sequence[Identifier] = (),
    load_from: str | None = None,
) -> Export:
    """Read the objects of a schema as documents; nothing is changed.

    Args:
        session: whose role sees them.
        schema: database and schema.
        names: exact names, of any kind; none for all objects that no document of ours made.
        load_from: location of the files of tables, `@stage/directory/`, which the account does not know.

    Raises:
        ObjectMissingError: the schema has no object of a name.
        SnowflakeError: Snowflake refused to list or to describe them.
    """
    sent = Sent(session)
    exported: list[Exported] = []
    left_out: list[NotExported] = []
    keys: dict[str, str] = {}
    for name, found in _chosen(sent, schema, names):
        try:
            if found.mark is not None and not names:
                said = "its comment has a mark, so a document describes it already; name it to export it again"
                left_out.append(NotExported(found.object_type, name, said, is_refused=False))
                continue
            one = _exported(sent, found, name, load_from)
            _require_own_key(keys, found.object_type, name)
            exported.append(one)
        except NotDescribableError as exc:
            left_out.append(NotExported(found.object_type, name, str(exc)))
    return Export(tuple(exported), tuple(left_out))


def adopt(session: Session, exported: Sequence[Exported]) -> Iterator[Exported]:
    """Write the mark of each document behind the comment of its object, and yield each one that is done."""
    for one in exported:
        session.execute(set_comment(marked(one.definition)).sql)
        yield one


def _chosen(
    sent: Sent, schema: tuple[Identifier, Identifier], names: Sequence[Identifier]
) -> Iterator[tuple[QualifiedName, Found]]:
    left = {one.name for one in names}
    wanted = frozenset(left)
    for object_type in ObjectType:
        objects = objects_of(sent, object_type, QualifiedName(*schema, Identifier("ANY")))
        left -= objects.keys()
        for name, found in sorted(objects.items()):
            if not wanted or name in wanted:
                yield QualifiedName(*schema, Identifier(name)), found
    if left:
        database, of_database = schema
        raise ObjectMissingError(
            f"schema {database.name}.{of_database.name} has no stage, table or file format {', '.join(sorted(left))}"
        )


def _exported(sent: Sent, found: Found, name: QualifiedName, load_from: str | None) -> Exported:
    described = describe(sent.send, found.object_type, name, found.row)
    options = dict(described.options)
    if found.object_type is ObjectType.TABLE:
        options = _loaded(sent, described, load_from)
    if described.words:
        options["comment"] = described.words
    for field in TEMPLATED & options.keys():
        if "{{" in str(options[field]):
            raise NotDescribableError(f"its {field} would be read as a template")
    read = validated(MODELS[found.object_type], options)
    attributes = {
        "name": name.name.written,
        "database_name": name.database.written,
        "schema_name": name.schema.written,
        "type": found.object_type.value,
        "options": options,
    }
    return Exported(object_of(name, None, read, None).definition, attributes)


def _loaded(sent: Sent, described: DescribedInAccount, load_from: str | None) -> dict[str, Any]:
    """Add what the account does not know of a table: where its files are, and what each column reads of a line."""
    if load_from is None:
        raise NotDescribableError(_NO_LOAD)
    stage_name, _ = split_location(load_from)
    stage = QualifiedName.parse(stage_name, described.name.database, described.name.schema)
    listed = objects_of(sent, ObjectType.STAGE, stage).get(stage.name.name)
    if listed is None:
        raise ObjectMissingError(f"there is no stage {stage}, which --load-from names")
    formats = describe(sent.send, ObjectType.STAGE, stage, listed.row).options.get("file_format", {"type": _TEXT_TYPE})
    by_position = _is_text(sent, stage, formats)
    columns = [
        {"name": column["name"], "type": column["type"], "as": _value(at, column, by_position=by_position)}
        | {name: value for name, value in column.items() if name not in {"name", "type"}}
        for at, column in enumerate(described.options["columns"], 1)
    ]
    return {"location": load_from, "columns": columns, "file_format": _format_from(formats, stage, described.name)}


def _value(at: int, column: Mapping[str, Any], *, by_position: bool) -> str:
    field = f"${at}" if by_position else f"$1:{column['name']}"
    return f"{field}::{column['type']}"


def _is_text(sent: Sent, stage: QualifiedName, formats: Any) -> bool:
    if isinstance(formats, Mapping):
        return bool(formats["type"] == _TEXT_TYPE)
    name = QualifiedName.parse(formats, stage.database, stage.schema)
    found = objects_of(sent, ObjectType.FILE_FORMAT, name).get(name.name.name)
    return found is not None and found.shown("type") == _TEXT_TYPE


def _format_from(formats: Any, stage: QualifiedName, table: QualifiedName) -> Any:
    if isinstance(formats, Mapping):
        return formats
    return QualifiedName.parse(formats, stage.database, stage.schema).written_from(table)


def _require_own_key(keys: dict[str, str], object_type: ObjectType, name: QualifiedName) -> None:
    """Refuse a second object with an asset key: a stage and a table may have the same name."""
    key = "/".join(key_part(part.written) for part in (name.database, name.schema, name.name))
    if key in keys:
        raise NotDescribableError(f"its asset key {key} is that of the {keys[key]}")
    keys[key] = f"{object_type} {name}"
