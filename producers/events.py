"""The contract of a platform event: its fields and their rules.

The validation of the landing job is generated from these models (`landing_contract`), so a field is described once.
An event is one JSON object. Unknown fields are allowed and land unchanged. The landing job accepts and counts an
unknown `event_type`; the producers here can only send one of `EventType`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Never, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from producers.identities import ID_BLANK, ID_CHARACTERS_MAX, ID_REFUSED, check_identity

SCHEMA_VERSION = 1
EVENT_BYTES_MAX = 1_000_000
"""Largest event in bytes: below the broker's default `message.max.bytes` of 1,048,588."""
NAME_LENGTH_MAX = 512
"""Longest event type, in characters."""
CLOCK_AHEAD_SECONDS_MAX = 5 * 60
CLOCK_BEHIND_SECONDS_MAX = 30 * 24 * 3600
"""An `occurred_at` farther ahead of or behind the record time is flagged as clock skew; the event lands."""
DEPTH_MAX = 64
"""Deepest nesting of objects and arrays that the landing job accepts; the event itself is depth 1."""


class EventError(ValueError):
    """The bytes are not a platform event; the message names the field and the repair, never the content."""


class ContractError(TypeError):
    """A model has a rule that the landing job cannot check; the message names the field and the rule."""


class EventType(StrEnum):
    """The types of events that the producers here send.

    `ENGINE_EVENT` is every other entry of an orchestrator's log; its type is in `payload.dagster_event_type`.
    """

    RUN_START = "RUN_START"
    RUN_SUCCESS = "RUN_SUCCESS"
    RUN_FAILURE = "RUN_FAILURE"
    RUN_CANCELED = "RUN_CANCELED"
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
    ENGINE_EVENT = "ENGINE_EVENT"


TYPE_FIELDS: dict[EventType, tuple[str, ...]] = {
    EventType.RUN_START: ("run_id",),
    EventType.RUN_SUCCESS: ("run_id",),
    EventType.RUN_FAILURE: ("run_id",),
    EventType.RUN_CANCELED: ("run_id",),
    EventType.STEP_START: ("run_id", "step_key"),
    EventType.STEP_SUCCESS: ("run_id", "step_key"),
    EventType.STEP_FAILURE: ("run_id", "step_key"),
    EventType.ASSET_MATERIALIZATION: ("asset_key",),
    EventType.ASSET_OBSERVATION: ("asset_key",),
    EventType.ASSET_CHECK_PLANNED: ("asset_key",),
    EventType.ASSET_CHECK_PASSED: ("asset_key",),
    EventType.ASSET_CHECK_FAILED: ("asset_key",),
    EventType.FRESHNESS_CHANGE: ("asset_key",),
    EventType.SENSOR_TICK: (),
    EventType.ENGINE_EVENT: (),
}
"""The optional fields that an event of a type needs. Without one it is mistyped; see `OddEvents`."""


class OddEvents(StrEnum):
    """What becomes of an event that is valid but odd: it lands and is flagged, or it is rejected."""

    FLAG = "flag"
    REJECT = "reject"


_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:(?P<second>[0-9]{2})(\.(?P<fraction>[0-9]+))?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_FRACTION_DIGITS_MAX = 9


def _refuse_other_spellings(moment: object) -> object:
    # pydantic alone also reads "1754017200" and dates with a blank, which the landing job rejects
    if isinstance(moment, datetime):
        return moment
    found = _RFC_3339.fullmatch(moment) if isinstance(moment, str) else None
    if found is None:
        raise ValueError("write the time as RFC 3339 with a zone, like 2025-08-01T03:59:59.123Z")
    # a value that Snowflake cannot cast ends every query of its table, and the line keeps the producer's bytes
    if "t" in found[0] or "z" in found[0]:
        raise ValueError("an RFC 3339 time that Snowflake does not read: write T and Z in capitals")
    if found["second"] == "60":
        raise ValueError("an RFC 3339 time that Snowflake does not read: write a leap second as second 59")
    if len(found["fraction"] or "") > _FRACTION_DIGITS_MAX:
        raise ValueError("an RFC 3339 time that Snowflake does not read: write at most nine digits of a fraction")
    return moment


def _to_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as exc:
        raise ValueError("the time lies outside the years 1 to 9999 in UTC") from exc


