"""One or more texts of every statement that the product sends, in an order in which an account can execute them.

The texts of the components hold every clause of the shape once, and the fewest once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from flink_jobs.contracts.layout import Hour
from orchestration.dbt_runner import built_hours
from orchestration.dbt_runner.views import views_statement
from orchestration.frames import tables
from orchestration.frames.built_hours import built_hours_statements
from orchestration.frames.types import FrameType
from orchestration.landing.clients import hour_objects, hours_table
from orchestration.landing.clients.event_figures import figures_statement
from orchestration.landing.clients.hour_objects import AddedObjects
from orchestration.landing.clients.hours_table import PublishedHour
from orchestration.landing.clients.record_columns import RecordColumns
from orchestration.landing.clients.snowflake import (
    HOUR_COLUMN,
    event_ids_statement,
    queryable_statement,
    registered_statement,
    where,
)
from orchestration.landing.clients.table_rows import rows_statement
from orchestration.metapipeline.usage import history, metering, reading, uses
from orchestration.stream.catalog import DEFS
from snowflake_components.applying.project import read_objects
from snowflake_components.documents.file_formats import FileFormatOptions
from snowflake_components.identifiers import Expression, Identifier, OptionValue, QualifiedName, StagePath, Word
from snowflake_components.statements.changes import (
    AddVirtualColumn,
    RegisteredFiles,
    Rename,
    ReplaceExternalTable,
    SetAutoRefresh,
    SetProperties,
    SetTableComment,
    ShowObjects,
)
from snowflake_components.statements.descriptions import Describe, ExternalTableDdlOf, ShowGrants, ShowInAccount
from snowflake_components.statements.external_tables import CreateExternalTable, RefreshExternalTable, VirtualColumn
from snowflake_components.statements.file_formats import CreateFileFormat
from snowflake_components.statements.kinds import CurrentRole, ObjectType, ShowObject, Statement, UseRole
from snowflake_components.statements.stages import CreateStage, RefreshStage
from snowflake_components.statements.tables import AddColumns, CopyInto, CreateTable, TableColumn

_HOUR = Hour.from_label("2025-08-01T03")
_PATH = "2025/08/01/03/"
_COMMENT = "Tom & Jerry's\nlanding \\ ☃ <b>"
_NAMED_TEXT = "one \\d+ 'quoted'"


@dataclass(frozen=True, slots=True)
class _Score:
    organization: str
    replication_hour: datetime
    events: int | None
    share: float
    good: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where the statements work.

    Args:
        schema: database and schema, given as any object of it.
        url: of a folder of a bucket, with a slash at its end.
        integration: that may read the folder; None where none is needed.
        role: of the session.
    """

    schema: QualifiedName
    url: str
    integration: Identifier | None
    role: Identifier

    def name(self, name: str) -> QualifiedName:
        """Return the full name of an object."""
        return replace(self.schema, name=Identifier(name))


@dataclass(frozen=True, slots=True)
class Rendered:
    """A statement with the name of its shape; `statement` is None for a query that is a function of its arguments."""

    golden: str
    sql: str
    statement: Statement | None = None


_TYPES: Mapping[str, Mapping[str, object]] = {
    "AVRO": {"compression": "GZIP"},
    "CSV": {
        "compression": "AUTO",
        "record_delimiter": "\n",
        "field_delimiter": "|",
        "skip_header": 1,
        "skip_blank_lines": True,
        "date_format": "AUTO",
        "time_format": "AUTO",
        "timestamp_format": "YYYY-MM-DD",
        "binary_format": "HEX",
        "escape": "NONE",
        "escape_unenclosed_field": "\\",
        "trim_space": True,
        "field_optionally_enclosed_by": '"',
        "null_if": ["", "NULL"],
        "error_on_column_count_mismatch": False,
        "replace_invalid_characters": True,
        "empty_field_as_null": True,
        "skip_byte_order_mark": True,
        "encoding": "UTF8",
    },
    "JSON": {
        "compression": "ZSTD",
        "null_if": [],
        "enable_octal": False,
        "allow_duplicate": True,
        "strip_outer_array": True,
        "strip_null_values": True,
        "replace_invalid_characters": True,
        "skip_byte_order_mark": True,
    },
    "ORC": {"trim_space": True},
    "PARQUET": {"compression": "SNAPPY", "binary_as_text": True, "use_logical_type": True},
}


