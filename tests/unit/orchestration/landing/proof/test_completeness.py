from __future__ import annotations

from datetime import timedelta

import pytest

from flink_jobs.contracts.layout import Hour, Kind
from orchestration.landing.clients.kafka import RecordTime
from orchestration.landing.ledger.chains import ChainKey
from orchestration.landing.ledger.whole import read_whole_ledger
from orchestration.landing.proof.completeness import Complete, Open, Proof, Quarantined
from orchestration.landing.proof.evidence import IdleSince, compare_with_ledger, judge, read_end_offsets
from tests.fakes.broker import FakeBroker
from tests.fakes.landing import H1, TOPIC, FakeLanding, minutes

H3 = H1.plus(2)


def verdict(
    fake: FakeLanding, hour: Hour, idle_ends: dict[ChainKey, IdleSince] | None = None
) -> Complete | Open | Quarantined:
    """Return the verdict on an hour, from everything that landed."""
    ends = read_end_offsets(fake.stream, idle_ends or {})
    totals, _ = read_whole_ledger(fake.bucket, fake.stream.layout, (TOPIC,))
    return judge(fake.stream, hour, totals, compare_with_ledger(fake.stream, totals, ends)).verdict


def reason(fake: FakeLanding, hour: Hour) -> str:
    found = verdict(fake, hour)
    assert isinstance(found, Open)
    return found.reason


def resting(fake: FakeLanding, seconds: float) -> dict[ChainKey, IdleSince]:
    """Return the present end of every partition, unchanged for this long."""
    since = fake.clock.utc_now() - timedelta(seconds=seconds)
    return {
        ChainKey(TOPIC, "topic-1", partition): IdleSince(end=len(times), since=since)
        for partition, times in fake.broker.records.items()
    }


def test_an_hour_is_complete_when_the_ledger_covers_it_to_the_next_record(fake: FakeLanding) -> None:
    """Records of 02 are behind those of 01 in both partitions; offsets alone are the proof."""
    found = verdict(fake, H1)
    assert isinstance(found, Complete)
    assert Proof.OFFSETS is found.proof
    assert {Kind.LANDING.value, Kind.REJECTED.value} == {item.key.split("/")[1] for item in found.objects}


def test_offsets_that_have_not_landed_are_named_with_their_partition() -> None:
    """Partition 1 has landed two of its three records of the hour."""
    fake = FakeLanding(FakeBroker({0: minutes(1, 65), 1: minutes(2, 3, 58, 65)}))
    fake.job.land(0, 0, 1, fake.clock.utc_now())
    fake.job.land(1, 0, 1, fake.clock.utc_now())
    assert "offsets 2-2 of platform-events[1] to land" == reason(fake, H1)


def test_a_partition_that_the_ledger_does_not_know_holds_the_hour() -> None:
    """Its records may be of the hour."""
    fake = FakeLanding(FakeBroker({0: minutes(1, 65), 1: minutes(2, 65)}))
    fake.job.land(0, 0, 1, fake.clock.utc_now())
    assert "offsets 0-0 of platform-events[1] to land" == reason(fake, H1)


def test_a_gap_before_the_hour_does_not_hold_it_and_one_inside_does() -> None:
    """Offset 1 is of hour 01: it is missing there, and hours 02 and 03 are proven without it."""
    fake = FakeLanding(FakeBroker({0: minutes(1, 2, 3, 65, 66, 125, 126)}))
    fake.job.land(0, 0, 0, fake.clock.utc_now())
    fake.job.land(0, 2, 6, fake.clock.utc_now())
    assert "offsets 1-1 of platform-events[0] to land" == reason(fake, H1)
    assert isinstance(verdict(fake, H1.plus(1)), Complete)


def test_records_within_the_disorder_do_not_end_the_hour() -> None:
    """A record 4 s after the end is no boundary when 5 s of disorder are allowed; one 6 s after it is."""
    fake = FakeLanding(FakeBroker({0: minutes(1, 60 + 4 / 60)}), clock_at=H1.end + timedelta(seconds=20))
    fake.job.land(0, 0, 1, fake.clock.utc_now())
    assert "02:00:35: no record of platform-events[0] is later yet" == reason(fake, H1)
    fake.broker.records[0] += minutes(60 + 6 / 60)
    assert isinstance(verdict(fake, H1), Complete)


