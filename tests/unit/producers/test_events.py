from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError, create_model

from producers.events import (
    DEPTH_MAX,
    EVENT_BYTES_MAX,
    REQUIRED_FIELDS,
    TYPE_FIELDS,
    ContractError,
    EventError,
    EventType,
    PlatformEvent,
    json_schema,
    landing_contract,
)
from producers.identities import identity_of

WHOLE = {
    "event_id": "e-1",
    "event_type": "RUN_START",
    "schema_version": 1,
    "occurred_at": "2025-08-01T03:59:59.123Z",
    "organization": "acme",
    "deployment": "prod",
    "payload": {"n": 1},
}

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
identities = names.map(identity_of).filter(lambda text: text is not None)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(scalars | names, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner))
moments = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  hypothesis adds the zone
events = st.builds(
    PlatformEvent,
    event_id=identities,
    event_type=st.sampled_from(EventType),
    schema_version=st.integers(1, 1_000),
    occurred_at=moments,
    organization=identities,
    deployment=identities,
    payload=st.dictionaries(names, values, max_size=4),
    shard=st.none() | identities,
    run_id=st.none() | identities,
    asset_key=st.none() | identities,
    partition_key=st.none() | identities,
    step_key=st.none() | identities,
)


def line(**changes: Any) -> bytes:
    fields = {**WHOLE, **changes}
    return json.dumps({name: value for name, value in fields.items() if value is not ...}).encode()


@given(events)
def test_an_event_survives_writing_and_reading(event: PlatformEvent) -> None:
    """`from_json` reads what `to_json` writes, to the millisecond."""
    read = PlatformEvent.from_json(event.to_json())
    milliseconds = event.occurred_at.replace(microsecond=event.occurred_at.microsecond // 1000 * 1000)
    assert event.model_copy(update={"occurred_at": milliseconds}) == read
    assert event.to_json() == read.to_json()
    assert b"\n" not in event.to_json()


def test_fields_beyond_the_contract_are_kept() -> None:
    """An unknown field is not a mistake; it is written out again."""
    assert {"color": "red"} == PlatformEvent.from_json(line(color="red")).model_extra


def test_optional_fields_may_be_null() -> None:
    """Absent and null mean the same, as in the landing job."""
    assert PlatformEvent.from_json(line()) == PlatformEvent.from_json(line(run_id=None))


@pytest.mark.parametrize("field", sorted(REQUIRED_FIELDS))
def test_a_missing_field_is_named(field: str) -> None:
    """The error names the missing field, and that it is required."""
    with pytest.raises(EventError, match=f"^{field}: Field required"):
        PlatformEvent.from_json(line(**{field: ...}))


def test_every_mistake_of_a_line_is_named() -> None:
    """One error has all mistakes, without the values."""
    with pytest.raises(EventError) as caught:
        PlatformEvent.from_json(line(schema_version=..., organization=7, payload="canary"))
    assert ["schema_version", "organization", "payload"] == [
        clause.split(":")[0] for clause in str(caught.value).split("; ")
    ]
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "bad",
    [
        "2025-08-01T03:00:00",
        "2025-08-01 03:00:00Z",
        "2025-08-01T03:00Z",
        "2025-08-01",
        "2025-W31-5T03:00:00Z",
        "2025-08-01T24:00:00Z",
        "2025-08-01T23:59:60Z",
        "2025-02-29T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "1754017200",
        1754017200,
        1754017200.5,
        None,
    ],
)
def test_only_rfc_3339_with_a_zone_is_a_time(bad: object) -> None:
    """No zone, no seconds, week dates, leap seconds and numbers are refused, not guessed."""
    with pytest.raises(EventError, match=r"^occurred_at: "):
        PlatformEvent.from_json(line(occurred_at=bad))


@pytest.mark.parametrize(
    ("time", "asked"),
    [
        ("2026-11-29t11:30:00Z", "write T and Z in capitals"),
        ("2026-11-29T11:30:00.5z", "write T and Z in capitals"),
        ("2016-12-31T23:59:60Z", "write a leap second as second 59"),
        ("2026-11-29T11:30:00.1234567890Z", "write at most nine digits of a fraction"),
    ],
)
def test_a_time_that_snowflake_does_not_read_is_answered_with_what_is_asked(time: str, asked: str) -> None:
    """RFC 3339 allows these forms; the error says why they are refused and how to write them."""
    with pytest.raises(EventError, match=f"^occurred_at: an RFC 3339 time that Snowflake does not read: {asked}"):
        PlatformEvent.from_json(line(occurred_at=time))


@pytest.mark.parametrize("event_type", EventType)
def test_an_event_names_the_fields_that_its_type_needs(event_type: EventType) -> None:
    """One table has the fields of each type."""
    needed = TYPE_FIELDS[event_type]
    assert needed == PlatformEvent.from_json(line(event_type=event_type)).lacking
    whole = line(event_type=event_type, **dict.fromkeys(needed, "x"))
    assert () == PlatformEvent.from_json(whole).lacking


