"""Malformed records, one kind for each reason of the landing job to reject a record."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum
from random import Random
from typing import Any

from producers.events import REQUIRED_FIELDS
from producers.identities import ID_CHARACTERS_MAX

_DEPTH = 200
_BAD_IDS = ("", "  ", "a\nb", "a\u200bb", "\u202eid", "x" * (ID_CHARACTERS_MAX + 1))


class Malformation(StrEnum):
    """How a record is malformed."""

    TRUNCATED = "truncated"
    TRAILING_GARBAGE = "trailing_garbage"
    INVALID_UTF8 = "invalid_utf8"
    BYTE_ORDER_MARK = "byte_order_mark"
    NOT_A_NUMBER = "not_a_number"
    NUMBER_OUT_OF_RANGE = "number_out_of_range"
    LONE_SURROGATE = "lone_surrogate"
    LINE_BREAK_IN_TEXT = "line_break_in_text"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    BAD_ID = "bad_id"
    TIME_WITHOUT_ZONE = "time_without_zone"
    DUPLICATE_KEY = "duplicate_key"
    EMPTY = "empty"
    ARRAY = "array"
    SCALAR = "scalar"
    DEEP_NESTING = "deep_nesting"


def break_event(event: dict[str, Any], kind: Malformation, random: Random) -> bytes:
    """Return the bytes of an event, changed so that the landing job must reject them."""
    return _BREAKERS[kind](event, random)


def _write(event: dict[str, Any]) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode()


def _truncate(event: dict[str, Any], random: Random) -> bytes:
    value = _write(event)
    return value[: random.randint(1, len(value) - 1)]


def _append_garbage(event: dict[str, Any], random: Random) -> bytes:
    return _write(event) + random.choice((b"}", b" garbage", b",{}", b"\x00"))


def _break_utf8(event: dict[str, Any], random: Random) -> bytes:
    bad = random.choice((b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xe2\x82"))
    return _write(event).replace(b'"organization":"', b'"organization":"' + bad, 1)


def _in_payload(member: bytes) -> Callable[[dict[str, Any], Random], bytes]:
    def put_first(event: dict[str, Any], random: Random) -> bytes:
        del random
        return _write({**event, "payload": {"x": 0}}).replace(b'"x":0', member, 1)

    return put_first


def _drop_field(event: dict[str, Any], random: Random) -> bytes:
    dropped = random.choice(sorted(REQUIRED_FIELDS))
    return _write({name: value for name, value in event.items() if name != dropped})


def _change_type(event: dict[str, Any], random: Random) -> bytes:
    wrong: dict[str, Any] = random.choice(
        (
            {"organization": 7},
            {"schema_version": "one"},
            {"payload": []},
            {"event_type": {}},
            {"deployment": None},
            {"occurred_at": 1754017200},
        )
    )
    return _write({**event, **wrong})


def _set_bad_id(event: dict[str, Any], random: Random) -> bytes:
    return _write({**event, "event_id": random.choice(_BAD_IDS)})


def _drop_zone(event: dict[str, Any], random: Random) -> bytes:
    del random
    return _write({**event, "occurred_at": event["occurred_at"].removesuffix("Z")})


def _repeat_key(event: dict[str, Any], random: Random) -> bytes:
    name = random.choice(("event_id", "organization", "payload"))
    return _write(event)[:-1] + b"," + _write({name: event[name]})[1:]


def _constant(value: bytes) -> Callable[[dict[str, Any], Random], bytes]:
    def ignore_event(event: dict[str, Any], random: Random) -> bytes:
        del event, random
        return value

    return ignore_event


_BREAKERS: dict[Malformation, Callable[[dict[str, Any], Random], bytes]] = {
    Malformation.TRUNCATED: _truncate,
    Malformation.TRAILING_GARBAGE: _append_garbage,
    Malformation.INVALID_UTF8: _break_utf8,
    Malformation.BYTE_ORDER_MARK: lambda event, _: b"\xef\xbb\xbf" + _write(event),
    Malformation.NOT_A_NUMBER: _in_payload(b'"ratio":NaN'),
    Malformation.NUMBER_OUT_OF_RANGE: _in_payload(b'"bytes":1e999'),
    Malformation.LONE_SURROGATE: _in_payload(b'"text":"half \\ud83d"'),
    Malformation.LINE_BREAK_IN_TEXT: _in_payload(b'"text":"two\nlines"'),
    Malformation.MISSING_FIELD: _drop_field,
    Malformation.WRONG_TYPE: _change_type,
    Malformation.BAD_ID: _set_bad_id,
    Malformation.TIME_WITHOUT_ZONE: _drop_zone,
    Malformation.DUPLICATE_KEY: _repeat_key,
    Malformation.EMPTY: _constant(b""),
    Malformation.ARRAY: lambda event, _: b"[" + _write(event) + b"]",
    Malformation.SCALAR: _constant(b"42"),
    Malformation.DEEP_NESTING: _in_payload(b'"deep":' + b"[" * _DEPTH + b"]" * _DEPTH),
}
