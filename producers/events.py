"""The contract of a platform event: the one place that says which fields an event has.

The landing job's validation is generated from these models (`landing_contract`), so a field is described once.
An event is one JSON object. Unknown fields are allowed and land unchanged; an unknown `event_type` is accepted
by the landing job and counted, but a producer of ours cannot send it by mistake: it is not in `EventType`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import uuid4

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer

SCHEMA_VERSION = 1
EVENT_BYTES_MAX = 1_000_000
"""Largest event in bytes: below the broker's default `message.max.bytes` of 1,048,588."""
DEPTH_MAX = 64
"""Deepest nesting of objects and arrays that the landing job accepts; the event itself is depth 1."""
ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$"
"""What an `event_id` looks like: it goes into queries and file names, so it holds nothing that needs quoting."""


class EventType(StrEnum):
    """Every type of event that our producers send."""

    RUN_START = "RUN_START"
    RUN_SUCCESS = "RUN_SUCCESS"
    RUN_FAILURE = "RUN_FAILURE"
    STEP_START = "STEP_START"
    STEP_SUCCESS = "STEP_SUCCESS"
    STEP_FAILURE = "STEP_FAILURE"
    ASSET_MATERIALIZATION = "ASSET_MATERIALIZATION"
    ASSET_OBSERVATION = "ASSET_OBSERVATION"
    ASSET_CHECK_PLANNED = "ASSET_CHECK_PLANNED"
    ASSET_CHECK_PASSED = "ASSET_CHECK_PASSED"
    ASSET_CHECK_FAILED = "ASSET_CHECK_FAILED"
    SENSOR_TICK = "SENSOR_TICK"
    FRESHNESS_CHANGE = "FRESHNESS_CHANGE"


def _to_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _to_rfc3339_milliseconds(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


Timestamp = Annotated[
    AwareDatetime,
    AfterValidator(_to_utc),
    PlainSerializer(_to_rfc3339_milliseconds, return_type=str, when_used="json"),
]
"""A moment with its zone, kept in UTC, written as RFC 3339 with milliseconds and `Z`."""

Name = Annotated[str, Field(min_length=1, max_length=512)]


class PlatformEvent(BaseModel):
    """Describe one thing that happened in a deployment.

    `event_id` is the identity: a producer that resends after a crash sends the same id again, and the staging
    model keeps the first. All events of one `run_id` go to one Kafka partition, in order.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    event_id: Annotated[str, Field(pattern=ID_PATTERN)]
    event_type: EventType
    schema_version: Annotated[int, Field(ge=1)] = SCHEMA_VERSION
    occurred_at: Timestamp
    organization: Name
    deployment: Name
    payload: dict[str, Any]
    shard: Name | None = None
    run_id: Name | None = None
    asset_key: Name | None = None
    partition_key: Name | None = None
    step_key: Name | None = None

    def to_json(self) -> bytes:
        """Write the event as one line of UTF-8 JSON, without fields that are absent."""
        return self.model_dump_json(exclude_none=True).encode()


def new_event_id() -> str:
    """Make an identity that no other producer makes."""
    return str(uuid4())


def json_schema() -> dict[str, Any]:
    """Export the contract as JSON Schema, for editors and for producers in other languages."""
    return PlatformEvent.model_json_schema(mode="serialization")


def landing_contract() -> dict[str, Any]:
    """Say what the landing job checks of every record, in the words of its Java operator.

    Returns:
        `fields`: name -> {`type`: string | integer | object | timestamp | id, `required`: bool, and for strings
        `length_max` in characters}; `types`: the known event types; `event_bytes_max`; `depth_max`.
        A field that is optional may be absent or null. Fields beyond these are not checked.
    """
    return {
        "fields": {
            name: _field_contract(name, required=name in REQUIRED_FIELDS) for name in PlatformEvent.model_fields
        },
        "types": [t.value for t in EventType],
        "event_bytes_max": EVENT_BYTES_MAX,
        "depth_max": DEPTH_MAX,
    }


REQUIRED_FIELDS = frozenset(
    {"event_id", "event_type", "schema_version", "occurred_at", "organization", "deployment", "payload"}
)
_LANDING_TYPES = {
    "event_id": "id",
    "schema_version": "integer",
    "occurred_at": "timestamp",
    "payload": "object",
}
_NAME_LENGTH_MAX = 512


def _field_contract(name: str, *, required: bool) -> dict[str, Any]:
    kind = _LANDING_TYPES.get(name, "string")
    contract: dict[str, Any] = {"type": kind, "required": required}
    if kind == "string":
        contract["length_max"] = _NAME_LENGTH_MAX
    return contract
