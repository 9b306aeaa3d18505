"""The contracts of the bucket: hours, keys and lines. Nobody else formats or parses a key.

Keys of a stream (default `platform-events`), all times UTC:

    <stream>/landing/yyyy/MM/dd/HH/part-<epoch>-*.jsonl[.zst|.gz]    accepted lines of that hour
    <stream>/rejected/yyyy/MM/dd/HH/part-<epoch>-*.jsonl[.zst|.gz]   rejected records of that hour
    <stream>/ledger/yyyy/MM/dd/HH/part-<epoch>-*.jsonl               ledger entries, by hour of emission
    <stream>/seals/yyyy/MM/dd/HH/r0001.json                          one seal per revision, create-only
    <stream>/published/yyyy/MM/dd/HH/r0001-<records>.json            one per published revision, create-only
    <stream>/restatements/yyyy/MM/dd/HH/r0002.json                   one per published amendment, create-only
    <stream>/chain/<rest>-<number>.json                              the seals in the order of writing, newest first
    <stream>/ledger-days/yyyy-MM-dd/r0001.json                       the ledger of one day of emission, added up
    <stream>/ledger-days/yyyy-MM-dd/<sha256>.jsonl.gz                its entries, named by the former
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache, total_ordering
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict

HOUR = timedelta(hours=1)
LAST_MILLISECOND = 253_402_300_799_999
"""The last millisecond of the year 9999, since 1970: the job lands a later record time as this one."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_HOUR = datetime(9999, 12, 31, 23, tzinfo=UTC)
_HOURS_KEPT = 16_384
"""Texts of hours whose value is kept, about two years: a report reads each of them a dozen times."""

_PATH = re.compile(r"(?P<year>\d{4})/(?P<month>\d{2})/(?P<day>\d{2})/(?P<hour>\d{2})")
_PARTITION_KEY = re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})-(?P<hour>\d{2}):00")
_LABEL = re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})T(?P<hour>\d{2})")
_STREAM = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_OBJECT = re.compile(
    r"(?P<stream>[^/]+)/(?P<kind>landing|rejected|ledger)/(?P<path>\d{4}/\d{2}/\d{2}/\d{2})"
    r"/part-(?P<epoch>[0-9a-f]{12,32}\.\d+)-[A-Za-z0-9-]+\.jsonl(?P<codec>|\.zst|\.gz)"
)
_LINK = re.compile(r"(?P<stream>[^/]+)/chain/(?P<rest>\d{10})-(?P<number>\d+)\.json")
_LINKS_MAX = 9_999_999_999
_LEDGER_DAY = re.compile(r"(?P<stream>[^/]+)/ledger-days/(?P<day>\d{4}-\d{2}-\d{2})/r(?P<revision>\d{4,})\.json")
_SEAL = re.compile(r"(?P<stream>[^/]+)/seals/(?P<path>\d{4}/\d{2}/\d{2}/\d{2})/r(?P<revision>\d{4,})\.json")
_PUBLICATION = re.compile(
    r"(?P<stream>[^/]+)/published/(?P<path>\d{4}/\d{2}/\d{2}/\d{2})/r(?P<revision>\d{4,})-(?P<records>\d+)\.json"
)


class LayoutError(ValueError):
    """A text that this layout does not write: the message has the text and the expected form."""


class Kind(StrEnum):
    """What the objects below a prefix hold."""

    LANDING = "landing"
    REJECTED = "rejected"
    LEDGER = "ledger"
    SEALS = "seals"
    PUBLISHED = "published"
    RESTATEMENTS = "restatements"


DATA_KINDS = (Kind.LANDING, Kind.REJECTED)
"""The kinds whose objects hold records: what the ledger promises and a seal names."""


def record_moment(epoch_milliseconds: int) -> datetime:
    """Return a Kafka record timestamp as the job lands it: before 1970 its first, after 9999 its last millisecond."""
    return _EPOCH + timedelta(milliseconds=max(0, min(epoch_milliseconds, LAST_MILLISECOND)))


