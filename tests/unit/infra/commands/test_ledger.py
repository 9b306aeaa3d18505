from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from flink_jobs.errors import UnreachableError
from infra.commands.ledger import ledger
from infra.commands.ledger_days import ObjectsOfDays
from orchestration.landing.ledger.days import day_objects, write_day
from producers.kafka import OffsetRange
from tests.fakes.broker_reader import FakeBrokerReader
from tests.fakes.landed import WRITTEN, LandedBucket

A1_H3 = "platform-events/landing/2025/08/01/03/part-aaaaaaaaaaaa.1-0-0.jsonl"


class CheckedBucket(LandedBucket):
    """Accepts every check of its access."""

    def check(self) -> None:
        """Accept the access."""


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CheckedBucket:
    """Land two hours in the bucket of the command."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOURGLASS_TOPIC", "t")
    bucket = CheckedBucket()
    bucket.land("aaaaaaaaaaaa.1", 0, 99)
    monkeypatch.setattr("flink_jobs.s3.bucket.Bucket.of", lambda _settings: bucket)
    monkeypatch.setattr(
        "flink_jobs.audit.broker.KafkaReader", lambda _client: FakeBrokerReader({0: OffsetRange(0, 103)})
    )
    return bucket


def run(*arguments: str) -> Result:
    return CliRunner().invoke(ledger, ["check", *arguments])


def test_a_sound_bucket_exits_with_0(bucket: CheckedBucket) -> None:
    """The counts are printed on standard error, and nothing on standard output."""
    del bucket
    result = run("--read", "--broker")

    assert 0 == result.exit_code
    assert "" == result.stdout
    assert "read 4 objects, 100 lines" in result.stderr
    assert "t[0]: the broker has 0 to 103, lag 3" in result.stderr


def test_every_finding_is_printed_and_the_exit_code_is_1(bucket: CheckedBucket) -> None:
    """Each finding is one line, code first, for a person and for grep."""
    del bucket.bodies[A1_H3]
    result = run()

    assert 1 == result.exit_code
    promised = "the ledger promises epoch aaaaaaaaaaaa.1, no listing has it"
    assert f"object_missing: 2025-08-01T03 landing: {promised}\n" == result.stdout


def compacted(bucket: CheckedBucket) -> str:
    """Compact the only day of the ledger; return the key of its snapshot."""
    layout, day = bucket.layout, WRITTEN.date()
    days = ObjectsOfDays(bucket)
    bodies = day_objects(days, layout, day)
    assert bodies
    assert write_day(days, layout, ("t",), day, bodies, previous=None, revision=1)
    return layout.ledger_day_key(day, 1)


def test_a_compacted_day_is_compared_with_its_objects(bucket: CheckedBucket) -> None:
    """A changed number of the snapshot is a finding of its own, and the ledger is sound beside it."""
    key = compacted(bucket)
    assert 0 == run().exit_code
    bucket.bodies[key] = bucket.bodies[key].replace(b'"accepted": 54', b'"accepted": 55')
    result = run()
    assert (1, f"day_differs: {key}: its totals are not those of its objects\n") == (result.exit_code, result.stdout)


def test_a_changed_entry_of_a_compacted_day_is_found_by_the_day(bucket: CheckedBucket) -> None:
    """The entry adds up with other counts of types, so nothing but the hash of the day knows what it was."""
    key = compacted(bucket)
    entry = next(key for key in bucket.bodies if "/ledger/" in key)
    bucket.bodies[entry] = bucket.bodies[entry].replace(b'"A"', b'"B"')
    result = run()
    assert (1, f"day_differs: {key}: objects of its day have other bytes\n") == (result.exit_code, result.stdout)


def test_json_holds_the_same_with_stable_names(bucket: CheckedBucket) -> None:
    """The JSON holds findings, their counts, and the position of each partition."""
    bucket.bodies[A1_H3] = b""
    result = run("--json", "--broker")
    document = json.loads(result.stdout)

    assert 1 == result.exit_code
    assert not document["sound"]
    assert [{"code": "object_empty", "where": A1_H3, "what": "no bytes", "error": True}] == document["findings"]
    assert {"object_empty": 1} == document["counts"]
    assert {"t[0]": {"first": 0, "last": 99, "low": 0, "end": 103, "lag": 3}} == document["partitions"]


def test_warnings_do_not_change_the_exit_code(bucket: CheckedBucket) -> None:
    """An object whose entry is not visible yet is only a warning."""
    put = LandedBucket().land("bbbbbbbbbbbb.1", 101, 109)
    bucket.bodies |= {key: body for key, body in put.items() if "/landing/" in key}
    result = run()

    assert 0 == result.exit_code
    assert result.stdout.startswith("warning: object_pending: ")


@pytest.mark.parametrize(
    ("hours", "lines"),
    [("2025-08-01T03", 60), ("2025-08-01T03..2025-08-01T04", 100), ("..2025-08-01T03", 60), ("2025-08-01T04..", 40)],
)
def test_hours_are_one_a_range_or_open(bucket: CheckedBucket, hours: str, lines: int) -> None:
    """Both ends are included."""
    del bucket
    assert f" {lines} lines" in run("--read", "--hours", hours).stderr


@pytest.mark.parametrize("hours", ["yesterday", "2025-08-01", "2025-08-01T24"])
def test_hours_that_are_none_are_a_wrong_use(bucket: CheckedBucket, hours: str) -> None:
    """Exit code 2, before anything is listed."""
    listed: list[str] = []
    bucket.on_list = listed.append

    assert 2 == run("--hours", hours).exit_code
    assert [] == listed


def test_a_watch_looks_again_and_again_before_the_check(bucket: CheckedBucket) -> None:
    """A finding of one poll is kept, even if its cause is gone at the end."""
    put = bucket.bodies.pop(A1_H3)
    looks: list[str] = []

    def heal(prefix: str) -> None:
        looks.append(prefix)
        if prefix.endswith("/ledger/") and len(looks) > 1:
            bucket.bodies[A1_H3] = put

    bucket.on_list = heal
    result = run("--watch", "0.1")

    assert 1 == result.exit_code
    assert "object_missing" in result.stdout
    assert "polled 1 times" in result.stderr


def test_a_bucket_that_is_away_is_not_a_finding(bucket: CheckedBucket) -> None:
    """The error is raised to the command line, which exits with 2."""

    def away(_prefix: str) -> None:
        raise UnreachableError("bucket does not answer")

    bucket.on_list = away
    assert isinstance(run().exception, UnreachableError)
