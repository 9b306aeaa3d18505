"""The checks of what is usual in one hour. None of them blocks: the hour is proven and published before they run.

All of them are one step, with one statement to Snowflake for all hours of the run. A check is an error where readers
lack records, and a warning where every record is there and somebody should look.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import dagster as dg

from flink_jobs.contracts.layout import Hour
from orchestration.landing.check_evaluations import checked_hour, checks_with_partitions, compared, evaluation
from orchestration.landing.clients.event_figures import EventFigures
from orchestration.landing.comparison.checks import Comparison
from orchestration.landing.errors import HourNotCompleteError
from orchestration.landing.proof.evidence import list_hour
from orchestration.landing.proof.seal import Seal
from orchestration.landing.publication import Publication, latest_publication_key, read_publications
from orchestration.quality.shares import duplicates, mistyped_payloads, rejected_share, unknown_types
from orchestration.quality.times import clock_skew, lateness
from orchestration.quality.volume import not_empty, records_of_earlier_days, volume
from orchestration.stream.binding import BoundStream
from orchestration.stream.definitions.assets import bound_stream, require_seal
from orchestration.stream.document import StreamDocument, Thresholds

T = TypeVar("T")


class Once(Generic[T]):
    """Ask for something once; later calls return the same answer, or raise the same error."""

    def __init__(self, ask: Callable[[], T]) -> None:
        self._ask = ask
        self._answer: T | None = None
        self._error: Exception | None = None
        self._is_asked = False

    def __call__(self) -> T:
        """Return the answer."""
        if not self._is_asked:
            self._is_asked = True
            try:
                self._answer = self._ask()
            except Exception as exc:
                self._error = exc
                raise
        elif self._error is not None:
            raise self._error
        return self._answer  # type: ignore[return-value]  # an answer may be None


class Measured:
    """What the checks of one hour compare; each part is read when the first check asks for it."""

    def __init__(self, bound: BoundStream, hour: Hour, figures: Callable[[], Mapping[Hour, EventFigures]]) -> None:
        self.bound = bound
        self.hour = hour
        self.limits: Thresholds = bound.document.checks
        self.seal: Once[Seal] = Once(lambda: require_seal(bound.stream, hour))
        self.figures: Callable[[], EventFigures] = lambda: figures().get(hour, EventFigures())
        self.history: Once[list[int]] = Once(lambda: records_of_earlier_days(bound.stream, hour))
        self.publication: Once[Publication] = Once(lambda: _read_publication(bound, hour))


Compare = Callable[[Measured], Comparison]
"""Compares an hour with what is usual; its name and docstring are those of the check."""


@dataclass(frozen=True, slots=True)
class HourCheck:
    """A check of one hour: its comparison, and how much it matters when it fails."""

    name: str
    description: str
    severity: dg.AssetCheckSeverity
    compare: Compare


def _lateness(its: Measured) -> Comparison:
    listed = list_hour(its.bound.stream, its.hour)
    return lateness(its.hour, its.figures(), listed, its.publication().published_at, its.limits.late_minutes_max)


_WARN, _ERROR = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR
HOUR_CHECKS = (
    HourCheck(
        "rejected_share",
        "Rejected records by all records. An error: readers lack the rejected ones.",
        _ERROR,
        lambda its: rejected_share(its.seal(), its.limits.rejected_share_max),
    ),
    HourCheck(
        "not_empty",
        "An hour without records had some on earlier days. An error: an outage until somebody explains it.",
        _ERROR,
        lambda its: not_empty(its.seal(), its.history()),
    ),
    HourCheck(
        "volume",
        "Records by the median of the same hour of earlier days. A warning: traffic may change.",
        _WARN,
        lambda its: volume(its.seal(), its.history(), its.limits.volume_ratio_min, its.limits.volume_ratio_max),
    ),
    HourCheck(
        "unknown_types",
        "Accepted records whose type is not in the contract. A warning: readers have them.",
        _WARN,
        lambda its: unknown_types(its.seal(), its.figures(), its.limits.unknown_type_share_max),
    ),
    HourCheck(
        "mistyped_payloads",
        "Accepted records without a field that their type needs. A warning: readers have them.",
        _WARN,
        lambda its: mistyped_payloads(its.seal(), its.figures(), its.limits.mistyped_payload_share_max),
    ),
    HourCheck(
        "duplicates",
        "Records that repeat an event of the hour. A warning: the staging model leaves them out.",
        _WARN,
        lambda its: duplicates(its.seal(), its.figures(), its.limits.duplicate_share_max),
    ),
    HourCheck(
        "lateness",
        "Created, landed, queryable: how long each took, and how far to look back. A warning: the records are there.",
        _WARN,
        _lateness,
    ),
    HourCheck(
        "clock_skew",
        "How far occurred_at is ahead of the record time. A warning: the hour of a record is that of its record time.",
        _WARN,
        lambda its: clock_skew(its.hour, its.figures(), its.limits.clock_skew_seconds_max),
    ),
)


def hour_quality(document: StreamDocument) -> dg.AssetChecksDefinition:
    """Build the step with the checks of one published hour that do not block."""

    @dg.multi_asset_check(
        name=document.keys.named("hour_quality"),
        specs=_specs(document),
        required_resource_keys={document.resource_key},
        description="Compare published hours with what is usual, by one statement.",
    )
    def check_hours(context: dg.AssetCheckExecutionContext) -> Any:  # evaluations, which the decorator's type lacks
        op = context.op_execution_context
        hours = [Hour.from_partition_key(key) for key in op.partition_keys]
        yield from evaluations(context, bound_stream(op.resources, document), hours)
        # the check of several hours has one result in Dagster; the evaluations are those of each hour
        yield from (dg.Output(None, output_name=name) for name in op.op_def.output_dict)

    return check_hours


def evaluations(
    context: dg.AssetCheckExecutionContext, bound: BoundStream, hours: Sequence[Hour]
) -> list[dg.AssetCheckEvaluation]:
    """Make every comparison of the hours; a retry repeats all of them, so none is reported before the last is made."""
    figures = Once(lambda: bound.table.figures(hours))
    return [found for hour in hours for found in _evaluations(context, Measured(bound, hour, figures))]


def _evaluations(context: dg.AssetCheckExecutionContext, its: Measured) -> Iterator[dg.AssetCheckEvaluation]:
    asset = its.bound.document.keys.published_hour
    checked = checked_hour(context, asset, its.hour)
    for check in HOUR_CHECKS:
        comparison = compared(context, partial(check.compare, its))
        yield evaluation(dg.AssetCheckKey(asset, check.name), comparison, check.severity, checked)


def _specs(document: StreamDocument) -> list[dg.AssetCheckSpec]:
    with checks_with_partitions():
        return [
            dg.AssetCheckSpec(
                check.name,
                asset=document.keys.published_hour,
                description=check.description,
                partitions_def=document.partitions,
            )
            for check in HOUR_CHECKS
        ]


def _read_publication(bound: BoundStream, hour: Hour) -> Publication:
    key = latest_publication_key(bound.stream.bucket, bound.stream.layout, hour)
    if key is None:
        raise HourNotCompleteError(f"{hour} is not published; materialise published_hour first")
    return read_publications(bound.stream.bucket, [key])[0]
