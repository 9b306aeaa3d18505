"""The hourly partitions and the asset keys of one stream."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from flink_jobs.contracts.layout import Hour


def hourly_partitions(first_hour: Hour) -> dg.HourlyPartitionsDefinition:
    """Return one partition for each full UTC hour from the first one on; the running hour has none yet."""
    return dg.HourlyPartitionsDefinition(start_date=first_hour.partition_key, end_offset=0)


@dataclass(frozen=True, slots=True)
class StreamKeys:
    """The keys of a stream's assets, and the names of its job, sensors and resource.

    Every key and name begins with the name of the stream. One stream of a project can be without it: the stream whose
    assets other documents know as `flink_event_log_writer` and `landed_hour`.

    Args:
        name: of the stream, in the form of a Python name.
        bare: whether keys and names are without it.
    """

    name: str
    bare: bool = False

    @property
    def writer(self) -> dg.AssetKey:
        """The landing job."""
        return self._key("flink_event_log_writer")

    @property
    def landed_objects(self) -> dg.AssetKey:
        """The stream's prefix in the bucket."""
        return self._key("landed_objects")

    @property
    def landed_hour(self) -> dg.AssetKey:
        """The sealed hour in the bucket."""
        return self._key("landed_hour")

    @property
    def published_hour(self) -> dg.AssetKey:
        """Materialised only when every blocking check of the hour passed; readers depend on it alone."""
        return self._key("published_hour")

    def topic(self, topic: str) -> dg.AssetKey:
        """Return the key of one Kafka topic, `platform_events_topic`."""
        return self._key(f"{re.sub('[^A-Za-z0-9]', '_', topic)}_topic")

    def external(self, topics: Sequence[str]) -> list[dg.AssetKey]:
        """Return the keys of the assets that Dagster observes and does not run."""
        return [*map(self.topic, topics), self.writer, self.landed_objects]

    def named(self, name: str) -> str:
        """Return a name of a job, a sensor or a resource."""
        return name if self.bare else f"{self.name}_{name}"

    def _key(self, name: str) -> dg.AssetKey:
        return dg.AssetKey([name] if self.bare else [self.name, name])
