"""The document of a stream: closed, typed, described fields."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Self

import dagster as dg
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic import model_validator as validates

from flink_jobs.contracts.layout import Hour, LayoutError, StreamLayout
from flink_jobs.contracts.stream_settings import STREAM_PATTERN, TOPIC_PATTERN, job_name_of
from orchestration.landing.clients.kafka import RecordTime
from orchestration.landing.partitions import StreamKeys, hourly_partitions
from orchestration.landing.proof.completeness import CompletenessPolicy
from orchestration.landing.report.hours import LATE
from orchestration.stream.cadence import Cadence

_TEXT = WithJsonSchema({"type": "string"})


def _hour(value: Any) -> Hour:
    if isinstance(value, Hour):
        return value
    try:
        return Hour.from_label(str(value))
    except LayoutError as exc:
        raise ValueError(f"{exc}; write it in quotes") from None


def _asset_key(value: Any) -> dg.AssetKey:
    if isinstance(value, dg.AssetKey):
        return value
    if not isinstance(value, str) or not all(value.split("/")):
        raise ValueError(f"not an asset key of the form database/schema/name: {value!r}")
    return dg.AssetKey.from_user_string(value)


def _topics(value: Any) -> Any:
    """Split texts at commas: HOURGLASS_TOPIC has that form for several topics."""
    if not isinstance(value, list | tuple):
        raise ValueError(f"must be a list: [{value!r}]")  # noqa: TRY004 - pydantic reports ValueError
    return [topic for item in value for topic in (item.split(",") if isinstance(item, str) else [item])]


def _topic(text: str) -> str:
    if not re.fullmatch(TOPIC_PATTERN, text):
        raise ValueError(f"not a Kafka topic: {text!r}; letters, digits, dots, hyphens and underscores")
    return text


def _different(topics: tuple[str, ...]) -> tuple[str, ...]:
    if doubled := sorted({topic for topic in topics if topics.count(topic) > 1}):
        raise ValueError(f"named twice: {', '.join(doubled)}")
    return topics


def _owner(text: str) -> str:
    if not text.startswith("team:") and "@" not in text:
        raise ValueError(f"not an owner: {text!r}; write team:NAME or an e-mail address")
    return text


class Closed(BaseModel):
    """A block of a document: unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Freshness(Closed):
    """How old the newest published hour may become; Dagster compares the time of its materialisation."""

    fail_hours: float = Field(gt=0, description="Hours without a published hour after which the asset is stale.")
    warn_hours: float | None = Field(None, gt=0, description="Hours after which Dagster warns; fewer than fail_hours.")

    @validates(mode="after")
    def _warns_first(self) -> Self:
        if self.warn_hours is not None and self.warn_hours >= self.fail_hours:
            raise ValueError(f"warn_hours is {self.warn_hours:g}: it must be less than fail_hours")
        return self

    @property
    def policy(self) -> dg.FreshnessPolicy:
        """The policy of Dagster."""
        warn = None if self.warn_hours is None else timedelta(hours=self.warn_hours)
        return dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=self.fail_hours), warn_window=warn)


_Share = Annotated[float, Field(ge=0, le=1)]


class Thresholds(Closed):
    """Limits of the checks that compare an hour with what is usual. A limit that is left out is not checked."""

    rejected_share_max: _Share | None = Field(None, description="Rejected of all records, 0 to 1.")
    unknown_type_share_max: _Share | None = Field(None, description="Accepted records of an unknown type, 0 to 1.")
    mistyped_payload_share_max: _Share | None = Field(
        None, description="Accepted records without a field that their type needs, 0 to 1."
    )
    duplicate_share_max: _Share | None = Field(None, description="Accepted records that repeat an event, 0 to 1.")
    volume_ratio_min: float | None = Field(None, ge=0, description="Records by those of the same hour of earlier days.")
    volume_ratio_max: float | None = Field(None, gt=0, description="Records by those of the same hour of earlier days.")
    late_minutes_max: float | None = Field(None, gt=0, description="Minutes from the end of the hour to published.")
    clock_skew_seconds_max: float | None = Field(
        None, gt=0, description="Seconds that occurred_at is ahead of record time."
    )