@total_ordering
@dataclass(frozen=True, slots=True)
class Hour:
    """One UTC hour: the path `2025/08/01/03/`, the partition key `2025-08-01-03:00`, and the interval.

    Args:
        start: first instant of the hour, with the zone UTC.
    """

    start: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is not UTC or self.start.minute or self.start.second or self.start.microsecond:
            raise LayoutError(f"not the first instant of a UTC hour: {self.start!r}")

    def __lt__(self, other: Hour) -> bool:
        return self.start < other.start

    def __str__(self) -> str:
        return self.label

    @classmethod
    def containing(cls, moment: datetime) -> Self:
        """Return the hour of a moment; a moment without zone is an error."""
        if moment.tzinfo is None:
            raise LayoutError(f"a moment needs a zone: {moment!r}")
        return cls(moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0))

    @classmethod
    def containing_milliseconds(cls, epoch_milliseconds: int) -> Self:
        """Return the hour in which the job lands a Kafka record timestamp (milliseconds since 1970)."""
        return cls.containing(record_moment(epoch_milliseconds))

    @classmethod
    def from_path(cls, path: str) -> Hour:
        """Read `2025/08/01/03`, with or without a slash at its end."""
        return _hour_at_path(path)

    @classmethod
    def from_partition_key(cls, key: str) -> Hour:
        """Read Dagster's hourly partition key `2025-08-01-03:00`."""
        return _hour_of(_PARTITION_KEY.fullmatch(key), key, "yyyy-MM-dd-HH:00")

    @classmethod
    def from_label(cls, label: str) -> Hour:
        """Read `2025-08-01T03`, the form of the ledger and of `status --json`."""
        return _hour_at_label(label)

    @classmethod
    def beginning(cls, day: date) -> Self:
        """Return the first hour of a UTC day."""
        return cls(datetime.combine(day, time(), UTC))

    @property
    def end(self) -> datetime:
        """First instant after the hour; the last instant of the last hour that a `datetime` can hold."""
        return self.start + HOUR if self.start < _LAST_HOUR else datetime.max.replace(tzinfo=UTC)

    @property
    def path(self) -> str:
        """The directory of the hour, `2025/08/01/03/`."""
        return f"{self._year}/{self.start:%m/%d/%H/}"

    @property
    def partition_key(self) -> str:
        """Dagster's partition key, `2025-08-01-03:00`."""
        return f"{self._year}-{self.start:%m-%d-%H:00}"

    @property
    def label(self) -> str:
        """The hour in the ledger and in reports, `2025-08-01T03`."""
        return f"{self._year}-{self.start:%m-%dT%H}"

    @property
    def _year(self) -> str:
        return f"{self.start.year:04d}"  # %Y drops leading zeros on Linux

    def plus(self, hours: int) -> Hour:
        """Return the hour so many hours later."""
        return Hour(self.start + hours * HOUR)

    def until(self, last: Hour) -> Iterator[Hour]:
        """Iterate from this hour to `last`, both included."""
        hour = self
        while hour < last:
            yield hour
            hour = hour.plus(1)
        if hour == last:
            yield hour


def _hour_of(match: re.Match[str] | None, text: str, form: str) -> Hour:
    if match is None:
        raise LayoutError(f"not an hour of the form {form}: {text!r}")
    year, month, day, hour = map(int, match.groups())
    try:
        return Hour(datetime(year, month, day, hour, tzinfo=UTC))
    except ValueError as exc:
        raise LayoutError(f"no such hour: {text!r}") from exc


@lru_cache(maxsize=_HOURS_KEPT)
def _hour_at_path(path: str) -> Hour:
    return _hour_of(_PATH.fullmatch(path.rstrip("/")), path, "yyyy/MM/dd/HH")


@lru_cache(maxsize=_HOURS_KEPT)
def _hour_at_label(label: str) -> Hour:
    return _hour_of(_LABEL.fullmatch(label), label, "yyyy-MM-ddTHH")


