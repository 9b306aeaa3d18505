"""When an asset behind proven hours is built, and when it is late: closed, typed, described fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema, model_validator

LEAD_MAX = timedelta(hours=1)
"""How long before a deadline a build is requested at the earliest, and what arrives later may miss the deadline."""
EVERYTHING = datetime.max.replace(tzinfo=UTC)
"""The moment up to which an eager asset needs each change: the clock of whoever wrote the event does not count."""
_LEAD_SHARE = 4
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_DURATION = re.compile(r"([1-9]\d{0,4}) (minute|hour|day)s?")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class PolicyError(ValueError):
    """A document says something of `automation` that has no meaning; the message has the field."""


class Build(StrEnum):
    """How soon an asset is built."""

    EAGER = "eager"
    LAZY = "lazy"


class CodeChange(StrEnum):
    """What a new code version of an asset does."""

    REBUILD = "rebuild"
    KEEP = "keep"


def _duration(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise ValueError(f"not a duration: {value!r}; write '60 minutes', '24 hours' or '2 days'")
    return int(found[1]) * _UNITS[found[2]]


def _time_of_day(value: Any) -> Any:
    if isinstance(value, time):
        return value
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError(f'not a time of day: {value!r}; write "09:00" in quotes')
    return time.fromisoformat(value)


_TEXT = WithJsonSchema({"type": "string"})


class Policy(BaseModel):
    """What a document says below `proven`.

    An asset is due when it lacks a change that it must have by now. A change is an hour that was published or amended,
    a new version of another input, or a new code version.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    build: Build | None = Field(
        None,
        description="eager: as soon as the needed hours are proven. lazy: when a deadline or a reader needs it. "
        "By default eager, and lazy with a lag.",
    )
    lag: Annotated[timedelta, BeforeValidator(_duration), _TEXT] | None = Field(
        None, description="How long a change may be missing, '60 minutes' or '24 hours'."
    )
    by: Annotated[time, BeforeValidator(_time_of_day), _TEXT] | None = Field(
        None, description='Time of day at which every change of up to an hour before is in, "09:00".'
    )
    timezone: str = Field("UTC", description="Of `by`, Europe/Berlin; clocks that change move the deadline.")
    on_code_change: CodeChange = Field(
        CodeChange.REBUILD, description="rebuild every partition that was built by other code, or keep it."
    )

    @model_validator(mode="after")
    def _has_one_deadline(self) -> Self:
        if self.lag is not None and self.by is not None:
            raise ValueError("lag and by are two deadlines: write one of them")
        if "timezone" in self.model_fields_set and self.by is None:
            raise ValueError('timezone is of the time of day: write by: "09:00", too')
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError) as exc:
            raise ValueError(f"timezone: not a time zone: {self.timezone!r}; write Europe/Berlin") from exc
        return self

    @property
    def is_eager(self) -> bool:
        """Whether the asset is built as soon as it can be."""
        return self.build is Build.EAGER if self.build else self.lag is None

    @property
    def has_deadline(self) -> bool:
        """Whether the asset can be late."""
        return self.lag is not None or self.by is not None

    def due(self, now: datetime) -> datetime | None:
        """Return the moment up to which every change must be built or requested by now; None requires nothing."""
        if self.is_eager:
            return EVERYTHING
        if self.lag is not None:
            return now - self.lag + min(self.lag / _LEAD_SHARE, LEAD_MAX)
        if self.by is not None:
            return self._last_deadline(now + LEAD_MAX) - LEAD_MAX
        return None

    def overdue(self, now: datetime) -> datetime | None:
        """Return the moment up to which a change that is missing now makes the asset late; None without a deadline."""
        if self.lag is not None:
            return now - self.lag
        if self.by is not None:
            return self._last_deadline(now) - LEAD_MAX
        return None

    def sentence(self) -> str:
        """Return the deadline in words; empty without one."""
        if self.lag is not None:
            return f"within {_spelled(self.lag)}"
        return f"by {self.by:%H:%M} {self.timezone}" if self.by is not None else ""

    def _last_deadline(self, now: datetime) -> datetime:
        """Return the last time of day at or before `now`, in UTC.

        A local time that clocks skip is the instant an hour after the one before; of one that comes twice, the first.
        """
        zone, by = ZoneInfo(self.timezone), self.by or time()
        today = now.astimezone(zone).date()
        days = (today + timedelta(days=ahead) for ahead in (1, 0, -1, -2))
        deadlines = (datetime.combine(day, by, zone).astimezone(UTC) for day in days)
        return next(deadline for deadline in deadlines if deadline <= now)


def read_policy(value: Any) -> Policy:
    """Read the value of `automation`: `proven`, or a mapping `proven:` with fields.

    Raises:
        PolicyError: it is something else; the message begins with the field.
    """
    if value == "proven":
        return Policy()
    if not isinstance(value, Mapping) or set(value) != {"proven"}:
        raise PolicyError(f"automation: write proven, or {{proven: {{lag: 60 minutes}}}}, not {value!r}")
    fields = value["proven"]
    if not isinstance(fields, Mapping):
        raise PolicyError(f"automation.proven: write fields, such as {{lag: 60 minutes}}, not {fields!r}")
    return make_policy(fields, "automation.proven")


def make_policy(fields: Mapping[str, Any], where: str) -> Policy:
    """Validate the fields of a policy.

    Raises:
        PolicyError: all mistakes, each with its field below `where`.
    """
    try:
        return Policy.model_validate(dict(fields))
    except ValidationError as exc:
        raise PolicyError("; ".join(_explained(error, where) for error in exc.errors())) from None


def _explained(error: Any, where: str) -> str:
    field = ".".join([where, *map(str, error["loc"])])
    if error["type"] == "extra_forbidden":
        return f"{field}: no such field; there are {', '.join(Policy.model_fields)}"
    return f"{field}: {error['msg'].removeprefix('Value error, ')}"


def _spelled(duration: timedelta) -> str:
    """Return a duration as a document writes it."""
    hours, rest = divmod(duration, timedelta(hours=1))
    return f"{hours} hours" if hours > 1 and not rest else f"{duration // timedelta(minutes=1)} minutes"