class StreamDocument(Closed):
    """The attributes of one stream."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")] = Field(
        description="Name in Dagster, lower case with underscores: asset keys begin with it."
    )
    bare_keys: bool = Field(
        default=False, description="Leave the name out of asset keys, job and sensors. One stream of a project can."
    )
    topics: Annotated[
        tuple[Annotated[str, AfterValidator(_topic)], ...],
        BeforeValidator(_topics),
        AfterValidator(_different),
        Field(min_length=1),
    ] = Field(description="Kafka topics that the landing job reads, one or several.")
    bucket: str = Field(min_length=3, description="Bucket of the landed objects.")
    prefix: str = Field(pattern=STREAM_PATTERN, description="First segment of all keys of the stream in the bucket.")
    table: Annotated[dg.AssetKey, PlainValidator(_asset_key), _TEXT] = Field(
        description="Asset key of the external table over the stream, aws/dev/ext_flink_event_log."
    )
    first_hour: Annotated[Hour, PlainValidator(_hour), _TEXT] = Field(
        description="First hour that is published, 2025-01-01T00 in UTC; the partitions begin with it."
    )
    record_time: RecordTime = Field(
        default=RecordTime.LOG_APPEND, description="message.timestamp.type of the topics: LogAppendTime or CreateTime."
    )
    disorder_seconds: float = Field(5, ge=0, description="How far record time may run backwards in a partition.")
    grace_seconds: float = Field(30, ge=0, description="How long the end of a partition must be idle to count.")
    lookback_hours: float = Field(
        72, gt=0, description="How long the sensor keeps an hour after its newest ledger entry."
    )
    cadence: Cadence = Field(default_factory=Cadence, description="When complete hours are published.")
    sensor_seconds: int = Field(30, ge=1, description="Pause between two ticks of the sensor.")
    runs_per_tick_max: int = Field(24, ge=1, description="Runs that one tick requests.")
    hours_per_run_max: int = Field(
        24, ge=1, description="Consecutive hours of a backlog that one run takes; 1 is one run an hour, always."
    )
    attempts_max: int = Field(
        3, ge=0, description="Runs of an hour that are requested after a first one that failed, with growing pauses."
    )
    amend_rest_seconds: float = Field(
        60,
        ge=0,
        description="Pause between two runs of one hour that late records amend; they wait for one run together.",
    )
    observe_seconds: int = Field(60, ge=1, description="Pause between two observations of topics, job and objects.")
    alert_seconds: int = Field(300, ge=1, description="Pause between two looks for what needs an alert.")
    reconcile_days: int = Field(30, ge=1, description="Days whose published hours are compared again, once a day.")
    flink_rest: str = Field(
        "http://127.0.0.1:8081", pattern=r"^https?://[^/]+:\d+$", description="REST address of the landing job's Flink."
    )
    checks: Thresholds = Field(default_factory=Thresholds, description="Thresholds of the checks of an hour.")
    freshness: Freshness | None = Field(None, description="How old the newest published hour may become.")
    owners: tuple[Annotated[str, AfterValidator(_owner)], ...] = Field((), description="Owners of the assets.")

    @property
    def keys(self) -> StreamKeys:
        """The keys and names of the stream in Dagster."""
        return StreamKeys(self.name, self.bare_keys)

    @property
    def blocking_checks(self) -> tuple[dg.AssetCheckKey, ...]:
        """Every check that must pass before an hour is published."""
        landed, table = self.keys.landed_hour, self.table
        names = (
            (landed, "offsets_accounted_for"),
            (landed, "objects_present"),
            (table, "files_registered"),
            (table, "rows_queryable"),
        )
        return tuple(dg.AssetCheckKey(asset, name) for asset, name in names)

    @property
    def layout(self) -> StreamLayout:
        """The keys of the stream in the bucket."""
        return StreamLayout(self.prefix)

    @property
    def partitions(self) -> dg.HourlyPartitionsDefinition:
        """The hours of the stream."""
        return hourly_partitions(self.first_hour)

    @property
    def policy(self) -> CompletenessPolicy:
        """How long the end of a partition must be in the past before it counts."""
        return CompletenessPolicy(
            disorder=timedelta(seconds=self.disorder_seconds), grace=timedelta(seconds=self.grace_seconds)
        )

    @property
    def late(self) -> timedelta:
        """How long an hour may take to be published, by the threshold of the checks."""
        minutes = self.checks.late_minutes_max
        return LATE if minutes is None else timedelta(minutes=minutes)

    @property
    def hours_per_tick_max(self) -> int:
        """Hours that one tick requests."""
        return self.runs_per_tick_max * self.hours_per_run_max

    @property
    def lookback(self) -> timedelta:
        """How long the sensor keeps an hour."""
        return timedelta(hours=self.lookback_hours)

    @property
    def amend_rest(self) -> timedelta:
        """The pause between two runs of an hour that late records amend."""
        return timedelta(seconds=self.amend_rest_seconds)

    @property
    def job_name(self) -> str:
        """The name of the landing job in Flink."""
        return job_name_of(self.prefix)

    @property
    def resource_key(self) -> str:
        """The name of the Dagster resource with the clients of the stream."""
        return f"stream_{self.name}"


def stream_schema() -> dict[str, Any]:
    """Return the JSON schema of a document; every field may be a template as well."""
    schema = StreamDocument.model_json_schema()
    properties = {
        name: {"anyOf": [described, {"type": "string"}], "description": described.get("description", "")}
        for name, described in schema["properties"].items()
    }
    return {**schema, "properties": properties}
