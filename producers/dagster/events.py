"""Translate an entry of a Dagster event log into a platform event.

| Dagster | platform event |
|---|---|
| RUN_START, RUN_SUCCESS, RUN_FAILURE, RUN_CANCELED | the same |
| STEP_START, STEP_RESTARTED | STEP_START |
| STEP_SUCCESS | STEP_SUCCESS |
| STEP_FAILURE, STEP_UP_FOR_RETRY (`will_retry` true) | STEP_FAILURE |
| ASSET_MATERIALIZATION, ASSET_OBSERVATION | the same |
| ASSET_CHECK_EVALUATION_PLANNED | ASSET_CHECK_PLANNED |
| ASSET_CHECK_EVALUATION | ASSET_CHECK_PASSED or ASSET_CHECK_FAILED |
| FRESHNESS_STATE_CHANGE, FRESHNESS_STATE_EVALUATION | FRESHNESS_CHANGE |
| every other type, and log lines (`dagster_event_type` `LOG`) | ENGINE_EVENT |

`payload.dagster_event_type` is always Dagster's own type. Sensor ticks are not part of the event log.

`payload.input_assets` of a materialisation or observation are the keys of the assets that Dagster recorded as its
inputs, in its tags `dagster/input_event_pointer/<key>`; a LOADED_INPUT of Dagster names no asset.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any
from uuid import UUID, uuid5

from dagster import AssetCheckEvaluation, AssetKey, DagsterEvent, DagsterEventType, EventLogEntry, serialize_value
from pydantic import ValidationError

from producers.events import EVENT_BYTES_MAX, EventType, PlatformEvent, describe_errors
from producers.identities import identity_of

_TYPES = {
    DagsterEventType.RUN_START: EventType.RUN_START,
    DagsterEventType.RUN_SUCCESS: EventType.RUN_SUCCESS,
    DagsterEventType.RUN_FAILURE: EventType.RUN_FAILURE,
    DagsterEventType.RUN_CANCELED: EventType.RUN_CANCELED,
    DagsterEventType.STEP_START: EventType.STEP_START,
    DagsterEventType.STEP_RESTARTED: EventType.STEP_START,
    DagsterEventType.STEP_SUCCESS: EventType.STEP_SUCCESS,
    DagsterEventType.STEP_FAILURE: EventType.STEP_FAILURE,
    DagsterEventType.STEP_UP_FOR_RETRY: EventType.STEP_FAILURE,
    DagsterEventType.ASSET_MATERIALIZATION: EventType.ASSET_MATERIALIZATION,
    DagsterEventType.ASSET_OBSERVATION: EventType.ASSET_OBSERVATION,
    DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED: EventType.ASSET_CHECK_PLANNED,
    DagsterEventType.FRESHNESS_STATE_CHANGE: EventType.FRESHNESS_CHANGE,
    DagsterEventType.FRESHNESS_STATE_EVALUATION: EventType.FRESHNESS_CHANGE,
}
_LOG = "LOG"
_DBT_UNIQUE_ID = "unique_id"
_DBT_DURATION = "Execution Duration"
_TEXT_CHARACTERS_MAX = 100_000
_INPUT_TAG = "dagster/input_event_pointer/"
_INPUTS_CHARACTERS_MAX = 100_000
"""Characters of all `input_assets` of an event; further ones are counted in `input_assets_left_out`."""


class Translator:
    """Translate the entries of one Dagster instance.

    Args:
        instance_id: UUID of the instance; the ids of events are derived from it.
        organization: of every event.
        deployment: of every event.
    """

    def __init__(self, instance_id: str, organization: str, deployment: str) -> None:
        self._namespace = UUID(instance_id)
        self._organization = organization
        self._deployment = deployment

    def event_of(self, storage_id: int, entry: EventLogEntry) -> PlatformEvent:
        """Translate one entry; the same entry always becomes the same event with the same id.

        The details of an entry that does not fit the contract (too large, too deep) are left out, with the reason in
        `payload.reduced`.
        """
        payload = _payload_of(entry)
        try:
            event = self._event(storage_id, entry, payload)
        except ValidationError as exc:
            return self._event(storage_id, entry, _reduce(payload, describe_errors(exc)))
        if len(size := event.to_json()) > EVENT_BYTES_MAX:
            return self._event(storage_id, entry, _reduce(payload, f"{len(size):,} bytes"))
        return event

    def reduced_event_of(self, storage_id: int, entry: EventLogEntry, why: str) -> PlatformEvent:
        """Translate one entry without its details, with the reason in `payload.reduced`."""
        return self._event(storage_id, entry, _reduce(_payload_of(entry), why))

    def _event(self, storage_id: int, entry: EventLogEntry, payload: dict[str, Any]) -> PlatformEvent:
        dagster_event = entry.dagster_event
        asset_key = dagster_event.asset_key if dagster_event else None
        return PlatformEvent(
            event_id=str(uuid5(self._namespace, f"{entry.run_id}/{storage_id}")),
            event_type=type_of(entry),
            occurred_at=datetime.fromtimestamp(entry.timestamp, UTC),
            organization=self._organization,
            deployment=self._deployment,
            payload={"storage_id": storage_id, **payload},
            run_id=_name(entry.run_id),
            asset_key=_name(asset_key.to_user_string()) if asset_key else _check_asset(dagster_event),
            partition_key=_name(dagster_event.partition) if dagster_event else None,
            step_key=_name(entry.step_key),
        )


def type_of(entry: EventLogEntry) -> EventType:
    """Return the platform's type of an entry by the table above."""
    event = entry.dagster_event
    if event is None:
        return EventType.ENGINE_EVENT
    if event.event_type is DagsterEventType.ASSET_CHECK_EVALUATION:
        passed = event.asset_check_evaluation_data.passed
        return EventType.ASSET_CHECK_PASSED if passed else EventType.ASSET_CHECK_FAILED
    return counterpart_of(event.event_type)


