"""The partitions and the keys of the hourly assets."""

from __future__ import annotations

import dagster as dg

from flink_jobs.contracts.layout import Hour

FIRST_HOUR = Hour.from_label("2025-01-01T00")
"""Records of earlier hours land and are reported, but never published."""

hourly_partitions = dg.HourlyPartitionsDefinition(start_date="2025-01-01-00:00", end_offset=0)
"""One partition for each full UTC hour, `2025-08-01-03:00`; the running hour has none yet."""

TOPIC = dg.AssetKey("platform_events_topic")
WRITER = dg.AssetKey("flink_event_log_writer")
LANDED_HOUR = dg.AssetKey("landed_hour")
"""The sealed hour in the bucket."""
STAGE = dg.AssetKey(["aws", "dev", "stage_flink_event_log"])
EXTERNAL_TABLE = dg.AssetKey(["aws", "dev", "ext_flink_event_log"])
PUBLISHED_HOUR = dg.AssetKey("published_hour")
"""Materialised only when every blocking check of the hour passed; readers of the hour depend on it alone."""