def rendered(place: Place) -> Iterator[Rendered]:
    """Render every statement; each golden has at least one."""
    yield from _session(place)
    yield from _components(place)
    yield from _landing(place)
    yield from _metapipeline(place)
    yield from _frames(place)


def _session(place: Place) -> Iterator[Rendered]:
    yield _of("current role", CurrentRole())
    yield _of("use role", UseRole(place.role))
    for kind in ObjectType:
        yield _of("show one object", ShowObject(kind, place.name("EVENTS_A")))
        yield _of("show objects of schema", ShowObjects(kind, place.name("EVENTS_A")))
    yield Rendered("show views of schema", views_statement(place.schema.database, place.schema.schema))


def _components(place: Place) -> Iterator[Rendered]:
    yield from _file_formats(place)
    yield from _stages(place)
    yield from _external_tables(place)
    yield from _tables(place)
    yield from _descriptions(place)
    yield from _renames(place)


def _file_formats(place: Place) -> Iterator[Rendered]:
    json = {"TYPE": Word("JSON")}
    yield _of("create file format", CreateFileFormat(place.name("LINES"), json))
    for kind, options in _TYPES.items():
        read = FileFormatOptions.model_validate({"type": kind, **options})
        yield _of("create file format", CreateFileFormat(place.name(f"ALL_{kind}"), read.rendered(), _COMMENT))
    clauses = ("ALLOW_DUPLICATE = TRUE", "COMMENT = 'lines'")
    yield _of("alter file format", SetProperties(ObjectType.FILE_FORMAT, place.name("LINES"), clauses))


def _stages(place: Place) -> Iterator[Rendered]:
    plain, whole = place.name("LANDED"), place.name("Landed 'whole'")
    inline: dict[str, OptionValue] = {"TYPE": Word("JSON"), "ALLOW_DUPLICATE": True, "FILE_EXTENSION": ".jsonl"}
    yield _of("create stage", CreateStage(plain, place.url, place.integration))
    yield _of("create stage", CreateStage(whole, place.url, place.integration, False, inline, _COMMENT))
    stage = ObjectType.STAGE
    directory = ("DIRECTORY = (ENABLE = TRUE AUTO_REFRESH = FALSE)",)
    yield _of("alter directory of stage", SetProperties(stage, plain, directory))
    yield _of(
        "alter directory of stage",
        SetProperties(stage, place.name("Landed 'whole'"), ("DIRECTORY = (ENABLE = FALSE)",)),
    )
    yield _of("alter stage", SetProperties(stage, plain, ("FILE_FORMAT = (TYPE = JSON)", "COMMENT = 'it''s'")))
    yield _of("alter stage", SetProperties(stage, plain, (f"URL = '{place.url}'",)))
    yield _of("refresh stage", RefreshStage(plain))
    yield _of("refresh stage", RefreshStage(plain, _PATH))


