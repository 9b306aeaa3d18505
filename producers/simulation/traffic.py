"""Generate the records of a plan; pure, and the same for the same plan."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from pydantic_core import to_json

from producers.events import SCHEMA_VERSION, EventType
from producers.simulation.malformed import Malformation, break_event
from producers.simulation.organizations import Organization, organizations
from producers.simulation.plan import HOUR, SimulationPlan
from producers.simulation.runs import RETRY_SECONDS, Beat, Run, retry_run, start_run

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_HOUR_MILLISECONDS = HOUR // _MILLISECOND
_NUMBERS_PER_HOUR = 10_000_000
_STARTS_RUN = 0.6
_LATENCY_MILLISECONDS_MAX = 250


@dataclass(frozen=True, slots=True)
class SimulatedRecord:
    """One record to send, with its attributes.

    Args:
        value: the bytes.
        key: the run id, else the event id; a malformed record has one too.
        record_time: the Kafka timestamp, whole milliseconds; never earlier than that of the record before.
        event_id: None for a malformed record.
        organization: of the event, for a malformed record before it was changed.
        event_type: likewise.
        dbt_model: of the events of a dbt step.
        malformation: None for a well-formed record.
    """

    value: bytes
    key: str
    record_time: datetime
    event_id: str | None
    organization: str
    event_type: EventType
    dbt_model: str | None = None
    malformation: Malformation | None = None

    @property
    def well_formed(self) -> bool:
        """Whether the landing job must accept it."""
        return self.malformation is None


def traffic(plan: SimulationPlan) -> Iterator[SimulatedRecord]:
    """Generate exactly `plan.events` records in the order of their record time.

    At each moment the longest due run sends its next event; when none is due, a run starts or an event without a run
    is sent. So runs cross hours, some stay unfinished, and the events of a run keep their order. Hours that are not
    consecutive share no run. No clock is read.
    """
    random = Random(repr(plan))  # noqa: S311  reproducible traffic, not secrets
    broken_at = set(random.sample(range(plan.events), plan.malformed_records))
    malformations = _every_kind_in_turn(random)
    position = 0
    simulation = _Simulation(plan, random)
    for index, (hour, events) in enumerate(zip(plan.hours, plan.events_per_hour(), strict=True)):
        if index and hour - plan.hours[index - 1] != HOUR:
            simulation.abandon_runs()
        for moment in _moments(hour, events, random):
            if position in broken_at:
                yield simulation.broken_record(moment, next(malformations))
            else:
                yield simulation.next_record(moment)
            position += 1


def _every_kind_in_turn(random: Random) -> Iterator[Malformation]:
    while True:
        yield from random.sample(list(Malformation), len(Malformation))


def _moments(hour: datetime, events: int, random: Random) -> Iterator[int]:
    """Return random ascending moments of an hour in milliseconds since 1970, its first and last one included."""
    start = (hour - _EPOCH) // _MILLISECOND
    drawn = sorted(random.randrange(_HOUR_MILLISECONDS) for _ in range(events))
    if events >= 2:  # noqa: PLR2004  two ends
        drawn[0], drawn[-1] = 0, _HOUR_MILLISECONDS - 1
    return (start + within for within in drawn)


class _Simulation:
    """The state of a generation: organizations, and runs in progress."""

    def __init__(self, plan: SimulationPlan, random: Random) -> None:
        self._random = random
        self._first_hour = (plan.hours[0] - _EPOCH) // HOUR
        self._organizations = organizations(plan, random)
        # customers have different sizes
        self._weights = [1 / (rank + 1) for rank in range(len(self._organizations))]
        self._due: list[tuple[float, int, Run, Beat]] = []
        self._order = count()
        self._numbers: Counter[str] = Counter()

    def abandon_runs(self) -> None:
        """Leave all runs in progress unfinished."""
        self._due.clear()

    def next_record(self, moment: int) -> SimulatedRecord:
        """Return the record of a moment: of the longest due run, else of a new run or without a run."""
        if self._due and self._due[0][0] <= moment:
            _, _, run, beat = heapq.heappop(self._due)
        elif self._random.random() < _STARTS_RUN:
            run = start_run(self._pick_organization(), _partition_of(moment), self._passed(moment), self._random)
            beat = next(run.beats)
        else:
            return _record_of(self._lone_event(moment), moment)
        event = self._run_event(run, beat, moment)
        self._schedule_next(run, moment)
        return _record_of(event, moment)

    def broken_record(self, moment: int, kind: Malformation) -> SimulatedRecord:
        """Return a malformed record of a moment, made from an event without a run."""
        event = self._lone_event(moment)
        return SimulatedRecord(
            value=break_event(event, kind, self._random),
            key=event["event_id"],
            record_time=_time_of(moment),
            event_id=None,
            organization=event["organization"],
            event_type=event["event_type"],
            malformation=kind,
        )

    def _schedule_next(self, run: Run, moment: int) -> None:
        beat = next(run.beats, None)
        if beat is not None:
            heapq.heappush(self._due, (moment + beat.wait_seconds * 1000, next(self._order), run, beat))
        elif run.retry:
            again = retry_run(run, self._passed(moment), self._random)
            due = moment + RETRY_SECONDS * 1000
            heapq.heappush(self._due, (due, next(self._order), again, next(again.beats)))

    def _run_event(self, run: Run, beat: Beat, moment: int) -> dict[str, Any]:
        occurred_at = self._occurred_at(moment, run.last_occurred_at)
        run.last_occurred_at = occurred_at
        event = self._event(run.organization, run.deployment, beat.event_type, occurred_at)
        event["run_id"] = run.run_id
        if beat.asset_key is not None:
            event["asset_key"] = beat.asset_key
            event["partition_key"] = run.partition_key
        if beat.step_key is not None:
            event["step_key"] = beat.step_key
        event["payload"] |= {"job": run.job} | beat.payload | run.duration_of(beat, occurred_at)
        return event

    def _lone_event(self, moment: int) -> dict[str, Any]:
        organization, random = self._pick_organization(), self._random
        event_type, payload = random.choice(_LONE_EVENTS)
        event = self._event(organization, "prod", event_type, self._occurred_at(moment, 0))
        event["asset_key"] = random.choice(organization.assets)
        event["payload"] |= payload
        return event

    def _event(
        self, organization: Organization, deployment: str, event_type: EventType, occurred_at: int
    ) -> dict[str, Any]:
        random = self._random
        self._numbers[organization.shard] += 1
        event_id = f"{random.getrandbits(128):032x}"
        return {
            "event_id": event_id,
            "event_type": event_type,
            "schema_version": SCHEMA_VERSION,
            "occurred_at": _write_time(occurred_at),
            "organization": organization.name,
            "deployment": deployment,
            "shard": organization.shard,
            "payload": {
                # unique on the shard only, like a row id
                "id": self._first_hour * _NUMBERS_PER_HOUR + self._numbers[organization.shard],
                "organization_id": organization.number,
                "message": f"{event_type.value} in {deployment} of {organization.name}",
                "code_location": {"name": f"{organization.name}-{deployment}", "image": _IMAGE, "python": "3.11.9"},
                "host": f"{organization.name}-{deployment}-worker-{int(8 * random.random())}.internal",
                "pid": 100 + int(60_000 * random.random()),
                "tags": {"team": "data-platform", "cost_center": "analytics", "region": "us-east-1"},
                "trace_id": f"{random.getrandbits(128):032x}",
            },
        }

    def _occurred_at(self, moment: int, not_before: int) -> int:
        latency = int(self._random.random() * _LATENCY_MILLISECONDS_MAX)
        return max(moment - latency, not_before)

    def _pick_organization(self) -> Organization:
        return self._random.choices(self._organizations, self._weights)[0]

    def _passed(self, moment: int) -> int:
        return moment // _HOUR_MILLISECONDS - self._first_hour


_IMAGE = "registry.internal/code-location:2025.8.1"
_LONE_EVENTS: tuple[tuple[EventType, dict[str, Any]], ...] = (
    (EventType.SENSOR_TICK, {"sensor": "landed_files", "status": "skipped", "reason": "nothing is new"}),
    (EventType.SENSOR_TICK, {"sensor": "landed_files", "status": "requested", "runs_requested": 1}),
    (EventType.ASSET_OBSERVATION, {"metadata": {"data_version": "etag-41f2", "last_modified_lag_seconds": 12.5}}),
    (EventType.FRESHNESS_CHANGE, {"from": "PASS", "to": "WARN", "policy": "hourly", "lag_minutes": 61}),
    (EventType.FRESHNESS_CHANGE, {"from": "WARN", "to": "PASS", "policy": "hourly", "lag_minutes": 3}),
)


def _record_of(event: dict[str, Any], moment: int) -> SimulatedRecord:
    return SimulatedRecord(
        value=to_json(event),
        key=event.get("run_id") or event["event_id"],
        record_time=_time_of(moment),
        event_id=event["event_id"],
        organization=event["organization"],
        event_type=event["event_type"],
        dbt_model=event["payload"].get("dbt_model"),
    )


def _time_of(milliseconds: int) -> datetime:
    return _EPOCH + milliseconds * _MILLISECOND


def _write_time(milliseconds: int) -> str:
    return _time_of(milliseconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _partition_of(moment: int) -> str:
    return f"{_time_of(moment):%Y-%m-%d}"