def test_the_end_counts_only_after_disorder_and_grace() -> None:
    """Without later records the end does not count at 02:00:35, and counts a second later."""
    fake = FakeLanding(FakeBroker({0: minutes(1)}), clock_at=H1.end + timedelta(seconds=35))
    fake.job.land(0, 0, 0, fake.clock.utc_now())
    found = verdict(fake, H1)
    assert isinstance(found, Open)
    assert H1.end + timedelta(seconds=35) == found.retry_at
    fake.clock.time += timedelta(seconds=1)
    assert isinstance(verdict(fake, H1), Complete)


def test_the_end_must_have_landed_too() -> None:
    """The last record may be of the hour, also when the broker finds no later timestamp behind it."""
    fake = FakeLanding(FakeBroker({0: minutes(1, 2), 1: minutes(-50)}))
    fake.job.land(0, 0, 1, fake.clock.utc_now())
    assert "offsets 0-0 of platform-events[1] to land" == reason(fake, H1)


@pytest.mark.parametrize("low", [0, 3])
def test_a_partition_without_records_is_reached(low: int) -> None:
    """Low = end: nothing was produced, or retention has removed everything."""
    fake = FakeLanding(FakeBroker({0: minutes(1, 65), 1: minutes(-300, -290, -280)[:low]}, low={1: low}))
    fake.job.land(0, 0, 1, fake.clock.utc_now())
    assert isinstance(verdict(fake, H1), Complete)


def test_retention_removes_what_need_not_be_covered() -> None:
    """Offsets below the low watermark cannot be asked for; those above can."""
    fake = FakeLanding(FakeBroker({0: minutes(1, 2, 3, 65)}, low={0: 2}))
    fake.job.land(0, 2, 3, fake.clock.utc_now())
    assert isinstance(verdict(fake, H1), Complete)


class TestCreateTime:
    """Record time is the producer's, so the end of a partition proves nothing while records are produced."""

    def test_the_end_must_rest_for_the_grace(self, fake: FakeLanding) -> None:
        """The last hour has no successor: 29 s of rest are too short, 30 s are enough and called idle."""
        fake.broker.record_time = RecordTime.CREATE
        found = verdict(fake, H3, resting(fake, 29))
        assert isinstance(found, Open)
        assert "platform-events[0] to rest at offset 7 until 04:10:01" == found.reason
        proven = verdict(fake, H3, resting(fake, 30))
        assert isinstance(proven, Complete)
        assert Proof.IDLE is proven.proof

    def test_a_replay_that_is_still_running_seals_nothing(self, fake: FakeLanding) -> None:
        """An end that moves restarts the idle time, for records of any age."""
        fake.broker.record_time = RecordTime.CREATE
        idle_ends = resting(fake, 3600)
        fake.broker.records[0] += minutes(151)
        fake.job.land(0, 7, 7, fake.clock.utc_now())
        assert isinstance(verdict(fake, H3, idle_ends), Open)

    def test_later_records_are_a_proof_without_any_rest(self, fake: FakeLanding) -> None:
        """Records of 02 are behind hour 01."""
        fake.broker.record_time = RecordTime.CREATE
        assert isinstance(verdict(fake, H1), Complete)

    def test_a_record_from_the_future_ends_no_hour(self) -> None:
        """One producer's wrong clock must not close the running hours; they wait for disorder, grace and rest."""
        fake = FakeLanding(FakeBroker({0: minutes(1, 60 * 24 * 365, 2)}, RecordTime.CREATE), clock_at=H1.end)
        fake.job.land(0, 0, 1, fake.clock.utc_now())
        assert "offsets 2-2 of platform-events[0] to land" == reason(fake, H1)
        fake.job.land(0, 2, 2, fake.clock.utc_now())
        assert "02:00:35: no record of platform-events[0] is later yet" == reason(fake, H1)
        fake.clock.time += timedelta(seconds=36)
        assert "platform-events[0] to rest at offset 3 until 02:01:06" == reason(fake, H1)
        assert isinstance(verdict(fake, H1, resting(fake, 30)), Complete)

    def test_a_record_from_the_future_is_no_sign_that_no_replay_runs(self) -> None:
        """Behind a record of 2100 a replay of hour 01 goes on: its end moves, so nothing is sealed."""
        fake = FakeLanding(FakeBroker({0: [*minutes(1), H1.start.replace(year=2100)]}, RecordTime.CREATE))
        fake.job.land(0, 0, 1, fake.clock.utc_now())
        before = resting(fake, 3600)
        fake.broker.records[0] += minutes(2)
        fake.job.land(0, 2, 2, fake.clock.utc_now())
        assert "platform-events[0] to rest at offset 3 until 04:10:30" == reason(fake, H1)
        assert isinstance(verdict(fake, H1, before), Open)


