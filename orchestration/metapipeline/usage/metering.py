"""Read the metered credits of the warehouses from Snowflake's own account usage."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from orchestration.metapipeline.errors import EventRowError
from orchestration.metapipeline.usage.credits import Metered
from snowflake_components.errors import MissingPrivilegeError, ObjectMissingError
from snowflake_components.identifiers import Identifier, QualifiedName, literal
from snowflake_components.work import Connection, read_rows

_VIEW = QualifiedName(Identifier("SNOWFLAKE"), Identifier("ACCOUNT_USAGE"), Identifier("WAREHOUSE_METERING_HISTORY"))
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Metering:
    """The view `WAREHOUSE_METERING_HISTORY`; it is up to three hours late.

    Args:
        connection: to Snowflake.
        enabled: whether it is read at all.
    """

    connection: Connection
    enabled: bool = False

    def since(self, start: datetime) -> tuple[Metered, ...] | None:
        """Read the compute credits per hour and warehouse; None is unknown.

        Unknown are those of an account whose role may not read the view, or that has none. Credits of cloud services
        are not in it: they depend on no rate of a warehouse.

        Raises:
            SnowflakeError: Snowflake did not answer.
        """
        if not self.enabled:
            return None
        try:
            rows = read_rows(self.connection, metering_query(start))
        except (ObjectMissingError, MissingPrivilegeError) as exc:
            _log.warning("credits are estimated, because the metering cannot be read: %s", exc)
            return None
        return tuple(map(_metered, rows))


def metering_query(start: datetime) -> str:
    """Return the query: one row per warehouse and hour that begins at `start` or later."""
    since = literal(f"{start.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z")
    return f"""
        SELECT WAREHOUSE_NAME, CONVERT_TIMEZONE('UTC', START_TIME)::timestamp_ntz AS HOUR,
               SUM(CREDITS_USED_COMPUTE)::double AS CREDITS
        FROM {_VIEW.sql}
        WHERE START_TIME >= {since}::timestamp_tz
        GROUP BY 1, 2
    """  # noqa: S608 (names and literals are quoted by identifiers.py)


def _metered(row: Mapping[str, Any]) -> Metered:
    try:
        return Metered(row["WAREHOUSE_NAME"], row["HOUR"].replace(tzinfo=UTC), float(row["CREDITS"]))
    except (KeyError, AttributeError, TypeError) as exc:
        raise EventRowError(f"not a row of {_VIEW} ({exc!r})") from exc
