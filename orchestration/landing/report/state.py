"""The state of an hour, as `hourglass status` shows it, and what repairs it."""

from __future__ import annotations

from enum import StrEnum


class HourState(StrEnum):
    """How far an hour is. It is computed from broker, ledger, seal and Snowflake, and stored nowhere."""

    OPEN = "open"
    """A produced record may not have landed yet."""
    STUCK = "stuck"
    """Offsets or objects are lost, or the topic is another one: waiting alone changes nothing."""
    QUARANTINED = "quarantined"
    """It lies before the first hour of the stream, or in the future, and is never sealed."""
    COMPLETE = "complete"
    """Every offset has landed and every promised object is listed."""
    QUEUED = "queued"
    """It is complete or amended, and a run of the hour is queued or in progress."""
    SEALED = "sealed"
    """The newest seal names exactly these objects."""
    REGISTERED = "registered"
    """The external table has registered exactly the sealed objects."""
    PUBLISHED = "published"
    """All blocking checks passed; readers see the hour."""
    AMENDED = "amended"
    """Records landed after the newest seal; the next revision is not proven yet."""


REPAIRS = {
    HourState.OPEN: "hourglass job status",
    HourState.STUCK: "hourglass ledger check --broker",
    HourState.QUARANTINED: "set first_hour in the document of the stream, or repair the clock of the producer",
    HourState.COMPLETE: "look at the sensor of the stream in Dagster, then run the hour's partition of its job",
    HourState.QUEUED: "look at the run queue in Dagster",
    HourState.SEALED: "look at the hour's newest run in Dagster, then run its partition again",
    HourState.REGISTERED: "look at the checks of the hour's newest run in Dagster, then run its partition again",
    HourState.AMENDED: "look at the sensor of the stream in Dagster, then run the hour's partition of its job",
    HourState.PUBLISHED: "hourglass hours verify",
}
"""What to do about an hour that stays in a state for too long."""