class TestBesideTheFuture:
    """A record from the future, then traffic: each hour ends beside it, at the first ordinary record that is later."""

    @staticmethod
    def landed(future: timedelta, record_time: RecordTime) -> FakeLanding:
        """A record from the future at offset 1, then a record a minute up to now, landed up to 02:00."""
        ordinary = minutes(*range(2, 100))
        fake = FakeLanding(
            FakeBroker({0: [*minutes(1), H1.start + future, *ordinary]}, record_time),
            clock_at=H1.start + timedelta(minutes=100),
        )
        fake.job.land(0, 0, 60, fake.clock.utc_now())
        return fake

    @pytest.mark.parametrize("record_time", list(RecordTime))
    @pytest.mark.parametrize("future", [timedelta(hours=3), timedelta(days=75 * 365)])
    def test_an_hour_does_not_wait_for_traffic_of_later_hours(self, future: timedelta, record_time: RecordTime) -> None:
        """Hour 01 ends before offset 61, which is of 02:01; what has not landed from there on is of later hours."""
        fake = self.landed(future, record_time)
        assert isinstance(verdict(fake, H1), Complete)

    def test_the_records_of_the_hour_before_its_end_are_needed(self) -> None:
        """Offsets 59 and 60 are of 01:59 and 02:00, before the boundary."""
        fake = self.landed(timedelta(hours=3), RecordTime.LOG_APPEND)
        fake.bucket.objects.clear()
        fake.job.land(0, 0, 58, fake.clock.utc_now())
        assert "offsets 59-60 of platform-events[0] to land" == reason(fake, H1)

    def test_without_later_records_the_end_counts_after_the_grace(self) -> None:
        """Nothing is later than the hour but the record from the future."""
        fake = FakeLanding(FakeBroker({0: minutes(1, 900, 2)}), clock_at=H1.end + timedelta(seconds=36))
        fake.job.land(0, 0, 2, fake.clock.utc_now())
        assert isinstance(verdict(fake, H1), Complete)


def test_a_promised_object_that_is_not_listed_holds_the_hour(fake: FakeLanding) -> None:
    """The promised objects must be a subset of the listed ones, by epoch."""
    lost = next(key for key in fake.bucket.objects if "/landing/2025/08/01/01/" in key)
    del fake.bucket.objects[lost]
    assert "1 promised objects, the first of epoch 0123456789ab.1" == reason(fake, H1)


def test_a_set_and_not_a_count(fake: FakeLanding) -> None:
    """An object of another epoch does not replace the lost one."""
    lost = next(key for key in fake.bucket.objects if "/landing/2025/08/01/01/" in key)
    fake.bucket.objects[lost.replace("ab.1-", "ab.77-")] = fake.bucket.objects.pop(lost)
    assert "promised objects" in reason(fake, H1)


def test_a_second_object_of_an_epoch_stops_the_hour(fake: FakeLanding) -> None:
    """One epoch makes one object per hour and kind; two of them are doubled data."""
    key = next(key for key in fake.bucket.objects if "/landing/2025/08/01/01/" in key)
    fake.bucket.objects[key.replace("-0-0.", "-0-1.")] = b"again"
    assert "a second object of one epoch" in reason(fake, H1)


def test_an_unpromised_object_is_left_out_and_named(fake: FakeLanding) -> None:
    """An object whose entry is not visible yet belongs to the next revision; foreign files to none."""
    prefix = fake.stream.layout.hour_prefix(Kind.LANDING, H1)
    unpromised_keys = [f"{prefix}part-0123456789ab.50-0-0.jsonl", f"{prefix}upload.tmp"]
    fake.bucket.objects.update(dict.fromkeys(unpromised_keys, b"x"))
    found = verdict(fake, H1)
    assert isinstance(found, Complete)
    assert sorted(unpromised_keys) == sorted(found.unpromised_keys)
    assert not set(unpromised_keys) & {item.key for item in found.objects}


def test_a_fault_of_the_ledger_stops_its_hours_and_no_others(fake: FakeLanding) -> None:
    """Offsets 5-6 are of hour 03."""
    fake.job.land(0, 5, 6, fake.clock.utc_now())
    assert reason(fake, H3).startswith("a repair: platform-events[0]: offsets 5-6 landed twice")
    assert isinstance(verdict(fake, H1), Complete)


