"""The assets of an hour: topic and writer (external), the sealed hour, and the published hour."""

import dagster as dg

from flink_jobs.contracts.layout import Hour, Kind
from orchestration.landing.clients.snowflake import ExternalTable
from orchestration.landing.dagster_errors import retried_or_failed
from orchestration.landing.errors import HourNotCompleteError
from orchestration.landing.partitions import (
    EXTERNAL_TABLE,
    LANDED_HOUR,
    PUBLISHED_HOUR,
    TOPIC,
    WRITER,
    hourly_partitions,
)
from orchestration.landing.proof.evidence import Stream, prove
from orchestration.landing.proof.seal import Seal, anchor_of, draft_seal, latest_seal, write_seal
from orchestration.landing.sensor.run_tags import read_request

_GROUP = "landing"


platform_events_topic = dg.AssetSpec(
    TOPIC,
    kinds={"kafka"},
    group_name=_GROUP,
    description="The Kafka topic that producers write platform events to.",
)
flink_event_log_writer = dg.AssetSpec(
    WRITER,
    deps=[TOPIC],
    kinds={"flink", "s3"},
    group_name=_GROUP,
    description="The Flink job that lands the topic as JSON lines and writes a ledger of them.",
)


@dg.asset(key=LANDED_HOUR, deps=[WRITER], partitions_def=hourly_partitions, kinds={"s3", "json"}, group_name=_GROUP)
def landed_hour(context: dg.AssetExecutionContext, landing: dg.ResourceParam[Stream]) -> dg.MaterializeResult[None]:
    """One hour in the bucket, proven complete and sealed."""
    request = read_request(context.partition_key, context.run.tags)
    with retried_or_failed():
        complete, evidence = prove(landing, request)
        draft = draft_seal(landing.layout.stream, complete, evidence.entries, landing.clock.utc_now())
        seal = write_seal(landing.bucket, landing.layout, draft)
    context.log.info("%s is sealed, revision %d: %d accepted", seal.hour, seal.revision, seal.accepted)
    return dg.MaterializeResult(
        metadata={
            **_numbers(landing, seal),
            "proof": seal.proof.value,
            "reasons": dict(seal.reasons),
            "left_out": list(complete.unpromised_keys),
        },
        data_version=dg.DataVersion(seal.fingerprint),
    )


@dg.asset(
    key=PUBLISHED_HOUR,
    deps=[LANDED_HOUR, EXTERNAL_TABLE],
    partitions_def=hourly_partitions,
    kinds={"snowflake"},
    group_name=_GROUP,
)
def published_hour(
    context: dg.AssetExecutionContext,
    landing: dg.ResourceParam[Stream],
    event_table: dg.ResourceParam[ExternalTable],
) -> dg.MaterializeResult[None]:
    """One hour that passed every blocking check. Readers depend on this asset alone."""
    hour = Hour.from_partition_key(context.partition_key)
    with retried_or_failed():
        seal = require_seal(landing, hour)
        first_id, last_id = event_table.event_ids(hour)
    return dg.MaterializeResult(
        metadata={
            **_numbers(landing, seal),
            "dagster/partition_row_count": seal.accepted,
            "lag_seconds": round((landing.clock.utc_now() - hour.end).total_seconds(), 3),
            "min_event_id": first_id or "",
            "max_event_id": last_id or "",
        },
        data_version=dg.DataVersion(seal.fingerprint),
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
