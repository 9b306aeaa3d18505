from __future__ import annotations

import json
from random import Random

import pytest

from producers.events import EventError, PlatformEvent
from producers.simulation.malformed import Malformation, break_event

EVENT = {
    "event_id": "e-1",
    "event_type": "SENSOR_TICK",
    "schema_version": 1,
    "occurred_at": "2025-08-01T03:59:59.123Z",
    "organization": "acme",
    "deployment": "prod",
    "payload": {"n": 1},
    "asset_key": "acme/raw/orders",
}


def test_the_event_before_it_is_broken_is_whole() -> None:
    """The unbroken event is valid; otherwise the next test would prove nothing."""
    assert PlatformEvent.from_json(json.dumps(EVENT).encode())


@pytest.mark.parametrize("kind", Malformation)
def test_every_kind_is_really_malformed(kind: Malformation) -> None:
    """The landing job must reject every record that can be drawn."""
    for seed in range(60):
        value = break_event(EVENT, kind, Random(seed))  # noqa: S311  reproducible, not secret
        with pytest.raises(EventError):
            PlatformEvent.from_json(value)
