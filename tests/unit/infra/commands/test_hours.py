"""`hourglass hours verify`: its exit codes and its output. What it finds is tested beside the proof."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner, Result

from infra.commands.hours import hours
from orchestration.landing.errors import BucketUnavailableError
from orchestration.landing.proof.evidence import Request, prove
from orchestration.landing.proof.seal import draft_seal, read_seal, write_seal
from orchestration.landing.publication import Publication, write_publication
from orchestration.stream import binding
from snowflake_components import connection
from tests.fakes.broker import FakeBroker
from tests.fakes.landing import H1, FakeLanding, minutes

LABEL = "2025-08-01T01"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeLanding:
    """Return a stream whose hour 01 is sealed; the command reads it."""
    made = FakeLanding(FakeBroker({0: minutes(1, 30, 61)}))
    made.job.land_all(made.clock.utc_now())
    complete, evidence = prove(made.stream, Request(H1))
    draft = draft_seal("platform-events", complete, evidence.entries, made.clock.utc_now())
    write_seal(made.bucket, made.stream.layout, draft)
    monkeypatch.setattr(binding, "proven_stream", lambda _document, _access: made.stream)
    return made


def run(*arguments: str) -> Result:
    return CliRunner().invoke(hours, ["verify", *arguments])


def test_a_proven_hour_exits_with_0(fake: FakeLanding) -> None:
    """One line for the hour."""
    found = run(LABEL)
    assert (0, "2025-08-01T01  proven  revision 1, 2 records, by offsets") == (
        found.exit_code,
        found.stdout.splitlines()[0],
    )
    assert fake.bucket.objects


def test_a_wrong_hour_exits_with_1_and_the_name(fake: FakeLanding) -> None:
    """A sealed object is gone."""
    key = next(key for key in fake.bucket.objects if "/landing/" in key)
    del fake.bucket.objects[key]
    found = run(LABEL)
    assert 1 == found.exit_code
    assert f"  wrong: {key}: lost" in found.stdout.splitlines()


def test_an_hour_that_cannot_be_known_exits_with_2(fake: FakeLanding) -> None:
    """It has no seal; and the bucket is away."""
    assert 2 == run("2025-08-01T02").exit_code
    fake.bucket.failures = [BucketUnavailableError("bucket hourglass is away")]
    assert 2 == run(LABEL).exit_code


def test_all_hours_and_their_chain_as_json(fake: FakeLanding) -> None:
    """The chain has findings of its own."""
    found = json.loads(run("--all", "--json").stdout)
    assert ([], [(LABEL, "proven", 2)]) == (
        found["chain"],
        [(one["hour"], one["verdict"], one["records"]) for one in found["hours"]],
    )
    del fake.bucket.objects[fake.stream.layout.link_key(1)]
    changed = run("--all", "--json")
    assert (1, "the chain has no such seal") == (changed.exit_code, json.loads(changed.stdout)["chain"][0]["what"])


@pytest.mark.parametrize("arguments", [(), (LABEL, "--all"), ("yesterday",)])
def test_what_cannot_be_understood_is_a_usage_error(fake: FakeLanding, arguments: tuple[str, ...]) -> None:
    """Hours or --all, and each in its form."""
    assert 2 == run(*arguments).exit_code
    assert fake.bucket.objects


def test_a_stream_that_no_document_describes_is_a_usage_error(fake: FakeLanding) -> None:
    """The message names those that there are."""
    found = CliRunner().invoke(hours, ["--stream", "nosuch", "verify", LABEL])
    assert (2, True) == (found.exit_code, "platform_events" in found.stderr)
    assert 0 == CliRunner().invoke(hours, ["--stream", "platform_events", "verify", LABEL]).exit_code
    assert fake.bucket.objects


def test_the_table_is_filled_from_the_publications(fake: FakeLanding, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hours that were published before the table was there; one that is only sealed is not in it."""
    monkeypatch.setattr(connection, "SnowflakeConnection", lambda **_: fake.table)
    (seal,) = (read_seal(fake.bucket, key) for key in fake.bucket.objects if "/seals/" in key)
    assert 0 == CliRunner().invoke(hours, ["table"]).exit_code
    assert {} == fake.table.hours
    publication = Publication(
        stream=seal.stream, hour=seal.hour, revision=1, records=2, fingerprint=seal.fingerprint, checks={},
        published_at=fake.clock.utc_now(), run_id="r",
    )  # fmt: skip
    write_publication(fake.bucket, fake.stream.layout, publication)
    found = CliRunner().invoke(hours, ["table"])
    assert (0, '"AWS"."DEV"."HOURS" has 1 published hours of platform_events') == (
        found.exit_code,
        found.stdout.strip(),
    )
    assert {("platform_events", LABEL): (1, seal.fingerprint, 2)} == fake.table.hours
    assert seal.landing().keys() == fake.table.objects.keys()
    fake.bucket.failures = [BucketUnavailableError("bucket hourglass is away")]
    assert 2 == CliRunner().invoke(hours, ["table"]).exit_code
