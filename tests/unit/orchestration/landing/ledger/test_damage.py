from __future__ import annotations

from datetime import timedelta

import pytest

from flink_jobs.contracts.layout import Kind, StreamLayout
from orchestration.landing.ledger.reading import Reading, read_ledger
from orchestration.landing.proof.completeness import Open
from orchestration.landing.proof.evidence import Request, examine, prove
from orchestration.landing.proof.seal import draft_seal, write_seal
from orchestration.landing.sensor.cursor import Cursor, read_cursor
from orchestration.landing.sensor.tick import Limits, Tick, run_tick
from tests.fakes.bucket import FakeBucket
from tests.fakes.landing import H1, TOPIC, FakeLanding, minutes

LAYOUT = StreamLayout()
STRAY = LAYOUT.hour_prefix(Kind.LEDGER, H1) + "part-0123456789ab.99-0-0.jsonl"
H4, H5 = H1.plus(3), H1.plus(4)


def tick(fake: FakeLanding, cursor: Cursor | None = None, limits: Limits | None = None) -> Tick:
    return run_tick(fake.stream, cursor or read_cursor(None, (TOPIC,)), limits or Limits())


def requested(found: Tick) -> list[str]:
    return [request.hour.label[-2:] for request in found.requests]


def held(found: Tick) -> dict[str, Open]:
    return {one.hour.label[-2:]: one for one in found.waiting if isinstance(one, Open)}


def land_hours_4_and_5(fake: FakeLanding) -> str:
    """Land two epochs of hour 04 and one of 05, and one record of 06; return the ledger key of the first of them."""
    fake.clock.time = H5.end + timedelta(minutes=20)
    fake.broker.records[0] += minutes(190, 200, 250, 305)
    fake.broker.records[1] += minutes(191, 251, 306)
    before = set(fake.bucket.objects)
    fake.job.land(0, 7, 7, H4.end)
    key = next(key for key in fake.bucket.objects.keys() - before if "/ledger/" in key)
    for partition, first, last in ((0, 8, 8), (1, 5, 5), (0, 9, 9), (1, 6, 6), (0, 10, 10), (1, 7, 7)):
        fake.job.land(partition, first, last, H5.end)
    return key


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{}\n", "line 1 is not a ledger entry"),
        (b"not json\n", "line 1 is not a ledger entry"),
        (b"\x00\xff\n", "line 1 is not a ledger entry"),
        (b"", "it has no entry"),
    ],
)
def test_a_damaged_object_is_returned_with_its_key_and_reason(fake: FakeLanding, body: bytes, reason: str) -> None:
    """The other objects are read, and the damaged one is not marked as read."""
    fake.bucket.objects[STRAY] = body
    news = read_ledger(fake.bucket, LAYOUT, Reading())
    assert 2 == len(news.entries)
    assert [(STRAY, H1)] == [(one.key, one.emitted) for one in news.damaged]
    assert reason in news.damaged[0].sentence()


def test_an_object_that_was_cut_is_damaged_as_a_whole(fake: FakeLanding) -> None:
    """Its first lines are read once it is whole again, so that nothing is counted twice."""
    key = next(key for key in fake.bucket.objects if "/ledger/" in key)
    whole = fake.bucket.objects[key]
    for body in (whole[:-1], whole + whole[:40], whole + whole[:40] + b"\n"):
        fake.bucket.objects[key] = body
        news = read_ledger(fake.bucket, LAYOUT, Reading())
        assert ([key], 1) == ([one.key for one in news.damaged], len(news.entries))


def test_a_compressed_object_is_damaged(fake: FakeLanding) -> None:
    """The ledger is plain text; a tool that compresses the bucket must not hide entries."""
    fake.bucket.objects[f"{STRAY}.gz"] = b"x"
    assert ["the ledger is plain JSON lines, not gz"] == [
        one.reason for one in read_ledger(fake.bucket, LAYOUT, Reading()).damaged
    ]


def test_damage_is_fetched_again_when_its_bytes_have_changed_and_not_before(fake: FakeLanding) -> None:
    """An object that stays damaged costs no request of a tick, nor room in its limit."""
    fake.bucket.objects[STRAY] = b"{}\n"
    first = read_ledger(fake.bucket, LAYOUT, Reading())
    fake.bucket.fetched.clear()
    again = read_ledger(fake.bucket, LAYOUT, first.reading, damaged=first.damaged, objects_max=0)
    assert ([], first.damaged, False) == (fake.bucket.fetched, again.damaged, again.more)
    fake.bucket.objects[STRAY] = b"[]\n"
    read_ledger(fake.bucket, LAYOUT, first.reading, damaged=first.damaged)
    assert [STRAY] == fake.bucket.fetched


