"""The assets of a stream: topics, job and objects (external), the sealed hour, and the published hour."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

import dagster as dg
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
from dagster_shared.check import CheckError

from flink_jobs.contracts.layout import Hour, Kind
from orchestration.landing.clients.hours_table import HoursTable
from orchestration.landing.errors import HourNotCompleteError
from orchestration.landing.proof.evidence import Stream, prove
from orchestration.landing.proof.seal import Seal, anchor_of, draft_seal, latest_seal, write_seal
from orchestration.landing.publication import Publication, write_publication
from orchestration.landing.report.published_hours import rows_to_publish
from orchestration.landing.report.restatement import PublishingRun, restate, write_restatement
from orchestration.landing.run_checks import passed_checks
from orchestration.landing.sensor.run_tags import read_requests
from orchestration.proven.graph import STREAM
from orchestration.stream.definitions.hours_of_run import HoursOfRun
from orchestration.stream.document import StreamDocument

if TYPE_CHECKING:
    from orchestration.stream.binding import BoundStream

# From left to right; the stage and the table of Snowflake stand between the last two.
STREAMS_GROUP = "streams"
LANDED_GROUP = "landed_hours"
PUBLISHED_GROUP = "published_hours"


def bound_stream(resources: Any, document: StreamDocument) -> "BoundStream":
    """Return the clients of a stream from the resources of a run, a check or a tick."""
    return cast("BoundStream", getattr(resources, document.resource_key))


def external_assets(document: StreamDocument) -> list[dg.AssetSpec]:
    """Describe topics, landing job and landed objects, which Dagster observes and does not run."""
    keys, owners = document.keys, list(document.owners)
    topics = [
        dg.AssetSpec(
            keys.topic(topic),
            kinds={"kafka"},
            group_name=STREAMS_GROUP,
            owners=owners,
            description=f"The Kafka topic {topic}.",
        )
        for topic in document.topics
    ]
    writer = dg.AssetSpec(
        keys.writer,
        deps=[spec.key for spec in topics],
        kinds={"flink", "s3"},
        group_name=STREAMS_GROUP,
        owners=owners,
        description=f"The Flink job {document.job_name}, which lands {', '.join(document.topics)} as JSON lines and "
        "writes a ledger of them.",
    )
    objects = dg.AssetSpec(
        keys.landed_objects,
        deps=[keys.writer],
        partitions_def=document.partitions,
        kinds={"s3", "json"},
        group_name=STREAMS_GROUP,
        owners=owners,
        description=f"The objects below s3://{document.bucket}/{document.prefix}/, one directory per UTC hour.",
    )
    return [*topics, writer, objects]


def landed_hour(document: StreamDocument) -> dg.AssetsDefinition:
    """Build the asset that proves and seals each hour of a run."""

    @dg.asset(
        key=document.keys.landed_hour,
        deps=[document.keys.writer, document.keys.landed_objects],
        partitions_def=document.partitions,
        kinds={"s3", "json"},
        group_name=LANDED_GROUP,
        owners=list(document.owners),
        freshness_policy=document.freshness.policy if document.freshness else None,
        required_resource_keys={document.resource_key},
        description="One hour in the bucket, proven complete and sealed.",
    )
    def seal_hour(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        landing = bound_stream(context.resources, document).stream
        hours, seals = HoursOfRun(context.run, context.instance), []
        for request in read_requests(context.partition_keys, context.run.tags):
            with hours.each(request.hour):
                complete, evidence = prove(landing, request)
                draft = draft_seal(landing.layout.stream, complete, evidence.entries, landing.clock.utc_now())
                seal = write_seal(landing.bucket, landing.layout, draft)
                seals.append(seal)
                context.log.info("%s is sealed, revision %d: %d accepted", seal.hour, seal.revision, seal.accepted)
                context.add_asset_metadata(
                    {
                        **_numbers(landing, seal),
                        "proof": seal.proof.value,
                        "reasons": dict(seal.reasons),
                        "left_out": list(complete.unpromised_keys),
                    },
                    partition_key=request.hour.partition_key,
                )
        hours.raise_failures()
        return dg.MaterializeResult(data_version=_data_version(seals))

    return seal_hour


def published_hour(document: StreamDocument) -> dg.AssetsDefinition:
    """Build the asset that opens each hour of a run for its readers.

    1. Read the seal of every hour, and require its blocking checks of this run.
    2. Note what each amended hour changes.
    3. Write the hours into the tables `HOUR_OBJECTS` and `HOURS`, one statement each for all of them.
    4. Write the publication of each hour, which makes it published; the materialisation only shows it.

    A run that ends between 3 and 4 leaves an hour that is not published, so the sensor requests it again. In the other
    order it would leave a published hour that nobody requests, and whose readers never hear of it.
    """

    @dg.asset(
        key=document.keys.published_hour,
        deps=[document.keys.landed_hour, document.table],
        partitions_def=document.partitions,
        kinds={"snowflake"},
        group_name=PUBLISHED_GROUP,
        owners=list(document.owners),
        freshness_policy=document.freshness.policy if document.freshness else None,
        required_resource_keys={document.resource_key},
        description="One hour that passed every blocking check. Readers depend on this asset alone.",
        metadata={STREAM: document.name},
    )
    def publish(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        bound = bound_stream(context.resources, document)
        hours, checked = HoursOfRun(context.run, context.instance), []
        for hour in map(Hour.from_partition_key, context.partition_keys):
            with hours.each(hour):
                seal = require_seal(bound.stream, hour)
                checks = passed_checks(context.instance, context.run, hour, seal.revision, document.blocking_checks)
                checked.append((seal, checks, bound.table.event_ids(hour)))
        hours.raise_failures()  # before the first publication: the models are built of all hours or of none
        restated = {}
        for seal, _, _ in checked:
            with hours.each(seal.hour):
                restated[seal.hour] = _note_restatement(context, bound.stream, seal)
        hours.raise_failures()
        now = bound.stream.clock.utc_now()  # one for the tables and for the publications
        with hours.together(seal.hour for seal, _, _ in checked):
            _write_hours(bound, [seal for seal, _, _ in checked], now)
        hours.raise_failures()
        for seal, checks, (first_id, last_id) in checked:
            with hours.each(seal.hour):
                publication = _publication(seal, checks, context.run.run_id, now)
                write_publication(bound.stream.bucket, bound.stream.layout, publication)
                context.add_asset_metadata(
                    {
                        **_numbers(bound.stream, seal),
                        "dagster/partition_row_count": seal.accepted,
                        "lag_seconds": round((bound.stream.clock.utc_now() - seal.hour.end).total_seconds(), 3),
                        "min_event_id": first_id or "",
                        "max_event_id": last_id or "",
                        **restated[seal.hour],
                    },
                    partition_key=seal.hour.partition_key,
                )
        hours.raise_failures()
        return dg.MaterializeResult(data_version=_data_version([seal for seal, _, _ in checked]))

    return publish


def _write_hours(bound: "BoundStream", seals: Sequence[Seal], now: datetime) -> None:
    """Write the rows of hours; an hour that is in `HOURS` has its objects in `HOUR_OBJECTS`."""
    rows = rows_to_publish(bound.document.name, bound.stream, seals, now)
    HoursTable.beside(bound.table.connection, bound.table.name).write(rows.hours, rows.objects)


def _note_restatement(context: dg.AssetExecutionContext, landing: Stream, seal: Seal) -> dict[str, dg.MetadataValue]:
    """Write the note of an amendment, before its publication; return metadata. The first revision has none."""
    run = PublishingRun(context.run.run_id, landing.clock.utc_now(), downstream_of(_graph(context), context.asset_key))
    note = restate(landing.bucket, landing.layout, seal, run)
    if note is None:
        return {}
    key = write_restatement(landing.bucket, landing.layout, note)
    context.log.warning("%s is restated, revision %d to %d: see %s", seal.hour, note.from_revision, seal.revision, key)
    return {
        "restatement": dg.MetadataValue.path(key),
        "restated_from": dg.MetadataValue.int(note.from_revision),
        "restated_partitions": dg.MetadataValue.json(note.partitions),
        "restated_organizations": dg.MetadataValue.json(note.organizations),
        "downstream": dg.MetadataValue.json(list(note.downstream)),
    }


def downstream_of(graph: BaseAssetGraph[Any], key: dg.AssetKey) -> list[str]:
    """Return the keys of all assets that read an asset, also through others, in order."""
    found: set[dg.AssetKey] = set()
    left = [key]
    while left:
        new = graph.get(left.pop()).child_keys - found
        found |= new
        left += new
    return sorted(one.to_user_string() for one in found)


def _graph(context: dg.AssetExecutionContext) -> BaseAssetGraph[Any]:
    """Return the assets of the project; a job that is executed without its code location knows its own alone."""
    try:
        return context.repository_def.asset_graph
    except CheckError:
        return context.job_def.asset_layer.asset_graph


def _data_version(seals: Sequence[Seal]) -> dg.DataVersion:
    """Return the version of the hours of a run: Dagster has one for all partitions that a step materialises."""
    if len(seals) == 1:
        return dg.DataVersion(seals[0].fingerprint)
    return dg.DataVersion(sha256(" ".join(seal.fingerprint for seal in seals).encode()).hexdigest())


def _publication(seal: Seal, checks: dict[str, str], run_id: str, now: datetime) -> Publication:
    return Publication(
        stream=seal.stream,
        hour=seal.hour,
        revision=seal.revision,
        records=seal.accepted + seal.rejected,
        fingerprint=seal.fingerprint,
        checks=checks,
        published_at=now,
        run_id=run_id,
    )


def require_seal(landing: Stream, hour: Hour) -> Seal:
    """Read the newest seal of an hour.

    Raises:
        HourNotCompleteError: the hour was never sealed.
    """
    seal = latest_seal(landing.bucket, landing.layout, hour)
    if seal is None:
        raise HourNotCompleteError(f"{hour} has no seal; materialise landed_hour first")
    return seal


def _numbers(landing: Stream, seal: Seal) -> dict[str, dg.MetadataValue]:
    layout = landing.layout
    return {
        "hour": dg.MetadataValue.text(seal.hour.label),
        "revision": dg.MetadataValue.int(seal.revision),
        "rows": dg.MetadataValue.int(seal.accepted),
        "rejected": dg.MetadataValue.int(seal.rejected),
        "objects": dg.MetadataValue.int(len(seal.objects)),
        "files": dg.MetadataValue.json(sorted(seal.landing())),
        "bytes": dg.MetadataValue.int(seal.bytes),
        "min_offsets": dg.MetadataValue.json(seal.min_offsets),
        "max_offsets": dg.MetadataValue.json(seal.max_offsets),
        "fingerprint": dg.MetadataValue.text(seal.fingerprint),
        **_anchor(seal),
        "seal": dg.MetadataValue.path(layout.seal_key(seal.hour, seal.revision)),
        "landing": dg.MetadataValue.path(layout.hour_prefix(Kind.LANDING, seal.hour)),
        "rejects": dg.MetadataValue.path(layout.hour_prefix(Kind.REJECTED, seal.hour)),
    }


def _anchor(seal: Seal) -> dict[str, dg.MetadataValue]:
    """Return number and hash of the seal: whoever rewrites the chain in the bucket cannot change them here."""
    return {"link": dg.MetadataValue.text(anchor)} if (anchor := anchor_of(seal)) else {}