@dataclass(frozen=True, slots=True)
class StreamLayout:
    """Every key and prefix of one stream.

    Args:
        stream: name of the stream, the first segment of each key; lower-case letters, digits and hyphens.
    """

    stream: str = "platform-events"

    def __post_init__(self) -> None:
        if not _STREAM.fullmatch(self.stream):
            raise LayoutError(f"a stream's name is [a-z0-9-], at most 63 characters: {self.stream!r}")

    def prefix(self, kind: Kind) -> str:
        """Return the prefix of all hours of a kind, `platform-events/landing/`."""
        return f"{self.stream}/{kind}/"

    def hour_prefix(self, kind: Kind, hour: Hour) -> str:
        """Return the prefix of one hour, `platform-events/landing/2025/08/01/03/`."""
        return self.prefix(kind) + hour.path

    def seal_key(self, hour: Hour, revision: int) -> str:
        """Return the key of a revision's seal; revisions count from 1."""
        return f"{self.hour_prefix(Kind.SEALS, hour)}r{revision:04d}.json"

    def publication_key(self, hour: Hour, revision: int, records: int) -> str:
        """Return the key of the publication of a seal's revision; `records` are its accepted and rejected ones."""
        return f"{self.hour_prefix(Kind.PUBLISHED, hour)}r{revision:04d}-{records}.json"

    def restatement_key(self, hour: Hour, revision: int) -> str:
        """Return the key of the note of a revision that was published after an earlier one."""
        return f"{self.hour_prefix(Kind.RESTATEMENTS, hour)}r{revision:04d}.json"

    @property
    def chain_prefix(self) -> str:
        """The prefix of the chain of seals, `platform-events/chain/`."""
        return f"{self.stream}/chain/"

    def link_key(self, number: int) -> str:
        """Return the key of a link of the chain of seals; numbers count from 1, and the newest is listed first."""
        return f"{self.chain_prefix}{_LINKS_MAX - number:010d}-{number}.json"

    @property
    def ledger_days_prefix(self) -> str:
        """The prefix of the days of the ledger, `platform-events/ledger-days/`."""
        return f"{self.stream}/ledger-days/"

    def ledger_day_objects(self, day: date) -> str:
        """Return the prefix of the objects of the ledger of a day of emission."""
        return f"{self.prefix(Kind.LEDGER)}{Hour.beginning(day).path[:-3]}"

    def ledger_day_key(self, day: date, revision: int) -> str:
        """Return the key of the totals of a day of emission; revisions count from 1."""
        return f"{self.ledger_days_prefix}{day.isoformat()}/r{revision:04d}.json"

    def ledger_day_entries_key(self, day: date, sha256: str) -> str:
        """Return the key of the entries of a day of emission, by the hash of their bytes."""
        return f"{self.ledger_days_prefix}{day.isoformat()}/{sha256}.jsonl.gz"


@dataclass(frozen=True, slots=True)
class ObjectKey:
    """The parts of the key of an object that the job wrote."""

    key: str
    stream: str
    kind: Kind
    hour: Hour
    epoch: str
    codec: str

    @classmethod
    def parse(cls, key: str) -> Self:
        """Read a key of `landing/`, `rejected/` or `ledger/`; a foreign key is a `LayoutError`."""
        match = _OBJECT.fullmatch(key)
        if match is None:
            raise LayoutError(f"not an object of the landing job: {key!r}")
        hour = Hour.from_path(match["path"])
        return cls(key, match["stream"], Kind(match["kind"]), hour, match["epoch"], match["codec"].lstrip("."))

    @classmethod
    def try_parse(cls, key: str) -> Self | None:
        """Read a key like `parse`, and return None for a foreign one."""
        try:
            return cls.parse(key)
        except LayoutError:
            return None


def split_epoch(epoch: str) -> tuple[str, int]:
    """Split `<instance>.<sequence>`: the random name of an operator instance, and the number of its checkpoint epoch.

    An epoch is what one operator instance wrote between two checkpoints; its sequence numbers rise by one.
    """
    instance, _, sequence = epoch.rpartition(".")
    return instance, int(sequence)