def test_a_limit_keeps_the_damage_behind_it(fake: FakeLanding) -> None:
    """A listing that ends early says nothing about later keys."""
    fake.bucket.objects[STRAY] = b"{}\n"
    known = read_ledger(fake.bucket, LAYOUT, Reading()).damaged
    cut = read_ledger(fake.bucket, LAYOUT, Reading(), damaged=known, objects_max=0)
    assert (True, known) == (cut.more, cut.damaged)


def test_only_the_hour_of_a_damaged_object_stops(fake: FakeLanding) -> None:
    """One of two epochs of 04 is damaged: 04 is stuck with its key, 05 is requested, and so is 04 once repaired."""
    done = tick(fake)
    key = land_hours_4_and_5(fake)
    whole, fake.bucket.objects[key] = fake.bucket.objects[key], b'{"job":'
    found = tick(fake, done.cursor)
    assert ["05"] == requested(found)
    assert {"04": True, "06": False} == {hour: one.is_stuck for hour, one in held(found).items()}
    assert key in held(found)["04"].reason
    assert key in found.findings[0]
    assert key in found.sentence()
    fake.bucket.objects[key] = whole
    repaired = tick(fake, Cursor.model_validate_json(found.cursor.to_text()))
    assert (["04"], ()) == (requested(repaired), repaired.cursor.totals.damaged)
    assert [] == [finding for finding in repaired.findings if key in finding]


def test_damage_without_a_gap_holds_the_hour_that_has_its_objects(fake: FakeLanding) -> None:
    """The broker deleted the first record and its entry is damaged: no offset is missing, but its object is there."""
    key = next(key for key in sorted(fake.bucket.objects) if "/ledger/" in key)
    fake.bucket.objects = {k: body for k, body in fake.bucket.objects.items() if "/ledger/" not in k or k == key}
    fake.job.land(0, 1, 6, fake.clock.utc_now())
    fake.job.land(1, 0, 4, fake.clock.utc_now())
    fake.bucket.objects[key] = b"{}\n"
    fake.broker.low[0] = 1
    verdict = examine(fake.stream, H1, None, {}).verdict
    assert isinstance(verdict, Open)
    assert (True, True) == (verdict.is_stuck, key in verdict.reason)


def test_a_listed_object_that_is_gone_is_read_by_the_next_tick(fake: FakeLanding) -> None:
    """A listing is no snapshot: the answer 404 ends no tick and is not final."""
    bucket = Vanishing(fake.bucket.objects)
    fake.bucket = bucket
    found = tick(fake)
    assert [] == requested(found)
    assert "it was listed, and is gone" in found.findings[0]
    assert not any(one.is_stuck for one in held(found).values() if "is gone" in one.reason)
    assert ["01", "02", "03"] == requested(tick(fake, found.cursor))


class Vanishing(FakeBucket):
    """Has no ledger object at its first fetch of each."""

    def get_present(self, keys: list[str] | tuple[str, ...]) -> tuple[bytes | None, ...]:  # type: ignore[override]
        """Return None for keys that were not asked for before."""
        known = set(self.fetched)
        return tuple(body if key in known else None for key, body in zip(keys, super().get_present(keys), strict=True))


def test_damage_holds_the_start_of_the_next_read(fake: FakeLanding) -> None:
    """Everything landed, so the start would be near now; the repaired object must still be found."""
    fake.bucket.objects[STRAY] = b"{}\n"
    done = tick(fake)
    fake.clock.time += timedelta(days=3)
    reading = tick(fake, done.cursor).cursor.reading
    assert reading.start is not None
    assert reading.start <= H1


def test_a_run_of_another_hour_is_not_stopped_by_damage(fake: FakeLanding) -> None:
    """A run reads the ledger, too; it seals what is proven."""
    key = land_hours_4_and_5(fake)
    fake.bucket.objects[key] = b"{}\n"
    complete, evidence = prove(fake.stream, Request(H5))
    sealed = write_seal(
        fake.bucket, LAYOUT, draft_seal("platform-events", complete, evidence.entries, fake.clock.utc_now())
    )
    assert (H5, 2) == (sealed.hour, sealed.accepted)