def _to_rfc3339_milliseconds(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


Timestamp = Annotated[
    AwareDatetime,
    BeforeValidator(_refuse_other_spellings),
    AfterValidator(_to_utc),
    PlainSerializer(_to_rfc3339_milliseconds, return_type=str, when_used="json"),
]
"""A moment in UTC, written as RFC 3339 with milliseconds and `Z`."""

_IDENTITY = "identity"
Identity = Annotated[
    str,
    AfterValidator(check_identity),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": ID_CHARACTERS_MAX, "format": _IDENTITY}),
]
"""Printable text; see `producers.identities`."""


class PlatformEvent(BaseModel):
    """One event of a deployment.

    `event_id` is its identity: a producer that sends it again after a crash uses the same id, and the staging model
    keeps the first record. All events of one `run_id` go to one Kafka partition, in order.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    event_id: Identity
    event_type: EventType
    schema_version: Annotated[int, Field(ge=1, le=2**63 - 1, strict=True)] = SCHEMA_VERSION
    occurred_at: Timestamp
    organization: Identity
    deployment: Identity
    payload: dict[str, Any]
    shard: Identity | None = None
    run_id: Identity | None = None
    asset_key: Identity | None = None
    partition_key: Identity | None = None
    step_key: Identity | None = None

    @model_validator(mode="after")
    def _can_land(self) -> Self:
        extra = self.model_extra or {}
        refuse_what_cannot_land([self.payload, *extra, *extra.values()])
        return self

    @property
    def lacking(self) -> tuple[str, ...]:
        """The fields that an event of this type needs and this one lacks; the landing job flags or rejects it."""
        return tuple(name for name in TYPE_FIELDS[self.event_type] if getattr(self, name) is None)

    @classmethod
    def from_json(cls, line: bytes) -> Self:
        """Read one event as strictly as the landing job does.

        Args:
            line: one JSON object in UTF-8 without byte order mark, at most `EVENT_BYTES_MAX` bytes.

        Raises:
            EventError: the landing job would reject these bytes, or the type is not one of `EventType`.
        """
        if len(line) > EVENT_BYTES_MAX:
            raise EventError(f"longer than {EVENT_BYTES_MAX:,} bytes ({len(line):,} read): shorten the payload")
        read = _read_object(line)
        # the model has a default for events built in Python; bytes must hold it
        wrong = [] if "schema_version" in read else [f"schema_version: Field required, it is {SCHEMA_VERSION}"]
        try:
            event = cls.model_validate(read)
        except ValidationError as exc:
            wrong.append(describe_errors(exc))
        if wrong:
            raise EventError("; ".join(wrong))
        return event

    def to_json(self) -> bytes:
        """Write the event as one line of UTF-8 JSON, without fields that are absent."""
        return self.model_dump_json(exclude_none=True).encode()


def describe_errors(exc: ValidationError) -> str:
    """Describe the errors, one clause per field, without the values."""
    return "; ".join(
        f"{'.'.join(map(str, error['loc'])) or 'event'}: {error['msg'].removeprefix('Value error, ')}"
        for error in exc.errors(include_input=False, include_url=False)
    )


def refuse_what_cannot_land(values: Iterable[Any]) -> None:
    """Check the values of an event's fields for what JSON, UTF-8 or Snowflake cannot hold.

    Raises:
        ValueError: a number that is no finite double, a lone surrogate, or nesting beyond `DEPTH_MAX`.
    """
    level: list[Any] = list(values)
    depth = 1
    while level:
        depth += 1
        level = list(_inside(level, depth))


def _inside(level: list[Any], depth: int) -> Iterator[Any]:
    for value in level:
        if not isinstance(value, dict | list | tuple):
            _refuse_scalar(value)
            continue
        if depth > DEPTH_MAX:
            raise ValueError(f"nested deeper than {DEPTH_MAX} levels")
        yield from value
        if isinstance(value, dict):
            yield from value.values()


def _refuse_scalar(value: object) -> None:
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise ValueError("a text holds half of a surrogate pair: write whole characters")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("a number is not a finite double: write null or a text")
    elif isinstance(value, int) and abs(value) > _DOUBLE_MAX:
        raise ValueError("a number is larger than a double can hold: write a text")


_DOUBLE_MAX = int(1.7976931348623157e308)
_INTEGER_DIGITS_MAX = 310


def _read_object(line: bytes) -> dict[str, Any]:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise EventError(f"not UTF-8 at byte {exc.start}") from None
    if not text.strip():
        raise EventError("empty: write one JSON object")
    try:
        read = json.loads(text, object_pairs_hook=_Pairs, parse_constant=_refuse_constant, parse_int=_read_integer)
    except json.JSONDecodeError as exc:
        raise EventError(f"not JSON at character {exc.pos}: {exc.msg.removesuffix(' at')}") from None
    except RecursionError:
        raise EventError(f"nested deeper than {DEPTH_MAX} levels") from None
    if not isinstance(read, _Pairs):
        raise EventError("not an object: write one JSON object per event")
    if twice := sorted(read.twice & PlatformEvent.model_fields.keys()):
        raise EventError(f"given twice: {', '.join(twice)}")
    return read


class _Pairs(dict[str, Any]):
    """A JSON object, with the names that were given twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.twice: set[str] = set()
        if len(self) < len(pairs):
            names = [name for name, _ in pairs]
            self.twice = {name for name in names if names.count(name) > 1}


def _refuse_constant(name: str) -> Never:
    raise EventError(f"not JSON: {name} is not a number in JSON")


def _read_integer(digits: str) -> int:
    if len(digits) > _INTEGER_DIGITS_MAX:
        raise EventError("a number is larger than a double can hold: write a text")
    return int(digits)


def json_schema() -> dict[str, Any]:
    """Export the contract as JSON Schema, for editors and for producers in other languages."""
    schema = PlatformEvent.model_json_schema(mode="serialization")
    return schema | {"required": [name for name in PlatformEvent.model_fields if name in REQUIRED_FIELDS]}


def landing_contract(model: type[BaseModel] = PlatformEvent) -> dict[str, Any]:
    """Return what the landing job checks of every record, in the form that its Java operator reads.

    The rules of fields come from the model's JSON Schema. A rule that the operator cannot check is an error here, so
    that no rule is checked by producers alone.

    Returns:
        `fields`: name -> {`type`: string | integer | object | timestamp | id, `required`: bool, for strings
        `length_min` and `length_max` in characters, for ids `length_max`, for integers `integer_min` and
        `integer_max`}; `types`: the known event types; `type_fields`: the optional fields that each type needs;
        `unknown_types` and `mistyped_payloads`: what becomes of an event of no known type, or without a field of its
        type; `id_refused` and `id_blank`: ranges of code points; the limits of this module. A field that is not
        required may be absent or null; a field is required unless the model lets it be None, whatever its default.
        Fields beyond these are not checked.

    Raises:
        ContractError: the model holds a rule that the landing job does not know.
    """
    schema = model.model_json_schema(mode="validation")
    definitions = schema.get("$defs", {})
    fields = {
        name: _field_contract(name, _shapes(field, definitions), present=name in schema.get("required", []))
        for name, field in schema["properties"].items()
    }
    event_type = _shapes(schema["properties"].get("event_type", {}), definitions)
    return {
        "fields": fields,
        "types": [name for shape in event_type for name in shape.get("enum", [])],
        "type_fields": {event_type.value: list(names) for event_type, names in TYPE_FIELDS.items() if names},
        "unknown_types": OddEvents.FLAG.value,
        "mistyped_payloads": OddEvents.FLAG.value,
        "id_refused": [list(ends) for ends in ID_REFUSED],
        "id_blank": [list(ends) for ends in ID_BLANK],
        "schema_version": SCHEMA_VERSION,
        "clock_ahead_seconds_max": CLOCK_AHEAD_SECONDS_MAX,
        "clock_behind_seconds_max": CLOCK_BEHIND_SECONDS_MAX,
        "event_bytes_max": EVENT_BYTES_MAX,
        "depth_max": DEPTH_MAX,
    }


_ANNOTATIONS = frozenset({"title", "description", "default", "examples", "type", "enum"})
"""Keywords of a JSON Schema that are no rules for a value, or that `_landing_type` has read."""
_LIMITS: dict[str, dict[str, str | None]] = {
    "string": {"minLength": "length_min", "maxLength": "length_max"},
    "integer": {"minimum": "integer_min", "maximum": "integer_max"},
    "timestamp": {"format": None},
    "id": {"minLength": None, "maxLength": "length_max", "format": None},
    "object": {"additionalProperties": None},
}
"""By type: the keywords of JSON Schema that the operator checks, with its own names for them."""


def _field_contract(name: str, shapes: list[dict[str, Any]], *, present: bool) -> dict[str, Any]:
    values = [shape for shape in shapes if shape.get("type") != "null"]
    nullable = len(values) < len(shapes)
    kind = _landing_type(name, values[0]) if len(values) == 1 else ""
    limits = _LIMITS.get(kind, {})
    unknown = values[0].keys() - _ANNOTATIONS - limits.keys()
    if not limits or unknown or values[0].get("additionalProperties") not in (None, True) or (present and nullable):
        raise ContractError(
            f"{name}: the landing job cannot check {', '.join(sorted(unknown)) or shapes}: "
            "give the field a type and limits that `landing_contract` names, or teach them to EventScanner.java"
        )
    named = {own: value for keyword, value in values[0].items() if (own := limits.get(keyword))}
    if "enum" in values[0]:
        named["length_max"] = NAME_LENGTH_MAX  # an unknown type lands and is flagged
    return {"type": kind, "required": not nullable, **named}


def _shapes(field: dict[str, Any], definitions: dict[str, Any]) -> list[dict[str, Any]]:
    outer = {keyword: value for keyword, value in field.items() if keyword not in {"anyOf", "$ref"}}
    if "$ref" in field:
        return [definitions[field["$ref"].removeprefix("#/$defs/")] | outer]
    if "anyOf" in field:
        return [inner | outer for shape in field["anyOf"] for inner in _shapes(shape, definitions)]
    return [field]


def _landing_type(name: str, shape: dict[str, Any]) -> str:
    if shape.get("format") == _IDENTITY:
        return "id"
    if shape.get("format") == "date-time":
        return "timestamp"
    return "" if "enum" in shape and name != "event_type" else str(shape.get("type"))


REQUIRED_FIELDS = frozenset(name for name, field in landing_contract()["fields"].items() if field["required"])
