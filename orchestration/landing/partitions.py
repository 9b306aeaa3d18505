"""The partitions and the keys of the hourly assets, in one place: two spellings would never match."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

FIRST_HOUR = datetime(2025, 1, 1, tzinfo=UTC)
"""Records before this hour land, are reported, and are never published."""

hourly_partitions = dg.HourlyPartitionsDefinition(start_date="2025-01-01-00:00", end_offset=0)
"""One partition for each full hour, UTC, keyed `2025-08-01-03:00`; the running hour is not one yet."""

TOPIC = dg.AssetKey("platform_events_topic")
WRITER = dg.AssetKey("flink_event_log_writer")
LANDED_HOUR = dg.AssetKey("landed_hour")
"""The sealed hour in the bucket."""
STAGE = dg.AssetKey(["aws", "dev", "stage_flink_event_log"])
EXTERNAL_TABLE = dg.AssetKey(["aws", "dev", "ext_flink_event_log"])
PUBLISHED_HOUR = dg.AssetKey("published_hour")
"""The gate: materialised only when every blocking check of the hour passed; readers depend on it alone."""