@dataclass(frozen=True, slots=True)
class SealKey:
    """The parts of the key of a seal."""

    key: str
    stream: str
    hour: Hour
    revision: int

    @classmethod
    def parse(cls, key: str) -> Self:
        """Read a key of `seals/`; a foreign key is a `LayoutError`."""
        match = _SEAL.fullmatch(key)
        if match is None:
            raise LayoutError(f"not a seal: {key!r}")
        return cls(key, match["stream"], Hour.from_path(match["path"]), int(match["revision"]))


@dataclass(frozen=True, slots=True)
class PublicationKey:
    """The parts of the key of a publication: a listing shows which revision is published, and how many records."""

    key: str
    stream: str
    hour: Hour
    revision: int
    records: int

    @classmethod
    def parse(cls, key: str) -> Self:
        """Read a key of `published/`; a foreign key is a `LayoutError`."""
        match = _PUBLICATION.fullmatch(key)
        if match is None:
            raise LayoutError(f"not a publication: {key!r}")
        hour = Hour.from_path(match["path"])
        return cls(key, match["stream"], hour, int(match["revision"]), int(match["records"]))


@dataclass(frozen=True, slots=True)
class LinkKey:
    """The parts of the key of a link of the chain of seals."""

    key: str
    stream: str
    number: int

    @classmethod
    def try_parse(cls, key: str) -> Self | None:
        """Read a key of `chain/`; a foreign key is None."""
        match = _LINK.fullmatch(key)
        if match is None or int(match["rest"]) + int(match["number"]) != _LINKS_MAX:
            return None
        return cls(key, match["stream"], int(match["number"]))


@dataclass(frozen=True, slots=True)
class LedgerDayKey:
    """The parts of the key of the totals of a day of the ledger."""

    key: str
    stream: str
    day: date
    revision: int

    @classmethod
    def try_parse(cls, key: str) -> Self | None:
        """Read a key of `ledger-days/`; the entries of a day and foreign keys are None."""
        match = _LEDGER_DAY.fullmatch(key)
        if match is None:
            return None
        try:
            return cls(key, match["stream"], date.fromisoformat(match["day"]), int(match["revision"]))
        except ValueError:
            return None


Revised = TypeVar("Revised", SealKey, PublicationKey, LedgerDayKey)
"""A key with a revision."""
Part = TypeVar("Part", bound=date | Hour)


def newest_of_each(keys: Iterable[Revised], part: Callable[[Revised], Part]) -> dict[Part, Revised]:
    """Return the key with the greatest revision of each part, such as an hour or a day."""
    newest: dict[Part, Revised] = {}
    for key in keys:
        known = newest.get(part(key))
        if known is None or known.revision < key.revision:
            newest[part(key)] = key
    return newest


class AcceptedLine(BaseModel):
    """One line below `landing/`: the envelope, and the producer's bytes unchanged as `event`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: str
    partition: int
    offset: int
    timestamp: datetime
    key: str | None
    event: dict[str, Any]


class RejectedLine(BaseModel):
    """One line below `rejected/`: the envelope, why, where in the payload, and the bytes themselves.

    `key` is null when the record has none; a key that is not UTF-8 has its bad bytes replaced here, its exact
    bytes are in `key_base64`. `payload_base64` is null for a record without value (a tombstone). `headers` are
    names with values in base64, in the record's order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: str
    partition: int
    offset: int
    timestamp: datetime
    key: str | None
    reason: str
    detail: str
    payload_base64: str | None
    key_base64: str | None = None
    headers: list[tuple[str, str | None]] = []

    def record_value(self) -> bytes | None:
        """Return the exact value of the record; None is a tombstone."""
        return _decode(self.payload_base64)

    def record_key(self) -> bytes | None:
        """Return the exact key of the record."""
        if self.key_base64 is not None:
            return _decode(self.key_base64)
        return None if self.key is None else self.key.encode()

    def record_headers(self) -> list[tuple[str, bytes | None]]:
        """Return the headers of the record, in their order."""
        return [(name, _decode(value)) for name, value in self.headers]


def _decode(base64: str | None) -> bytes | None:
    return None if base64 is None else b64decode(base64, validate=True)
