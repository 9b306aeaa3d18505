"""Records that are made to break a reader, each with the expected verdict of the landing job.

Records are bytes, because JSON writers refuse to write most of them. A record is accepted, maybe with flags, or it is
rejected with exactly one reason code.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from producers.events import DEPTH_MAX, EVENT_BYTES_MAX, TYPE_FIELDS, landing_contract

ACCEPTED = "accepted"
CANARY = "canary-7f3a91"
"""Values, keys and headers hold it, and no log may show it."""


@dataclass(frozen=True, slots=True)
class Hostile:
    """One record, and its verdict: `ACCEPTED` or a reason code. `flags` are those of an accepted record."""

    name: str
    value: bytes | None
    fate: str = ACCEPTED
    flags: frozenset[str] = frozenset()
    key: bytes | None = b"run-7"
    headers: tuple[tuple[str, bytes | None], ...] = ()


FIELDS = {
    "event_id": b'"e-1"',
    "event_type": b'"ENGINE_EVENT"',
    "schema_version": b"1",
    "occurred_at": b'"2025-08-01T03:30:00Z"',
    "organization": b'"acme"',
    "deployment": b'"prod"',
    "payload": b"{}",
}
"""The required fields of an event and their JSON, none of it hostile."""


def event(**changes: bytes | None) -> bytes:
    """Write an event with other JSON in some fields; None leaves a field out."""
    fields = {**FIELDS, **changes}
    return b"{%s}" % b",".join(b'"%s":%s' % (name.encode(), json) for name, json in fields.items() if json is not None)


def payload(member: bytes) -> bytes:
    """Write an event whose payload has one member `x`."""
    return event(payload=b'{"x":%s}' % member)


def corpus() -> list[Hostile]:
    """List every hostile record; names are unique."""
    return [
        *_encodings(),
        *_numbers(),
        *_nesting(),
        *_keys(),
        *_texts(),
        *_documents(),
        *_framings(),
        *_fields(),
        *_sizes(),
        *_identities(),
        *_times(),
        *_versions(),
        *_scripts(),
    ]


def _table(fate: str, rows: dict[str, bytes], flags: Iterable[str] = ()) -> Iterator[Hostile]:
    for name, value in rows.items():
        yield Hostile(name, value, fate, frozenset(flags))


def _encodings() -> Iterator[Hostile]:
    text = event().decode()
    yield from _table(
        "not_utf8",
        {
            "byte order mark": b"\xef\xbb\xbf" + event(),
            "utf-16 with mark": text.encode("utf-16"),
            "utf-16 little endian": text.encode("utf-16-le"),
            "utf-16 big endian": text.encode("utf-16-be"),
            "utf-32 little endian": text.encode("utf-32-le"),
            "utf-32 big endian": text.encode("utf-32-be"),
            "latin-1": payload('"Zürich"'.encode("latin-1")),
            "overlong slash": payload(b'"\xc0\xaf"'),
            "encoded surrogate": payload(b'"\xed\xa0\x80"'),
            "beyond unicode": payload(b'"\xf4\x90\x80\x80"'),
            "cut in a character": payload(b'"\xe2\x82"'),
            "ends in a character": event()[:-1] + b',"x":"\xe2\x82',
            "bad byte between tokens": b"{\xff" + event()[1:],
            "bad byte in a literal": payload(b"tru\xff"),
            "bad byte in a number": payload(b"1.\xff"),
            "bad byte in an escape": payload(b'"\\u12\xff"'),
            "bad byte after the end": event() + b"\xff",
        },
    )


def _numbers() -> Iterator[Hostile]:
    yield from _table(
        "not_json",
        {
            f"number {n}": payload(n.encode())
            for n in ("NaN", "Infinity", "-Infinity", "+1", "01", "1.", ".5", "0x1F", "1e")
        },
    )
    yield from _table(
        "number_out_of_range",
        {
            "1e400": payload(b"1e400"),
            "-1e400": payload(b"-1e400"),
            "just infinite": payload(b"1.7976931348623159e308"),
            "309 digits": payload(b"9" * 309),
            "5,000 digits": payload(b"7" * 5000),
        },
    )
    numbers = [
        "-0",
        "-0.0",
        str(2**63),
        str(2**64),
        "1e-400",
        "0e999",
        "1.7976931348623157e308",
        "1E+2",
        "0." + "3" * 5000,
    ]
    yield from _table(ACCEPTED, {f"number {n[:25]}": payload(n.encode()) for n in [*numbers, "9" * 308]})


def _nesting() -> Iterator[Hostile]:
    inner = DEPTH_MAX - 2  # the event and its payload are the first two levels
    yield Hostile("as deep as allowed", payload(b"[" * inner + b"]" * inner))
    for depth in (inner + 1, 500, 1_025, 100_000):
        yield Hostile(f"{depth} arrays", payload(b"[" * depth + b"]" * depth), "too_deep")
        yield Hostile(f"{depth} objects", payload(b'{"a":' * depth + b"1" + b"}" * depth), "too_deep")
    yield Hostile("100,000 open arrays", b"[" * 100_000, "too_deep")


def _keys() -> Iterator[Hostile]:
    yield from _table(
        "duplicate_key",
        {
            "event_id twice": event()[:-1] + b',"event_id":"e-2"}',
            "payload twice": event()[:-1] + b',"payload":{}}',
            "event_id twice, escaped": event()[:-1] + b',"\\u0065vent_id":"e-2"}',
            "optional field twice": event(run_id=b'"r"')[:-1] + b',"run_id":null}',
        },
    )
    yield from _table(
        ACCEPTED,
        {
            "unknown field twice": event()[:-1] + b',"x":1,"x":2}',
            "twice in the payload": event(payload=b'{"event_id":1,"event_id":2}'),
            "escaped name": event().replace(b'"event_id"', b'"\\u0065vent_\\u0069d"'),
        },
    )


def _texts() -> Iterator[Hostile]:
    yield from _table(
        "lone_surrogate",
        {
            "high half": payload(b'"\\ud83d"'),
            "low half": payload(b'"\\ude00"'),
            "halves in the wrong order": payload(b'"\\ude00\\ud83d"'),
            "half in a name": event(payload=b'{"\\ud83d":1}'),
            "half in an id": event(event_id=b'"\\ud83d"'),
        },
    )
    yield from _table(
        "not_json",
        {f"raw {raw!r} in a text": payload(b'"a%sb"' % raw) for raw in (b"\n", b"\r", b"\t", b"\0", b"\x1b", b"\x1f")},
    )
    yield from _table("not_json", {"escape of nothing": payload(b'"\\x41"'), "half an escape": payload(b'"\\u12"')})
    separators = {"U+2028": "\u2028", "U+2029": "\u2029", "U+0085": "\u0085", "U+007F": "\u007f", "U+FEFF": "\ufeff"}
    yield from _table(
        ACCEPTED, {f"{name} in a text": payload(f'"a{raw}b"'.encode()) for name, raw in separators.items()}
    )
    yield from _table(
        "not_json", {f"{name} between tokens": b"{" + raw.encode() + event()[1:] for name, raw in separators.items()}
    )
    yield from _table(
        ACCEPTED,
        {
            "escaped NUL": payload(b'"a\\u0000b"'),
            "escaped line breaks": payload(b'"a\\n\\r\\u000a\\u2028b"'),
            "pair of halves": payload(b'"\\ud83d\\ude00"'),
            "four bytes per character": payload('"\U0001f600\U0010ffff"'.encode()),
            "line breaks between tokens": event().replace(b",", b"\r\n,\n").replace(b":{", b"\r:\t{") + b"\n",
        },
    )


def _documents() -> Iterator[Hostile]:
    yield Hostile("tombstone", None, "empty")
    yield Hostile("no bytes", b"", "empty")
    yield from _table(
        "not_object", {f"only {json}": json.encode() for json in ("42", '"text"', "null", "true", "[]", "[{}]")}
    )
    yield from _table(
        "not_json",
        {
            "blanks": b" \n ",
            "cut": event()[:-1],
            "two events": event() + event(),
            "two lines": event() + b"\n" + event(),
            "comma behind": event() + b",",
            "NUL behind": event() + b"\0",
            "comment": b"/**/" + event(),
            "single quotes": event().replace(b'"', b"'"),
            "comma before the end": event()[:-1] + b",}",
            "names without quotes": b"{event_id:1}",
            "no-break space": b"{\xc2\xa0" + event()[1:],
        },
    )
    yield Hostile("wrong in two ways", event(event_id=b'""')[:-1], "not_json")
    yield Hostile("blanks around", b" \t\r\n" + event() + b" \t\r\n")


def _framings() -> Iterator[Hostile]:
    yield from _table(
        "schema_registry_framing",
        {
            "registry id 7": b"\0\0\0\0\x07" + event(),
            "registry id of four bytes": b"\0\xff\xff\xff\xfe" + event(),
            "registry id and blanks": b"\0\0\1\2\3\n " + event(),
            "registry id of eight bytes": b"\0" + (9).to_bytes(8) + event(),
            "registry id and Avro": b"\0\0\0\0\x07\x06e-1\x12RUN_START",
            "Glue registry": b"\x03\0" + bytes(range(16)) + event(),
            "Glue registry, compressed": b"\x03\x05" + bytes(range(16)) + zlib.compress(event()),
        },
    )
    yield from _table(
        "compressed_value",
        {
            "gzip": gzip.compress(event(), mtime=0),
            "zstd": b"\x28\xb5\x2f\xfd" + event(),
            "lz4": b"\x04\x22\x4d\x18" + event(),
            "snappy": b"\xff\x06\0\0sNaPpY" + event(),
            "snappy of Java": b"\x82SNAPPY\0" + event(),
            "bzip2": bz2.compress(event()),
            "xz": lzma.compress(event()),
            "zip": b"PK\3\4" + event(),
        },
    )
    yield from _table(
        "binary_format",
        {
            "Avro container": b"Obj\x01\x04\x14avro.codec",
            "single Avro object": b"\xc3\x01" + bytes(8) + b"\x06e-1",
            "Parquet": b"PAR1\x15\x04",
            "Smile": b":)\n\x05",
            "CBOR with its tag": b"\xd9\xd9\xf7\xa1\x61x\x01",
            "CBOR": b"\xa7\x68event_id\x63e-1",
            "MessagePack": b"\x87\xa8event_id\xa3e-1",
            "MessagePack of many fields": b"\xde\0\x10\xa8event_id\xa3e-1",
        },
    )
    yield from _table("not_json", {"half of an Avro container": b"Obj", "Protobuf": b"\x0a\x03e-1\x12\x09RUN_START"})


def _fields() -> Iterator[Hostile]:
    """Break every rule of the contract for each field."""
    yield Hostile("no field at all", b"{}", "missing:event_id")
    wrong = {"string": b"7", "integer": b'"1"', "object": b"[]", "timestamp": b"1754017200", "id": b"{}"}
    for name, field in landing_contract()["fields"].items():
        yield Hostile(f"{name} of another type", event(**{name: wrong[field["type"]]}), f"type:{name}")
        yield Hostile(f"{name} false", event(**{name: b"false"}), f"type:{name}")
        if field["required"]:
            yield Hostile(f"{name} missing", event(**{name: None}), f"missing:{name}")
            yield Hostile(f"{name} null", event(**{name: b"null"}), f"type:{name}")
        else:
            yield Hostile(f"{name} null", event(**{name: b"null"}))
        if "length_max" in field:
            flags = frozenset({"unknown_type"} if name == "event_type" else ())
            longest = "ä" * field["length_max"]
            yield Hostile(f"{name} as long as allowed", event(**{name: f'"{longest}"'.encode()}), ACCEPTED, flags)
            fate = "bad_id" if field["type"] == "id" else f"type:{name}"
            yield Hostile(f"{name} too long", event(**{name: f'"{longest}x"'.encode()}), fate)
        if field["type"] == "id":
            yield Hostile(f"{name} without a character", event(**{name: b'""'}), "bad_id")
            yield Hostile(f"{name} with a line break", event(**{name: b'"a\\nb"'}), "bad_id")
            yield Hostile(f"{name} of base64", event(**{name: b'"YWJj/ZGVm+Z2g=="'}))
    yield Hostile("fields of somebody else", event()[:-1] + b',"x":{"y":[1,"2",null]},"":0}')


def _sizes() -> Iterator[Hostile]:
    room = EVENT_BYTES_MAX - len(payload(b'""'))
    yield Hostile("as large as allowed", payload(b'"%s"' % (b"x" * room)))
    yield Hostile("one byte too large", payload(b'"%s"' % (b"x" * (room + 1))), "too_large")
    yield Hostile("10 MB", payload(b'"%s"' % (b"x" * 10_000_000)), "too_large")
    yield Hostile("10,000 fields", event()[:-1] + b"".join(b',"f%d":%d' % (n, n) for n in range(10_000)) + b"}")
    yield Hostile("a name of 900 kB", event(payload=b'{"%s":1}' % (b"n" * 900_000)))


def _identities() -> Iterator[Hostile]:
    refused = [
        "",
        " ",
        "\u3000\u00a0",
        "a\\nb",
        "\\u0000",
        "a\\tb",
        "a\u007f",
        "a\u0085",
        "a\u00ad",
        "a\u200b",
        "a\u200d",
    ]
    refused += [
        "a\u2028",
        "\\u202ea",
        "\u2066a",
        "\ufeffa",
        "\u3164",
        "a\U000e0041",
        "x" * 513,
        "\U0001f600" * 513,
        "x" * 900_000,
    ]
    yield from _table("bad_id", {f"id {n[:20]!r} of {len(n)}": event(event_id=f'"{n}"'.encode()) for n in refused})
    printable = ["0", "A.b_c:d-e", "x" * 512, "a/b", "../../x", "/abs", "%2e%2e", "a b", " a ", "a'; DROP TABLE x;--"]
    printable += [
        '\\"',
        "\\\\",
        "-a",
        ".a",
        "YWJj/ZGVm+Z2g==",
        "scheduled__2025-08-01T00:00:00+00:00",
        "urn:uuid:6ba7b810-9dad",
    ]
    printable += [
        "\u0430bc",
        "\uff41",
        "\u4e2d\u6587",
        "\u0645\u0639",
        "\U0001f600" * 512,
        "\u2764\ufe0f",
        "e\u0301",
        "\\u4e2d",
    ]
    yield from _table(ACCEPTED, {f"id {n[:20]!r} of {len(n)}": event(event_id=f'"{n}"'.encode()) for n in printable})


def _times() -> Iterator[Hostile]:
    bad = [
        "",
        "now",
        "2025-08-01T03:30:00z",
        "2016-12-31T23:59:60Z",
        "1754017200",
        "1754017200000",
        "NaN",
        "2025-08-01",
        "2025-08-01T03:30:00",
        "2025-08-01 03:30:00Z",
    ]
    bad += [
        "2025-08-01T03:30:60Z",
        "2025-08-01T24:00:00Z",
        "2025-W31-5T03:30:00Z",
        "2025-213T03:30:00Z",
        "20250801T033000Z",
    ]
    bad += [
        "2025-02-29T00:00:00Z",
        "2025-08-01t03:30:00z",
        "2025-08-01T03:30Z",
        "2025-08-01T03:30:00+0200",
        "+12025-08-01T03:30:00Z",
    ]
    bad += ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00Z", "2025-08-01T03:30:00.Z"]
    bad += [
        "2025-08-01T03:30:00.1234567890Z",
        "2025-08-01T03:30:00Z\\n",
        "2025-08-01T03:30:00[UTC]",
        "٢٠٢٥-08-01T03:30:00Z",
    ]
    yield from _table("bad_time", {f"time {n}": event(occurred_at=f'"{n}"'.encode()) for n in bad})
    good = [
        "2025-08-01T03:30:00.123456789Z",
        "2025-08-01T05:30:00+02:00",
        "2025-08-01T03:35:00Z",
        "2025-07-02T03:30:00Z",
    ]
    good += ["2025-08-01T03:30:00\\u005a"]
    yield from _table(ACCEPTED, {f"time {n}": event(occurred_at=f'"{n}"'.encode()) for n in good})
    skewed = [
        "0001-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999999Z",
        "2025-08-01T03:35:00.001Z",
    ]
    skewed += ["2025-07-02T03:29:59.999Z", "2025-08-01T03:30:00-12:00"]
    yield from _table(ACCEPTED, {f"time {n}": event(occurred_at=f'"{n}"'.encode()) for n in skewed}, ["clock_skew"])


def _versions() -> Iterator[Hostile]:
    bad = ["0", "-1", "1.0", "1e0", "true", '"1"', str(2**63), "[1]"]
    yield from _table("type:schema_version", {f"version {n}": event(schema_version=n.encode()) for n in bad})
    newer = {f"version {n}": event(schema_version=str(n).encode()) for n in (2, 2**63 - 1)}
    yield from _table(ACCEPTED, newer, ["schema_version"])
    yield from _table(ACCEPTED, {"unknown type": event(event_type=b'"RUN_STARTED"')}, ["unknown_type"])
    for event_type, names in TYPE_FIELDS.items():
        whole: dict[str, bytes | None] = dict.fromkeys(names, b'"x"')
        yield Hostile(f"{event_type} with its fields", event(event_type=f'"{event_type}"'.encode(), **whole))
        for name in names:
            for what, lacking in (("without", None), ("with null as", b"null")):
                value = event(event_type=f'"{event_type}"'.encode(), **(whole | {name: lacking}))
                yield Hostile(f"{event_type} {what} {name}", value, ACCEPTED, frozenset({"mistyped_payload"}))
    odd = event(schema_version=b"2", event_type=b'""', occurred_at=b'"2020-01-01T00:00:00Z"')
    yield from _table(ACCEPTED, {"odd in every way": odd}, ["clock_skew", "schema_version", "unknown_type"])


def _scripts() -> Iterator[Hostile]:
    scripts = [
        "=cmd|' /C calc'!A0",
        "<script>alert(1)</script>",
        "${jndi:ldap://x.invalid/a}",
        "\\u001b[31m",
        "%s%n",
        "{{7*7}}",
    ]
    for script in scripts:
        text = script + CANARY
        plain = text.replace("\\u001b", "\x1b").encode()
        for fate, name in ((ACCEPTED, '"acme"'), ("type:organization", "{}")):
            value = event(organization=name.encode(), payload=f'{{"{text}":"{text}"}}'.encode())
            yield Hostile(f"{script} {fate}", value, fate, key=plain, headers=((plain.decode(), plain),))
    yield Hostile("nothing but a script", f"{scripts[2]}{CANARY}".encode(), "not_json")
    yield Hostile(
        "key that is no text", b"?", "not_json", key=b"a\xff\x00\n", headers=(("n", None), ("n", b""), ("ä", b"\xff"))
    )