def test_the_running_hour_waits_for_its_end(fake: FakeLanding) -> None:
    """Before the end of the hour the broker gets no query but the one for the end offsets."""
    fake.clock.time = H1.start + timedelta(minutes=59)
    assert "its end at 02:00" == reason(fake, H1)
    assert ["ends"] == fake.broker.effects


@pytest.mark.parametrize("offset", [timedelta(minutes=6), timedelta(days=2000)])
def test_an_hour_of_the_future_is_quarantined(fake: FakeLanding, offset: timedelta) -> None:
    """It is more than five minutes ahead: it has no partition, and a request for it would fail the whole tick."""
    hour = Hour.containing(fake.clock.utc_now() + timedelta(minutes=50) + offset)
    fake.broker.records[0] += [hour.start]
    fake.job.land(0, 7, 7, fake.clock.utc_now())
    assert isinstance(verdict(fake, hour), Quarantined)


def test_an_hour_before_the_first_partition_is_quarantined() -> None:
    """Records of 1970 land, and are reported."""
    fake = FakeLanding(FakeBroker({0: [H1.start.replace(year=1970)]}))
    fake.job.land_all(fake.clock.utc_now())
    found = verdict(fake, Hour.containing(fake.broker.records[0][0]))
    assert isinstance(found, Quarantined)
    assert "1970-08-01T01 lies before the first hour of the stream, 2025-01-01T00" == found.reason


def test_a_marker_at_the_end_does_not_hold_an_idle_hour() -> None:
    """A transaction marker never lands: the broker returns no readable record there."""
    fake = FakeLanding(FakeBroker({0: minutes(1, 2, 3)}, markers={(0, 2)}))
    fake.job.land(0, 0, 1, fake.clock.utc_now())
    assert isinstance(verdict(fake, H1), Complete)


def test_a_record_behind_a_marker_holds_the_hour_until_it_lands() -> None:
    fake = FakeLanding(FakeBroker({0: minutes(1, 2, 3)}, markers={(0, 1)}))
    fake.job.land(0, 0, 0, fake.clock.utc_now())
    assert "offsets 2-2 of platform-events[0] to land" == reason(fake, H1)


def test_an_open_transaction_holds_the_hour_whatever_becomes_of_it() -> None:
    """Its records cannot be read yet, and may be readable later."""
    fake = FakeLanding(FakeBroker({0: minutes(1, 2, 3)}, markers={(0, 1), (0, 2)}, held_back={0: 1}))
    fake.job.land(0, 0, 0, fake.clock.utc_now())
    assert "offsets 1-2 of platform-events[0] to land" == reason(fake, H1)
    fake.broker.held_back.clear()
    assert isinstance(verdict(fake, H1), Complete)


def test_aborted_records_before_the_first_landed_one_do_not_hold_the_hour() -> None:
    """The ledger begins at the first record that was read; aborted records before it do not count as lost."""
    fake = FakeLanding(FakeBroker({0: minutes(1, 2, 3, 65)}, markers={(0, 0), (0, 1)}))
    fake.job.land(0, 2, 3, fake.clock.utc_now())
    assert isinstance(verdict(fake, H1), Complete)


def test_with_create_time_a_marker_does_not_end_an_hour() -> None:
    """In a transactional replay of hour 01 the markers have the broker's time, hours later than their records."""
    fake = FakeLanding(FakeBroker({0: minutes(1, 189, 2, 189)}, RecordTime.CREATE, markers={(0, 1), (0, 3)}))
    fake.job.land(0, 0, 0, fake.clock.utc_now())
    assert isinstance(verdict(fake, H1), Open)
    fake.job.land(0, 2, 2, fake.clock.utc_now())
    assert isinstance(verdict(fake, H1), Open), "the replay may go on"
    assert isinstance(verdict(fake, H1, resting(fake, 31)), Complete)


def test_a_backlog_costs_one_question_per_hour() -> None:
    """The first readable record decides; the other partitions need no query."""
    fake = FakeLanding(FakeBroker({p: minutes(1, 2, 65) for p in range(9)}))
    fake.job.land(0, 0, 0, fake.clock.utc_now())
    fake.broker.effects.clear()
    assert isinstance(verdict(fake, H1), Open)
    assert 1 == fake.broker.effects.count(f"reads {TOPIC}")
