"""The sensor that alerts when hours of a stream are not published in time, or are wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import dagster as dg

from orchestration.alerts.delivery import deliver
from orchestration.alerts.incidents import Incident, read_state
from orchestration.landing.errors import UnavailableError
from orchestration.landing.report.hours import HourRow, Wanted, hour_rows
from orchestration.landing.report.state import HourState
from orchestration.quality.definitions.incidents import check_incidents
from orchestration.stream.definitions.assets import bound_stream
from orchestration.stream.definitions.in_progress import hours_in_progress
from orchestration.stream.document import StreamDocument

WINDOW_HOURS = 72
"""Published hours that are compared again; hours with records that are not published are always looked at."""


def alert_sensor(document: StreamDocument, *, is_wanted: bool) -> dg.SensorDefinition:
    """Build the sensor that sends alerts and requests no run; it runs by default where a webhook is configured."""

    @dg.sensor(
        name=document.keys.named("alerts"),
        minimum_interval_seconds=document.alert_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING if is_wanted else dg.DefaultSensorStatus.STOPPED,
        required_resource_keys={document.resource_key},
        description="Alert once when hours are stuck, late or wrong, and once when that is over.",
    )
    def alerts(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        bound = bound_stream(context.resources, document)
        if not bound.channels:
            return dg.SensorResult(skip_reason="no webhook: set HOURGLASS_ALERT_SLACK_URL or _WEBHOOK_URL")
        wanted = Wanted(WINDOW_HOURS, hours_in_progress(context.instance, document), document.late)
        try:
            found = [
                *incidents(document.name, hour_rows(bound.stream, bound.table, wanted)),
                *check_incidents(context.instance, document),
            ]
        except UnavailableError as exc:
            # a result without a cursor keeps the old one
            return dg.SensorResult(skip_reason=f"{exc}; the next tick tries again")
        now = bound.stream.clock.utc_now()
        state = deliver(read_state(context.cursor), found, bound.channels, now, context.log.warning)
        return dg.SensorResult(skip_reason=_sentence(found), cursor=state.to_text())

    return alerts


def incidents(stream: str, rows: Sequence[HourRow]) -> Iterator[Incident]:
    """Return an incident for each red hour; the hours that are merely late are one incident together."""
    red = [row for row in rows if row.agree is False]
    late = [row for row in red if row.state is HourState.OPEN]
    if late:
        yield Incident(
            key=f"{stream}/late",
            title=f"{_hours(late)} of {stream} should be published and are not",
            detail=late[0].reason,
            repair=late[0].repair,
        )
    for row in red:
        if row.state is HourState.OPEN:
            continue
        wrong = " and wrong" if row.state is HourState.PUBLISHED else ""
        yield Incident(
            key=f"{stream}/{row.state.value}/{row.hour}",
            title=f"{row.hour} of {stream} is {row.state.value}{wrong}",
            detail=row.reason,
            repair=row.repair,
        )


def _hours(rows: Sequence[HourRow]) -> str:
    more = f" and {len(rows) - 1} more hours" if len(rows) > 1 else ""
    return f"{rows[0].hour}{more}"


def _sentence(found: Sequence[Incident]) -> str:
    return f"{len(found)} incidents: {found[0].title}" if found else "nothing to alert on; this sensor requests no run"