def counterpart_of(dagster_type: DagsterEventType) -> EventType:
    """Return the platform's type for a type of Dagster, if the type alone decides."""
    return _TYPES.get(dagster_type, EventType.ENGINE_EVENT)


def _payload_of(entry: EventLogEntry) -> dict[str, Any]:
    event = entry.dagster_event
    payload: dict[str, Any] = {
        "dagster_event_type": event.event_type.name if event else _LOG,
        "message": _text(entry.message),
        "level": entry.level,
        "job": entry.job_name,
    }
    error = entry.error_info or getattr(event and event.event_specific_data, "error", None)
    if error is not None:
        payload["error"] = _error_of(error)
    if event is not None:
        payload |= _details_of(event)
    return payload


def _error_of(error: Any) -> dict[str, Any]:
    # Dagster wraps the original error in its own: the first cause is what people look for
    first = error
    while first.cause is not None:
        first = first.cause
    described = {"class": error.cls_name, "message": _text(error.message.strip())}
    if first is not error:
        described["cause"] = {"class": first.cls_name, "message": _text(first.message.strip())}
    return described


def _details_of(event: DagsterEvent) -> dict[str, Any]:
    details: dict[str, Any] = {}
    data = event.event_specific_data
    if event.event_type is DagsterEventType.STEP_SUCCESS:
        details["duration_seconds"] = event.step_success_data.duration_ms / 1000
    if event.event_type in {DagsterEventType.STEP_FAILURE, DagsterEventType.STEP_UP_FOR_RETRY}:
        details["will_retry"] = event.event_type is DagsterEventType.STEP_UP_FOR_RETRY
    if isinstance(data, AssetCheckEvaluation):
        details |= {"check_name": data.check_name, "passed": data.passed, "severity": data.severity.name}
    elif event.event_type is DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED:
        details["check_name"] = event.asset_check_planned_data.check_name
    details |= _inputs_of(event)
    metadata = {name: _plain(value) for name, value in _metadata_of(event).items()}
    if metadata:
        details["metadata"] = metadata
    if isinstance(unique_id := metadata.get(_DBT_UNIQUE_ID), str):
        details |= {"step_kind": "dbt", "dbt_model": unique_id}
        if isinstance(seconds := metadata.get(_DBT_DURATION), int | float):
            details["duration_seconds"] = seconds
    return details


def _metadata_of(event: DagsterEvent) -> Mapping[str, Any]:
    metadata: Mapping[str, Any] = getattr(_record_of(event), "metadata", None) or {}
    return metadata


def _inputs_of(event: DagsterEvent) -> dict[str, Any]:
    tags: Mapping[str, str] = getattr(_record_of(event), "tags", None) or {}
    keys = sorted(name.removeprefix(_INPUT_TAG) for name in tags if name.startswith(_INPUT_TAG))
    names = [name for key in keys if (name := _name(key))]
    lengths = accumulate(len(name) for name in names)
    kept = [name for name, length in zip(names, lengths, strict=True) if length <= _INPUTS_CHARACTERS_MAX]
    left_out = {"input_assets_left_out": len(names) - len(kept)} if len(kept) < len(names) else {}
    return {"input_assets": kept, **left_out} if names else {}


def _record_of(event: DagsterEvent) -> Any:
    data: Any = event.event_specific_data
    for holder in ("materialization", "asset_observation"):
        data = getattr(data, holder, data)
    return data


def _check_asset(event: DagsterEvent | None) -> str | None:
    if event is None:
        return None
    data = event.event_specific_data
    key = getattr(data, "asset_key", None) or getattr(data, "key", None)  # evaluations of freshness name it so
    return _name(key.to_user_string()) if isinstance(key, AssetKey) else None


def _plain(value: Any) -> Any:
    inner = value.value
    if isinstance(inner, float) and not math.isfinite(inner):
        return str(inner)
    if isinstance(inner, str):
        return _text(inner)
    if inner is None or isinstance(inner, int | float | dict | list):
        return inner
    # schemas, lineage, pointers: as Dagster serializes them, with their class
    return json.loads(serialize_value(value))


def _reduce(payload: dict[str, Any], why: str) -> dict[str, Any]:
    kept = (
        "dagster_event_type", "level", "job", "check_name", "passed", "will_retry", "duration_seconds", "dbt_model",
        "input_assets", "input_assets_left_out",
    )  # fmt: skip
    return {"reduced": why, **{name: payload[name] for name in kept if name in payload}}


def _text(text: str) -> str:
    # a lone surrogate cannot be written as UTF-8
    return text[:_TEXT_CHARACTERS_MAX].encode(errors="replace").decode()


def _name(text: str | None) -> str | None:
    return identity_of(text) if text else None
