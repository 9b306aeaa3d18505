"""Objects whose bytes are cut or of another form: named as `corrupt_object`, and their hour is not published."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import dagster as dg
import pytest

from orchestration.landing.verification.verify import verify_hours
from tests.fakes.landing import H1
from tests.fakes.local_snowflake import FOREIGN_WARNING
from tests.unit.orchestration.landing.hour_job import materialized
from tests.unit.orchestration.quality.conftest import LocalTable

pytestmark = [
    pytest.mark.filterwarnings(FOREIGN_WARNING),
    pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated"),  # Dagster's own
    pytest.mark.filterwarnings("ignore:.*is currently in beta"),  # Dagster's own
]

OBJECT = "platform-events/landing/2025/08/01/01/part-0123456789ab.1-0-0.jsonl"


def store(table: LocalTable, key: str, body: bytes) -> None:
    """Replace the object in both buckets, before the hour is sealed."""
    del table.fake.bucket.objects[OBJECT]
    table.fake.bucket.objects[key] = body
    table.copy_objects()


def red(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """Return the corrupt objects that each failed check names."""
    return {
        found.check_name: str(found.metadata["corrupt_object"].value) if "corrupt_object" in found.metadata else ""
        for found in result.get_asset_check_evaluations()
        if not found.passed
    }


@pytest.mark.parametrize(
    ("key", "change", "what"),
    [
        (OBJECT, lambda body: body[:-30], "its last line has no end"),
        (f"{OBJECT}.gz", lambda body: body, "Not a gzipped file"),
        (OBJECT, gzip.compress, "its bytes are compressed, and its suffix names no compression"),
    ],
    ids=["last line cut", "plain as gzip", "gzip as plain"],
)
def test_a_corrupt_object_is_named_by_the_check_of_the_rows(
    table: LocalTable, key: str, change: Callable[[bytes], bytes], what: str
) -> None:
    """The ledger promised the object and the listing shows it; its rows are not what the ledger counted."""
    store(table, key, change(table.fake.bucket.objects[OBJECT]))
    result = table.publish()
    assert {"rows_queryable"} == set(red(result))
    assert f"{key}: " in red(result)["rows_queryable"]
    assert what in red(result)["rows_queryable"]
    assert "published_hour" not in materialized(result)


def test_a_last_line_without_its_end_loses_nothing(table: LocalTable) -> None:
    """Every row is there, so the hour is published; `hourglass hours verify --read` names the object."""
    store(table, OBJECT, table.fake.bucket.objects[OBJECT][:-1])
    result = table.publish()
    assert {} == red(result)
    assert "published_hour" in materialized(result)
    (verified,) = verify_hours(table.fake.stream, [H1], read=True)
    assert [(OBJECT, "its last line has no end")] == [(one.where, one.what) for one in verified.wrong]


def test_an_object_without_bytes_is_not_registered(table: LocalTable) -> None:
    """The listing shows its size, so nothing is read and stage and table are not refreshed."""
    store(table, OBJECT, b"")
    result = table.publish()
    assert {"objects_present": f"['{OBJECT}: it has no bytes']"} == red(result)
    assert {"landed_hour"} == materialized(result)
