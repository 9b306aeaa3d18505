"""The four blocking checks of an hour: produced = landed = registered = queryable."""

import inspect
import warnings
from collections.abc import Callable
from functools import partial

import dagster as dg

from flink_jobs.contracts.layout import Hour
from orchestration.landing.dagster_errors import check_result
from orchestration.landing.proof.checks import (
    Comparison,
    compare_objects,
    compare_offsets,
    compare_registered,
)
from orchestration.landing.proof.completeness import Open, missing_offsets
from orchestration.landing.proof.evidence import Evidence, Stream, examine, list_hour
from orchestration.landing.proof.rows import compare_rows
from orchestration.landing.proof.seal import Seal
from orchestration.landing.proof.verification.corrupt import naming_corrupt_objects
from orchestration.stream.assets import bound_stream, require_seal
from orchestration.stream.binding import BoundStream
from orchestration.stream.document import StreamDocument

Compare = Callable[[BoundStream, Hour], Comparison]
"""Compares two answers about one hour; its name and docstring are those of the check."""


def offsets_accounted_for(bound: BoundStream, hour: Hour) -> Comparison:
    """Every offset of the hour is in the ledger once, and the sums of the seal are those of the ledger."""
    seal = require_seal(bound.stream, hour)
    evidence = _examine_again(bound.stream, seal)
    totals, view = evidence.totals.hours.get(seal.hour), evidence.judgement.view
    faults = list(totals.faults) if totals else []
    if view is None:
        # The broker was not even asked: the topic is another one, or a partition is new.
        faults.append(evidence.verdict.reason if isinstance(evidence.verdict, Open) else "not over yet")
    return compare_offsets(seal, evidence.entries, missing_offsets(evidence.totals, view) if view else [], faults)


def objects_present(bound: BoundStream, hour: Hour) -> Comparison:
    """Every sealed object is in the bucket unchanged, and no epoch has a second object."""
    seal = require_seal(bound.stream, hour)
    return compare_objects(seal, list_hour(bound.stream, seal.hour))


def files_registered(bound: BoundStream, hour: Hour) -> Comparison:
    """The external table has registered exactly the sealed objects of the hour."""
    seal = require_seal(bound.stream, hour)
    return compare_registered(seal, bound.table.registered(seal.hour))


def rows_queryable(bound: BoundStream, hour: Hour) -> Comparison:
    """The external table shows the sealed records: per object and partition their number and their offsets.

    No required column is NULL in any row. Where rows differ, the objects are read and the corrupt ones are named.
    """
    seal = require_seal(bound.stream, hour)
    return naming_corrupt_objects(bound.stream.bucket, seal, lambda: compare_rows(seal, bound.table.rows(seal.hour)))


def _examine_again(landing: Stream, seal: Seal) -> Evidence:
    """Examine a sealed hour, with the whole ledger where a partition without records of the hour landed before it."""
    evidence = examine(landing, seal.hour, seal.emitted_first, {})
    view = evidence.judgement.view
    if seal.emitted_first is None or view is None or not missing_offsets(evidence.totals, view):
        return evidence
    return examine(landing, seal.hour, None, {})


def hour_checks(document: StreamDocument) -> list[dg.AssetChecksDefinition]:
    """Build the blocking checks of a stream: two of the landed hour, two of the external table."""
    landed, table = document.keys.landed_hour, document.table
    return [
        _blocking(document, landed, offsets_accounted_for),
        _blocking(document, landed, objects_present),
        _blocking(document, table, files_registered),
        _blocking(document, table, rows_queryable),
    ]


def _blocking(document: StreamDocument, asset: dg.AssetKey, compare: Compare) -> dg.AssetChecksDefinition:
    """Make a comparison a blocking check of one hour of an asset."""
    with warnings.catch_warnings():
        # checks with partitions are a preview in this release of Dagster, which is pinned
        warnings.simplefilter("ignore", dg.PreviewWarning)

        @dg.asset_check(
            asset=asset,
            name=compare.__name__,
            description=inspect.getdoc(compare),
            blocking=True,
            partitions_def=document.partitions,
            required_resource_keys={document.resource_key},
        )
        def check(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
            op = context.op_execution_context
            hour = Hour.from_partition_key(op.partition_key)
            return check_result(context, partial(compare, bound_stream(op.resources, document), hour))

    return check
