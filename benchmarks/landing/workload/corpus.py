"""The records that every peer lands, as a pure function of their index.

20,000 events of the simulated organizations are templates. Record `i` is template `i mod 20,000` with its own event
id, time and run. So millions are generated in seconds, and no event repeats within the window of a compressor.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import NamedTuple

from producers.simulation.plan import SimulationPlan
from producers.simulation.traffic import SimulatedRecord, traffic

TEMPLATES = 20_000
START = datetime(2025, 8, 1, 3, tzinfo=UTC)
HOURS = 3
HOUR_MILLISECONDS = 3_600_000
START_MILLISECONDS = int(START.timestamp()) * 1000
LATENCY_MILLISECONDS_MAX = 250
VERSION = 1
"""Increase it with every change of the bytes, so that no cached topic of another version is used."""

_ID_STEP = 0x9E3779B97F4A7C15F39CC060  # odd: every index gets another id, and neighbours have no digits in common
_ID_MASK = 2**96 - 1
ID_START = len('{"event_id":"')
INDEX_START = ID_START + 24
ID_END = ID_START + 32


class Template(NamedTuple):
    """The text between event id, time and the first four digits of the run id."""

    middle: str
    after_time: str
    after_run: str | None
    run_id: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """A topic's content.

    Args:
        records: how many; their times are spread evenly over the hours, whatever the number.
        seed: another seed gives other events.
    """

    records: int
    seed: int = 1

    @property
    def topic(self) -> str:
        """The name of the topic, which names its content."""
        return f"corpus-v{VERSION}-s{self.seed}-{self.records}"

    def timestamp(self, index: int) -> int:
        """Return the record time in milliseconds since 1970; never earlier than that of the record before."""
        return START_MILLISECONDS + index * HOURS * HOUR_MILLISECONDS // self.records

    def value(self, index: int) -> bytes:
        """Return the bytes of the event."""
        turn, position = divmod(index, TEMPLATES)
        template = _templates(self.seed)[position]
        occurred_at = _write_time(self.timestamp(index) - position % LATENCY_MILLISECONDS_MAX)
        text = f'{{"event_id":"{index * _ID_STEP & _ID_MASK:024x}{index:08x}{template.middle}{occurred_at}'
        if template.after_run is None:
            return f"{text}{template.after_time}".encode()
        return f"{text}{template.after_time}{turn:04x}{template.after_run}".encode()

    def key(self, index: int) -> bytes:
        """Return the run id, or the event id of an event without a run; the key keeps a run in one partition."""
        turn, position = divmod(index, TEMPLATES)
        run_id = _templates(self.seed)[position].run_id
        return f"{turn:04x}{run_id}".encode() if run_id else f"{index * _ID_STEP & _ID_MASK:024x}{index:08x}".encode()

    def hour_ranges(self) -> dict[str, range]:
        """Return the indexes of each hour, `2025-08-01T03`."""
        bounds = [-(-hour * self.records // HOURS) for hour in range(HOURS + 1)]
        labels = [f"{START + timedelta(hours=hour):%Y-%m-%dT%H}" for hour in range(HOURS)]
        return {label: range(bounds[hour], bounds[hour + 1]) for hour, label in enumerate(labels)}


def index_of(event: bytes) -> int | None:
    """Return the index of an event from its bytes; None where they do not begin like an event of a corpus."""
    try:
        return int(event[INDEX_START:ID_END], 16)
    except ValueError:
        return None


@cache
def _templates(seed: int) -> list[Template]:
    plan = SimulationPlan(hours=(START,), events=TEMPLATES, malformed=0, organizations=12, seed=seed)
    random = Random(seed)  # noqa: S311  reproducible traffic, not secrets
    return [_template_of(record, random) for record in traffic(plan)]


def _template_of(record: SimulatedRecord, random: Random) -> Template:
    event = json.loads(record.value)
    # services of this kind send tracing ids: about 900 bytes an event, a seventh of it noise
    event["payload"]["trace"] = {
        "span_id": f"{random.getrandbits(64):016x}",
        "parent_span_id": f"{random.getrandbits(64):016x}",
        "request_id": f"{random.getrandbits(128):032x}",
    }
    text = json.dumps(event, separators=(",", ":"))
    before_time, after_time = text[ID_END:].split(event["occurred_at"], 1)
    run_id = event.get("run_id", "")
    if not run_id:
        return Template(before_time, after_time, None, "")
    until_run, _, after_run = after_time.rpartition(f'"run_id":"{run_id}')
    return Template(before_time, f'{until_run}"run_id":"', f"{run_id[4:]}{after_run}", run_id[4:])


def _write_time(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{_write_seconds(seconds)}.{rest:03d}Z"


@cache
def _write_seconds(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"
