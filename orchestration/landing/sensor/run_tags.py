"""Write requests of the sensor as the run key and the tags of their run, and read them back in the run.

A run of one hour has the hour as its partition. A run of several hours has the range of their partitions, and one tag
with the request of each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from pydantic import TypeAdapter

from flink_jobs.contracts.layout import Hour
from orchestration.landing.ledger.chains import ChainName
from orchestration.landing.proof.evidence import IdleSince, Request

TAG_HOUR = "hourglass/hour"
TAG_FINGERPRINT = "hourglass/fingerprint"
TAG_REASON = "hourglass/reason"
TAG_SINCE = "hourglass/ledger-since"
TAG_IDLE_ENDS = "hourglass/partitions-at-rest"
TAG_HOURS = "hourglass/hours"
"""JSON of a run of several hours: fingerprint and beginning of the ledger of each hour."""
TAG_FAILED_HOURS = "hourglass/failed-hours"
"""The hours that ended a run of several hours, separated by commas; its other hours are not to blame."""
TAG_PARTITION = "dagster/partition"
TAG_RANGE_START = "dagster/asset_partition_range_start"
TAG_RANGE_END = "dagster/asset_partition_range_end"
TAG_MAX_RETRIES = "dagster/max_retries"
TAG_PRIORITY = "dagster/priority"
_FINGERPRINT_CHARACTERS = 16
_IDLE_ENDS: TypeAdapter[dict[ChainName, IdleSince]] = TypeAdapter(dict[ChainName, IdleSince])


def run_key(request: Request) -> str:
    """Return the run key: hour, objects and, from the second attempt on, its number.

    Dagster starts no second run with the same key.
    """
    attempt = f":{request.attempt}" if request.attempt > 1 else ""
    return f"{request.hour.label}:{short(request.fingerprint or '')}{attempt}"


def short(fingerprint: str) -> str:
    """Return the beginning of a fingerprint, as run keys and tags have it."""
    return fingerprint[:_FINGERPRINT_CHARACTERS]


def tag_of_hour(hour: Hour) -> str:
    """Return the name of the tag that every run of an hour has; its value is the fingerprint in short."""
    return f"hourglass/{hour.label}"


def run_tags(requests: Sequence[Request], reasons: Sequence[str]) -> dict[str, str]:
    """Return the tags of the run of one or several hours."""
    tags = {tag_of_hour(request.hour): short(request.fingerprint or "") for request in requests}
    tags[TAG_REASON] = ", ".join(sorted(set(reasons)))
    idle_ends = {key: idle for request in requests for key, idle in (request.idle_ends or {}).items()}
    if idle_ends or any(request.idle_ends is not None for request in requests):
        tags[TAG_IDLE_ENDS] = json.dumps(_IDLE_ENDS.dump_python(idle_ends, mode="json"))
    if len(requests) > 1:
        return tags | _range_tags(requests)
    (request,) = requests
    tags[TAG_HOUR] = request.hour.label
    if request.fingerprint is not None:
        tags[TAG_FINGERPRINT] = request.fingerprint
    if request.since is not None:
        tags[TAG_SINCE] = _path(request.since)
    return tags


def read_requests(partition_keys: Iterable[str], tags: Mapping[str, str]) -> list[Request]:
    """Read the request of each hour of a run. A run that a person started has no tags and reads the whole ledger."""
    idle_ends = tags.get(TAG_IDLE_ENDS)
    ends = _IDLE_ENDS.validate_json(idle_ends) if idle_ends else None
    several = json.loads(tags.get(TAG_HOURS, "{}"))
    requests = []
    for hour in map(Hour.from_partition_key, partition_keys):
        its = several.get(hour.label, tags)
        since = its.get(TAG_SINCE)
        requests.append(
            Request(
                hour=hour,
                fingerprint=its.get(TAG_FINGERPRINT),
                since=Hour.from_path(since) if since else None,
                idle_ends=ends,
            )
        )
    return requests


def hours_of(tags: Mapping[str, str]) -> set[Hour]:
    """Return the hours of a run from its partition, or from the range of its partitions."""
    first = tags.get(TAG_PARTITION) or tags.get(TAG_RANGE_START)
    last = tags.get(TAG_PARTITION) or tags.get(TAG_RANGE_END)
    if not first or not last:
        return set()
    return set(Hour.from_partition_key(first).until(Hour.from_partition_key(last)))


def _range_tags(requests: Sequence[Request]) -> dict[str, str]:
    first, last = requests[0].hour, requests[-1].hour
    several = {request.hour.label: _one(request) for request in requests}
    return {
        TAG_HOUR: f"{first.label}..{last.label}",
        TAG_RANGE_START: first.partition_key,
        TAG_RANGE_END: last.partition_key,
        TAG_HOURS: json.dumps(several),
    }


def _one(request: Request) -> dict[str, str]:
    its = {TAG_FINGERPRINT: request.fingerprint or "", TAG_SINCE: _path(request.since) if request.since else ""}
    return {name: value for name, value in its.items() if value}


def _path(hour: Hour) -> str:
    return hour.path.rstrip("/")