def _external_tables(place: Place) -> Iterator[Rendered]:
    stage = StagePath(place.name("LANDED"))
    named: dict[str, OptionValue] = {"FORMAT_NAME": place.name("LINES").sql}
    columns = (
        VirtualColumn(Identifier("FILENAME"), "VARCHAR", Expression("METADATA$FILENAME")),
        VirtualColumn(Identifier("YEAR"), "VARCHAR", Expression("SPLIT_PART(METADATA$FILENAME, '/', -5)")),
        VirtualColumn(
            Identifier("Day of 'month'"),
            "NUMBER(2, 0)",
            Expression("SPLIT_PART(METADATA$FILENAME, '/', -3)::NUMBER(2, 0)"),
        ),
        VirtualColumn(Identifier("EVENT_ID"), "VARCHAR", Expression("value:event:event_id::varchar")),
    )
    partitions = (Identifier("YEAR"), Identifier("Day of 'month'"))
    plain = CreateExternalTable(place.name("EXT_PLAIN"), (), stage, {"TYPE": Word("JSON")})
    whole = CreateExternalTable(
        place.name("EXT_WHOLE"),
        columns,
        replace(stage, path="2025/"),
        named,
        partitions,
        r".*\.jsonl",
        comment=_COMMENT,
    )
    yield _of("create external table", plain)
    yield _of("create external table", whole)
    yield _of("replace external table", ReplaceExternalTable(plain))
    yield _of("replace external table", ReplaceExternalTable(whole))
    added = VirtualColumn(Identifier("Number of 'offset'"), "NUMBER(38, 0)", Expression("value:offset::number"))
    yield _of("add virtual column", AddVirtualColumn(whole.name, added))
    yield _of("alter auto refresh", SetAutoRefresh(whole.name, enabled=False))
    yield _of("comment on table", SetTableComment(whole.name, "it's"))
    yield _of("refresh external table", RefreshExternalTable(plain.name))
    yield _of("refresh external table", RefreshExternalTable(plain.name, _PATH))
    yield _of("registered files", RegisteredFiles(plain.name))


def _tables(place: Place) -> Iterator[Rendered]:
    name, stage = place.name("EVENTS"), StagePath(place.name("LANDED"))
    columns = (
        TableColumn(Identifier("EVENT_ID"), "VARCHAR(64)", Expression("$1:event:event_id::varchar"), not_null=True),
        TableColumn(Identifier("FILENAME"), "VARCHAR", Expression("METADATA$FILENAME")),
    )
    added = (TableColumn(Identifier("OFFSET"), "NUMBER(38, 0)", Expression("$1:offset::number")),)
    named: dict[str, OptionValue] = {"FORMAT_NAME": place.name("LINES").sql}
    yield _of("create table", CreateTable(name, columns, _COMMENT))
    yield _of("comment on table", SetTableComment(name, "events"))
    yield _of("add columns", AddColumns(name, added))
    yield _of("copy into", CopyInto(name, columns, stage, {"TYPE": Word("JSON")}, Word("ABORT_STATEMENT")))
    whole = CopyInto(name, (*columns, *added), stage, named, "SKIP_FILE_5%", ".*[.]jsonl", load_uncertain_files=True)
    yield _of("copy into", whole.below(_PATH))


def _descriptions(place: Place) -> Iterator[Rendered]:
    objects = {
        ObjectType.FILE_FORMAT: place.name("LINES"),
        ObjectType.STAGE: place.name("Landed 'whole'"),
        ObjectType.EXTERNAL_TABLE: place.name("EXT_WHOLE"),
        ObjectType.TABLE: place.name("EVENTS"),
    }
    for kind in (ObjectType.STAGE, ObjectType.TABLE):
        yield _of("describe", Describe(kind, objects[kind]))
    yield _of("ddl of external table", ExternalTableDdlOf(objects[ObjectType.EXTERNAL_TABLE]))
    for kind, name in objects.items():
        yield _of("show grants", ShowGrants(kind, name))
    for plural in ("EXTERNAL TABLES", "PIPES", "STREAMS"):
        yield _of("show in account", ShowInAccount(plural))


def _renames(place: Place) -> Iterator[Rendered]:
    """No later statement needs an object that is renamed here."""
    for kind, name in (
        (ObjectType.FILE_FORMAT, "ALL_CSV"),
        (ObjectType.STAGE, "Landed 'whole'"),
        (ObjectType.TABLE, "EVENTS"),
    ):
        yield _of(f"rename {kind}", Rename(kind, place.name(name), place.name(f"{name} of 2025")))


