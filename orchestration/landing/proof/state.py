"""The state of an hour, as `hourglass status` shows it."""

from __future__ import annotations

from enum import StrEnum


class HourState(StrEnum):
    """How far an hour is. It is computed from the ledger, the seal and Snowflake, and stored nowhere."""

    OPEN = "open"
    """A produced record may not have landed yet."""
    COMPLETE = "complete"
    """Every offset has landed and every promised object is listed."""
    SEALED = "sealed"
    """The newest seal names exactly these objects."""
    REGISTERED = "registered"
    """The external table has registered exactly the sealed objects."""
    PUBLISHED = "published"
    """All blocking checks passed; readers see the hour."""
    AMENDED = "amended"
    """Records landed after the newest seal; the next revision is not proven yet."""
