"""How a request travels from the sensor to the run: as a run key and as tags."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import TypeAdapter

from flink_jobs.contracts.layout import Hour
from orchestration.landing.proof.evidence import EndSeen, Request

TAG_HOUR = "hourglass/hour"
TAG_FINGERPRINT = "hourglass/fingerprint"
TAG_REASON = "hourglass/reason"
TAG_SINCE = "hourglass/ledger-since"
TAG_WATCHED = "hourglass/partitions-at-rest"
_FINGERPRINT_CHARACTERS = 16
_WATCHED: TypeAdapter[dict[int, EndSeen]] = TypeAdapter(dict[int, EndSeen])


def run_key(request: Request) -> str:
    """Name a run by its hour and its objects: Dagster starts no second run of one name."""
    return f"{request.hour.label}:{(request.fingerprint or '')[:_FINGERPRINT_CHARACTERS]}"


def run_tags(request: Request, reason: str) -> dict[str, str]:
    """Write a request as the tags of its run."""
    tags = {TAG_HOUR: request.hour.label, TAG_REASON: reason}
    if request.fingerprint is not None:
        tags[TAG_FINGERPRINT] = request.fingerprint
    if request.since is not None:
        tags[TAG_SINCE] = request.since.path.rstrip("/")
    if request.watched is not None:
        tags[TAG_WATCHED] = json.dumps(_WATCHED.dump_python(dict(request.watched), mode="json"))
    return tags


def read_request(partition_key: str, tags: Mapping[str, str]) -> Request:
    """Read the request of a run; a run that a person started has no tags, and is only slower for it."""
    since, watched = tags.get(TAG_SINCE), tags.get(TAG_WATCHED)
    return Request(
        hour=Hour.from_partition_key(partition_key),
        fingerprint=tags.get(TAG_FINGERPRINT),
        since=Hour.from_path(since) if since else None,
        watched=_WATCHED.validate_json(watched) if watched else None,
    )
