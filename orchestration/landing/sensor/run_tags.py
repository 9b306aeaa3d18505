"""Write a request of the sensor as the run key and the tags of its run, and read it back in the run."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import TypeAdapter

from flink_jobs.contracts.layout import Hour
from orchestration.landing.ledger.chains import ChainName
from orchestration.landing.proof.evidence import IdleSince, Request

TAG_HOUR = "hourglass/hour"
TAG_FINGERPRINT = "hourglass/fingerprint"
TAG_REASON = "hourglass/reason"
TAG_SINCE = "hourglass/ledger-since"
TAG_IDLE_ENDS = "hourglass/partitions-at-rest"
_FINGERPRINT_CHARACTERS = 16
_IDLE_ENDS: TypeAdapter[dict[ChainName, IdleSince]] = TypeAdapter(dict[ChainName, IdleSince])


def run_key(request: Request) -> str:
    """Return the run key: hour and objects. Dagster starts no second run with the same key."""
    return f"{request.hour.label}:{(request.fingerprint or '')[:_FINGERPRINT_CHARACTERS]}"


def run_tags(request: Request, reason: str) -> dict[str, str]:
    """Return the tags of a run."""
    tags = {TAG_HOUR: request.hour.label, TAG_REASON: reason}
    if request.fingerprint is not None:
        tags[TAG_FINGERPRINT] = request.fingerprint
    if request.since is not None:
        tags[TAG_SINCE] = request.since.path.rstrip("/")
    if request.idle_ends is not None:
        tags[TAG_IDLE_ENDS] = json.dumps(_IDLE_ENDS.dump_python(dict(request.idle_ends), mode="json"))
    return tags


def read_request(partition_key: str, tags: Mapping[str, str]) -> Request:
    """Read the request of a run. A run that a person started has no tags and reads the whole ledger."""
    since, idle_ends = tags.get(TAG_SINCE), tags.get(TAG_IDLE_ENDS)
    return Request(
        hour=Hour.from_partition_key(partition_key),
        fingerprint=tags.get(TAG_FINGERPRINT),
        since=Hour.from_path(since) if since else None,
        idle_ends=_IDLE_ENDS.validate_json(idle_ends) if idle_ends else None,
    )
