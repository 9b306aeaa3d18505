"""The four blocking checks of an hour: produced = landed = registered = queryable, as of its newest seal."""

import inspect
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import dagster as dg

from flink_jobs.contracts.layout import Hour
from orchestration.landing.check_evaluations import checked_hour, checks_with_partitions, compared, evaluation
from orchestration.landing.comparison.as_of_seal import divide, later_objects, view_as_of
from orchestration.landing.comparison.checks import (
    Comparison,
    compare_objects,
    compare_offsets,
    compare_registered,
)
from orchestration.landing.comparison.rows import compare_rows
from orchestration.landing.ledger.whole import read_whole_ledger
from orchestration.landing.proof.completeness import Open, missing_offsets
from orchestration.landing.proof.evidence import Evidence, Stream, examine, list_hour
from orchestration.landing.proof.seal import Seal
from orchestration.landing.verification.corrupt import naming_corrupt_objects
from orchestration.stream.binding import BoundStream
from orchestration.stream.definitions.assets import bound_stream, require_seal
from orchestration.stream.definitions.hours_of_run import name_failed_hours
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
    missing = missing_offsets(evidence.totals, view_as_of(seal, view)) if view else []
    return compare_offsets(seal, evidence.entries, missing, faults)


def objects_present(bound: BoundStream, hour: Hour) -> Comparison:
    """Every sealed object is in the bucket unchanged, and no epoch has a second object."""
    seal = require_seal(bound.stream, hour)
    return compare_objects(seal, list_hour(bound.stream, seal.hour))


def files_registered(bound: BoundStream, hour: Hour) -> Comparison:
    """The external table has registered exactly the sealed objects of the hour."""
    seal = require_seal(bound.stream, hour)
    registered = bound.table.registered(seal.hour)
    return compare_registered(seal, registered, _landed_later(bound, seal, registered))


def rows_queryable(bound: BoundStream, hour: Hour) -> Comparison:
    """The external table shows the sealed records: per object and partition their number and their offsets.

    No required column is NULL in any row. Where rows differ, the objects are read and the corrupt ones are named.
    """
    seal = require_seal(bound.stream, hour)
    return naming_corrupt_objects(bound.stream.bucket, seal, lambda: _compare_rows(bound, seal))


def _compare_rows(bound: BoundStream, seal: Seal) -> Comparison:
    rows = bound.table.rows(seal.hour)
    return compare_rows(seal, rows, _landed_later(bound, seal, [group.key for group in rows]))


def _landed_later(bound: BoundStream, seal: Seal, keys: Iterable[str]) -> set[str]:
    """Return which of some files landed after the seal; bucket and ledger are asked only where one is not sealed."""
    extra, landing = set(keys) - set(seal.landing()), bound.stream
    if not extra:
        return set()
    listed = {item.key: item for item in list_hour(landing, seal.hour)}
    _, entries = read_whole_ledger(
        landing.bucket, landing.layout, landing.topics, since=seal.emitted_first, hours=[seal.hour]
    )
    return later_objects(seal, extra, listed, divide(seal, entries).later_epochs(seal.hour))


def _examine_again(landing: Stream, seal: Seal) -> Evidence:
    """Examine a sealed hour, with the whole ledger where a partition without records of the hour landed before it."""
    evidence = examine(landing, seal.hour, seal.emitted_first, {})
    view = evidence.judgement.view
    if seal.emitted_first is None or view is None or not missing_offsets(evidence.totals, view_as_of(seal, view)):
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
    """Make a comparison a blocking check of an asset, with one evaluation for each hour of the run."""
    key = dg.AssetCheckKey(asset, compare.__name__)
    with checks_with_partitions():

        @dg.asset_check(
            asset=asset,
            name=compare.__name__,
            description=inspect.getdoc(compare),
            blocking=True,
            partitions_def=document.partitions,
            required_resource_keys={document.resource_key},
        )
        def check(context: dg.AssetCheckExecutionContext) -> Any:  # evaluations, which the decorator's type lacks
            op = context.op_execution_context
            bound = bound_stream(op.resources, document)
            failed = []
            for hour in map(Hour.from_partition_key, op.partition_keys):
                found = compared(context, partial(compare, bound, hour))
                failed += [] if found.passed else [hour]
                yield evaluation(key, found, checked=checked_hour(context, asset, hour), blocking=True)
            name_failed_hours(context.run, op.instance, failed)
            # the check of several hours has one result in Dagster; an evaluation that failed fails the step
            yield dg.Output(None)

    return check
