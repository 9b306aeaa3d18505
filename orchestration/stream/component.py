"""The YAML component of a stream: one document is the assets, checks, job and sensors of one stream."""

from __future__ import annotations

from typing import Self

import dagster as dg
from pydantic import BaseModel, ConfigDict

from orchestration.landing.clients.record_columns import ColumnMissingError, RecordColumns
from orchestration.landing.clients.snowflake import DescribedTable
from orchestration.quality.definitions.hour import hour_quality
from orchestration.quality.definitions.reconciled import reconcile_job, reconcile_schedule, reconciled_check
from orchestration.quality.definitions.standing import standing_checks, standing_sensor
from orchestration.stream.binding import bind
from orchestration.stream.definitions.alerting import alert_sensor
from orchestration.stream.definitions.assets import external_assets, landed_hour, published_hour
from orchestration.stream.definitions.checks import hour_checks
from orchestration.stream.definitions.compacting import compaction_job, compaction_schedule
from orchestration.stream.definitions.hours import hour_job, hour_sensor
from orchestration.stream.definitions.observing import observing_sensor
from orchestration.stream.document import StreamDocument, stream_schema
from orchestration.stream.scaffold import StreamScaffolder
from snowflake_components.component import HourlyAssets, SnowflakeCreateOrRefreshComponent, document_position
from snowflake_components.documents.messages import mistake, suggestion
from snowflake_components.documents.options import ExternalTableOptions, StageOptions
from snowflake_components.documents.reading import load_document
from snowflake_components.documents.schema import component_schema


class StreamAttributes(BaseModel):
    """The attributes as written: templates are not resolved yet, so `StreamDocument` validates them later.

    The JSON schema is that of `StreamDocument`, for editors and for `dg check yaml`.
    """

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra=lambda schema: schema.update(component_schema("HourlyStreamComponent", stream_schema())),
    )


@dg.scaffold_with(StreamScaffolder)
class HourlyStreamComponent(HourlyAssets):
    """Publish a stream of Kafka topics to Snowflake, one proven hour at a time.

    One document makes the external assets of topics, landing job and objects with their observations, the sealed
    hour, the published hour, the checks between them, the job of an hour and its sensor. The external table that the
    stream feeds has a document of its own.
    """

    def __init__(self, document: StreamDocument) -> None:
        self.document = document

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """Return the model of the attributes as written."""
        return StreamAttributes

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:
        """Read one document; every mistake has file, line, field and a suggestion."""
        return cls(load_document(context, StreamDocument, attributes))

    def hours_of(self, key: dg.AssetKey) -> dg.HourlyPartitionsDefinition | None:
        """Return the hours of the stream for its two hourly assets."""
        keys = self.document.keys
        return self.document.partitions if key in {keys.landed_hour, keys.published_hour} else None

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Build the definitions of the stream."""
        document = self.document
        self._require_own_places(context)
        table = self._table(context)
        job, bound = hour_job(document), bind(document, table)
        compaction, reconciling = compaction_job(document), reconcile_job(document)
        return dg.Definitions(
            assets=[*external_assets(document), landed_hour(document), published_hour(document)],
            asset_checks=[
                *hour_checks(document),
                hour_quality(document),
                standing_checks(document),
                reconciled_check(document),
            ],
            jobs=[job, compaction, reconciling],
            schedules=[compaction_schedule(compaction), reconcile_schedule(document, reconciling)],
            sensors=[
                hour_sensor(document, job),
                observing_sensor(document),
                standing_sensor(document),
                alert_sensor(document, is_wanted=bool(bound.channels)),
            ],
            resources={document.resource_key: bound},
        )

    def _require_own_places(self, context: dg.ComponentLoadContext) -> None:
        """Refuse what two streams cannot share: the place in the bucket, the table, the name, bare keys."""
        mine = _own_places(self.document)
        for other in context.component_tree.get_all_components(of_type=HourlyStreamComponent):
            if other is self:
                continue
            theirs = _own_places(other.document)
            for field in mine.keys() & theirs.keys():
                if mine[field] == theirs[field]:
                    said = f"the stream {other.document.name} has the same {field}; each stream needs its own"
                    raise mistake(document_position(context), [field], said)

    def _table(self, context: dg.ComponentLoadContext) -> DescribedTable:
        """Find the document of the external table, and require that its stage lies over the landed objects."""
        at, document = document_position(context), self.document
        known = {
            component.asset_key: component
            for component in context.component_tree.get_all_components(of_type=SnowflakeCreateOrRefreshComponent)
        }
        tables = {
            key: (found, found.options)
            for key, found in known.items()
            if isinstance(found.options, ExternalTableOptions)
        }
        if document.table not in tables:
            names = sorted(key.to_user_string() for key in tables)
            wanted = document.table.to_user_string()
            said = suggestion(wanted, names) if names else "the project describes none"
            raise mistake(at, ["table"], f"no document describes the external table {wanted}; {said}")
        table, options = tables[document.table]
        stage = known.get(table.stage_key) if table.stage_key else None
        landing = f"s3://{document.bucket}/{document.prefix}/landing/"
        if stage and isinstance(stage.options, StageOptions) and stage.options.url != landing:
            raise mistake(
                at, ["table"], f"its stage lies over {stage.options.url}, the stream lands below {landing}: change one"
            )
        try:
            columns = RecordColumns.of({column.name.name: column.as_.sql for column in options.columns})
        except ColumnMissingError as exc:
            raise mistake(at, ["table"], str(exc)) from exc
        return DescribedTable(table.target, columns)


def _own_places(document: StreamDocument) -> dict[str, object]:
    """Return what no other stream may have, by field."""
    places: dict[str, object] = {
        "name": document.name,
        "prefix": (document.bucket, document.prefix),
        "table": document.table,
    }
    return {**places, "bare_keys": True} if document.bare_keys else places