def _landing(place: Place) -> Iterator[Rendered]:
    """The external table of the first stream, as its document describes it, and what the checks of an hour ask it."""
    (described,) = (
        one.spec.definition
        for one in read_objects(DEFS / "platform_events")
        if isinstance(one.spec.definition, CreateExternalTable)
    )
    table = replace(
        described,
        name=place.name("EXT_FLINK_EVENT_LOG"),
        location=replace(described.location, stage=place.name("LANDED")),
    )
    columns = RecordColumns.of({column.name.name: column.expression.sql for column in table.columns})
    hours = [_HOUR, _HOUR.plus(1), _HOUR.plus(5)]
    yield _of("create external table", table)
    for hour in (None, _HOUR):
        yield Rendered("registered files of hour", registered_statement(table.name, hour))
    yield Rendered("rows by file", queryable_statement(table.name, hours))
    yield Rendered("rows of hour", rows_statement(table.name, columns, where([_HOUR])))
    yield Rendered("figures of hours", figures_statement(table.name, HOUR_COLUMN, where(hours)))
    yield Rendered("event ids of hour", event_ids_statement(table.name, _HOUR))
    published = [
        PublishedHour("platform_events", hour, 1, "0" * 64, 4, 1, 3, 612, datetime(2025, 8, 1, 5, 1, tzinfo=UTC))
        for hour in (_HOUR, _HOUR.plus(1))
    ]
    written = place.name("HOURS")
    yield Rendered("create hours", hours_table.STATEMENTS.create_statement(written))
    for merge in hours_table.merge_statements(written, published):
        yield Rendered("merge hours", merge)
    yield Rendered("read hours", hours_table.read_statement(written, "platform_events"))
    added = AddedObjects("platform_events", _HOUR, 1, datetime(2025, 8, 1, 5, 1, tzinfo=UTC), ("a.jsonl", "b.jsonl"))
    objects = place.name("HOUR_OBJECTS")
    yield Rendered("create hour objects", hour_objects.STATEMENTS.create_statement(objects))
    for merge in hour_objects.merge_statements(objects, [added]):
        yield Rendered("merge hour objects", merge)
    # dbt creates BUILT_HOURS; a table of its columns stands for it
    built = place.name("BUILT_HOURS")
    for hour in (None, _HOUR):
        yield Rendered("read built hours", built_hours.read_statement(built, hour))


def _metapipeline(place: Place) -> Iterator[Rendered]:
    kept, staged = place.name("METAPIPELINE_HISTORY"), place.name("STG_PLATFORM_EVENTS")
    start = datetime(2025, 8, 1, tzinfo=UTC)
    day = history.PlatformDay(date(2025, 8, 1), models=3, run_seconds=1.5)
    own = uses.Own("hourglass", ("metapipeline",), ("it's/an_asset",), ("shop",))
    yield Rendered("create history", history.create_statement(kept))
    yield Rendered("merge history", history.merge_statement(kept, day))
    for since in (None, date(2025, 7, 1)):
        yield Rendered("read history", history.read_statement(kept, since))
    yield Rendered("model events", reading.events_query(staged, 30))
    yield Rendered("uses", uses.uses_query(staged, start, own))
    yield Rendered("uses", uses.uses_query(staged, start, uses.Own()))
    yield Rendered("hours of uses", uses.hours_query(staged, start))
    yield Rendered("metered credits", metering.metering_query(start))


def _frames(place: Place) -> Iterator[Rendered]:
    table, hours = place.name("SCORES"), [_HOUR, _HOUR.plus(1)]
    columns = tables.columns_of(FrameType(tuple[_Score, ...], "Scores"))
    rows = [_Score("it's \\ acme", hour.start, None, 0.5, good=True) for hour in hours]
    yield Rendered("create frame", tables.create_statement(table, columns))
    for its in (hours, None):
        deleted, inserted = tables.write_statements(table, columns, rows, "replication_hour", its)
        yield Rendered("delete frame", deleted)
        yield Rendered("select frame", tables.select_statement(table, columns, "replication_hour", its))
    yield Rendered("insert frame", inserted)
    created, forgotten, noted = built_hours_statements(table, dict.fromkeys(hours, "0" * 64))
    yield Rendered("create built hours", created)
    yield Rendered("delete built hours", forgotten)
    yield Rendered("insert built hours", noted)
    yield Rendered("begin", tables.BEGIN)
    yield Rendered("commit", tables.COMMIT)


def _of(golden: str, statement: Statement) -> Rendered:
    return Rendered(golden, statement.sql, statement)