def test_a_time_of_another_zone_is_written_in_utc() -> None:
    """The same moment has one spelling."""
    east = timezone(timedelta(hours=5, minutes=30))
    event = PlatformEvent(**{**WHOLE, "occurred_at": datetime(2025, 8, 1, 9, 29, 59, 123_456, tzinfo=east)})
    assert "2025-08-01T03:59:59.123Z" == json.loads(event.to_json())["occurred_at"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"", "^empty"),
        (b" \r\n", "^empty"),
        (b"[]", "^not an object"),
        (b"42", "^not an object"),
        (b"null", "^not an object"),
        (b"{", "^not JSON at character 1"),
        (line() + b"x", "^not JSON"),
        (line() + line(), "^not JSON"),
        (b"\xef\xbb\xbf" + line(), "^not JSON"),
        (line().decode().encode("utf-16"), "^not UTF-8"),
        (line().replace(b"acme", b"ac\xffme"), "^not UTF-8"),
        (line().replace(b"acme", b"ac\nme"), "^not JSON"),
        (line(payload={"x": 0}).replace(b'"x": 0', b'"x": NaN'), "NaN is not a number"),
        (line(payload={"x": 0}).replace(b'"x": 0', b'"x": -Infinity'), "-Infinity is not a number"),
        (line(payload={"x": 0}).replace(b'"x": 0', b'"x": 1e999'), "not a finite double"),
        (line(payload={"x": 10**400}), "larger than a double"),
        (line(payload={"x": 0}).replace(b'"x": 0', b'"x": 1' + b"0" * 5000), "larger than a double"),
        (line(payload={"x": ["\ud800"]}), "half of a surrogate pair"),
        (line(payload={"\udfff": 1}), "half of a surrogate pair"),
        (line(color="\ud800"), "half of a surrogate pair"),
        (line()[:-1] + b',"event_id":"e-2"}', "^given twice: event_id$"),
        (b"[" * 100_000 + b"]" * 100_000, "nested deeper"),
        (b" " * (EVENT_BYTES_MAX + 1), r"^longer than 1,000,000 bytes \(1,000,001 read\)"),
        (line(schema_version="1"), "^schema_version"),
        (line(schema_version=True), "^schema_version"),
        (line(schema_version=1.0), "^schema_version"),
        (line(schema_version=0), "^schema_version"),
        (line(schema_version=2**63), "^schema_version"),
        (line(event_type="LUNCH"), "^event_type"),
        (line(organization=""), "^organization"),
        (line(organization="x" * 513), "^organization"),
        (line(event_id="a\n"), "^event_id: holds a control character"),
        (line(event_id="a\u200b"), "^event_id: holds a control character, a line separator or an invisible character"),
        (line(event_id=" \u3000"), "^event_id: nothing but blanks"),
        (line(run_id=""), "^run_id: empty"),
        (line(asset_key="\U0001f600" * 513), "^asset_key: longer than 512 characters"),
        (line(payload=[]), "^payload"),
        (line(run_id=7), "^run_id"),
    ],
)
def test_what_the_landing_job_would_reject_is_refused_here(bad: bytes, reason: str) -> None:
    """Our producers refuse at once every event that would land under `rejected/`."""
    with pytest.raises(EventError, match=reason):
        PlatformEvent.from_json(bad)


def nested(depth: int) -> dict[str, Any]:
    payload: dict[str, Any] = {}
    for _ in range(depth - 2):
        payload = {"in": payload}
    return payload


def test_the_depth_limit_is_exact() -> None:
    """The event is depth 1; a container at the limit is allowed, a deeper one is not."""
    assert PlatformEvent.from_json(line(payload=nested(DEPTH_MAX)))
    with pytest.raises(EventError, match="nested deeper than 64 levels"):
        PlatformEvent.from_json(line(payload=nested(DEPTH_MAX + 1)))


def test_deeper_names_given_twice_are_no_mistake() -> None:
    """Only fields of the contract must be unique: inside the payload bytes land as they came."""
    assert PlatformEvent.from_json(line(payload={"x": 0}).replace(b'"x": 0', b'"x": 0, "x": 1'))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 10**400, "\ud800", nested(DEPTH_MAX + 1)])
def test_an_event_that_cannot_land_cannot_be_built(bad: Any) -> None:
    """The same limits hold for events that are made in Python."""
    with pytest.raises(ValidationError):
        PlatformEvent(**{**WHOLE, "payload": {"deep": bad}})


def test_the_landing_contract_has_each_field_once() -> None:
    """The job checks exactly the fields of the model, and knows exactly the types of the producers."""
    contract = landing_contract()
    assert set(PlatformEvent.model_fields) == set(contract["fields"])
    assert REQUIRED_FIELDS == {name for name, field in contract["fields"].items() if field["required"]}
    name = {"type": "id", "required": False, "length_max": 512}
    assert [name, name] == [contract["fields"][field] for field in ("shard", "run_id")]
    version = {"type": "integer", "required": True, "integer_min": 1, "integer_max": 2**63 - 1}
    assert version == contract["fields"]["schema_version"]
    assert [event_type.value for event_type in EventType] == contract["types"]


def _with(annotation: Any, default: Any = ...) -> type[PlatformEvent]:
    return create_model("Own", __base__=PlatformEvent, own=(annotation, default))


@pytest.mark.parametrize(
    ("annotation", "default"),
    [
        (float, ...),
        (bool, ...),
        (list[str], ...),
        (dict[str, int], ...),
        (int | str, ...),
        (str | None, ...),
        (EventType, ...),
        (Annotated[str, Field(pattern="^x")], ...),
        (Annotated[int, Field(gt=3)], ...),
        (Annotated[int, Field(multiple_of=3)], ...),
        (Annotated[dict[str, Any], Field(min_length=1)], ...),
        (PlatformEvent, ...),
        (Literal["x"], ...),
    ],
    ids=str,
)
def test_a_rule_that_the_job_cannot_check_is_refused(annotation: Any, default: Any) -> None:
    """The model has no rule that only producers check."""
    with pytest.raises(ContractError, match=r"^own: the landing job cannot check"):
        landing_contract(_with(annotation, default))


def test_the_json_schema_requires_what_the_landing_job_requires() -> None:
    """Editors and other languages see the same required fields."""
    assert set(json_schema()["required"]) == REQUIRED_FIELDS
