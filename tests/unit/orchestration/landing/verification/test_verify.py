"""`hourglass hours verify`: what is wrong is found by its name, and what the broker forgot stands by witness."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import timedelta

import pytest

from flink_jobs.contracts.layout import Kind
from orchestration.landing.clients.kafka import TopicOffsets
from orchestration.landing.errors import BrokerUnavailableError, TopicMissingError
from orchestration.landing.ledger.chains import ChainKey
from orchestration.landing.proof.completeness import Proof
from orchestration.landing.proof.evidence import Request, prove
from orchestration.landing.proof.seal import anchor_of, draft_seal, latest_seal, write_seal
from orchestration.landing.sensor.cursor import read_cursor
from orchestration.landing.sensor.tick import Limits, run_tick
from orchestration.landing.verification.seals import verify_chain
from orchestration.landing.verification.verify import Verdict, Verified, sealed_hours, verify_hours
from tests.fakes.broker import FakeBroker
from tests.fakes.landing import H1, TOPIC, FakeLanding, minutes

SEAL_1 = "platform-events/seals/2025/08/01/01/r0001.json"
LINK_1 = "platform-events/chain/9999999998-1.json"


def seal_everything(fake: FakeLanding) -> None:
    """Tick and seal, until every hour that is over has a seal."""
    cursor = read_cursor(None, (TOPIC,))
    while True:
        found = run_tick(fake.stream, cursor, Limits())
        cursor = found.cursor
        for request in found.requests:
            complete, evidence = prove(fake.stream, request)
            draft = draft_seal("platform-events", complete, evidence.entries, fake.clock.utc_now())
            write_seal(fake.bucket, fake.stream.layout, draft)
        if not found.behind:
            return


@pytest.fixture
def sealed(fake: FakeLanding) -> FakeLanding:
    """Hours 01 to 03 are sealed; every line of the bucket is one of the real job."""
    fake.bucket.objects.clear()
    fake.job.land_all(fake.clock.utc_now())
    seal_everything(fake)
    return fake


def verified(fake: FakeLanding, *, read: bool = False) -> Verified:
    return verify_hours(fake.stream, [H1], read=read)[0]


def wrong(fake: FakeLanding, *, read: bool = False) -> list[str]:
    found = verified(fake, read=read)
    assert Verdict.WRONG is found.verdict
    return [f"{finding.where}: {finding.what}" for finding in found.wrong]


def edit(fake: FakeLanding, key: str, change: Callable[[dict[str, object]], None]) -> None:
    """Change a JSON object of the bucket."""
    document = json.loads(fake.bucket.objects[key])
    change(document)
    fake.bucket.objects[key] = json.dumps(document, indent=1).encode()


def test_a_healthy_hour_is_proven_by_the_broker(sealed: FakeLanding) -> None:
    """Nothing stands by witness alone, with and without reading the lines."""
    for read in (False, True):
        found = verified(sealed, read=read)
        assert (Verdict.PROVEN, [], []) == (found.verdict, found.by_witness, found.wrong)


def test_the_seal_has_what_the_broker_answered(sealed: FakeLanding) -> None:
    """Ids, log start, end, the records at the begin and behind the end of the hour, and when it was asked."""
    seal = latest_seal(sealed.bucket, sealed.stream.layout, H1)
    assert seal is not None
    assert seal.witness is not None
    assert sealed.clock.utc_now() == seal.witness.asked_at
    assert [("platform-events", "cluster-1")] == [(t.topic, t.cluster_id) for t in seal.witness.topics]
    first = seal.witness.partitions[0]
    assert (ChainKey(TOPIC, "topic-1", 0), 0, 7) == (first.partition, first.log_start, first.end)
    assert first.first is not None
    assert first.later is not None
    assert (0, 3) == (first.first.offset, first.later.offset)
    view = seal.witness.view()
    assert view == type(seal.witness).of(view, seal.witness.policy()).view()


def test_a_damaged_ledger_object_is_named(sealed: FakeLanding) -> None:
    """The entries of the hour are wrong, and the finding is the key that must be restored."""
    key = next(key for key in sorted(sealed.bucket.objects) if "/ledger/" in key)
    sealed.bucket.objects[key] = b"{}\n"
    assert wrong(sealed)[0].startswith(f"{key}: line 1 is not a ledger entry")


def test_an_hour_without_a_seal_cannot_be_known(sealed: FakeLanding) -> None:
    """It may be open."""
    found = verify_hours(sealed.stream, [H1.plus(7)])[0]
    assert (Verdict.UNKNOWN, ["it has no seal"]) == (found.verdict, found.unknown)


class GoneBroker(FakeBroker):
    """A broker that has deleted the topic, or is away."""

    def offsets(self, topic: str) -> TopicOffsets:
        """Refuse."""
        raise self.failures[0] if self.failures else TopicMissingError(f"no topic {topic}")


def test_100_hours_are_verified_by_witness_after_the_topic_was_deleted() -> None:
    """Some of them are empty, one is amended. What cannot be asked any more is named."""
    rng = random.Random(11)  # noqa: S311 - a seed of a test
    times = sorted(rng.uniform(0, 6000) for _ in range(120))
    fake = FakeLanding(FakeBroker({0: minutes(1, *times, 6001)}), clock_at=H1.plus(100).start + timedelta(minutes=20))
    fake.job.land_all(fake.clock.utc_now())
    seal_everything(fake)
    fake.broker.records[0] += minutes(2)
    fake.job.land(0, 122, 122, fake.clock.utc_now())
    complete, evidence = prove(fake.stream, Request(H1))
    write_seal(
        fake.bucket,
        fake.stream.layout,
        draft_seal("platform-events", complete, evidence.entries, fake.clock.utc_now()),
    )
    hours = sealed_hours(fake.stream)
    assert 100 == len(hours)
    fake.broker = GoneBroker({})
    found = verify_hours(fake.stream, hours, read=True)
    assert {Verdict.PROVEN} == {one.verdict for one in found}
    assert {("the broker has no topic platform-events any more",)} == {tuple(one.by_witness) for one in found}
    assert 0 < sum(one.seal is not None and not one.seal.objects for one in found)
    assert [] == verify_chain(fake.stream)


def test_a_broker_that_is_away_is_named(sealed: FakeLanding) -> None:
    """The hour stands by witness."""
    sealed.broker = GoneBroker({}, failures=[BrokerUnavailableError("broker b:1 does not answer")])
    found = verified(sealed)
    assert (Verdict.PROVEN, ["broker b:1 does not answer"]) == (found.verdict, found.by_witness)


def test_records_that_retention_has_deleted_stand_by_witness(sealed: FakeLanding) -> None:
    """The log begins at offset 4 by now; the later partition is as it was."""
    sealed.broker.low = {0: 4}
    found = verified(sealed)
    assert Verdict.PROVEN is found.verdict
    assert [
        "the broker has deleted offset 0, the first record of the hour in platform-events[0]",
        "the broker has deleted offset 3, the first record behind it in platform-events[0]",
    ] == found.by_witness


def test_another_topic_of_the_name_answers_for_nothing(sealed: FakeLanding) -> None:
    """Its offsets mean other records."""
    sealed.broker.recreate("topic-2")
    found = verified(sealed)
    assert Verdict.PROVEN is found.verdict
    assert ["topic platform-events is another one now: the hour is of topic-1"] == found.by_witness


def test_a_broker_that_contradicts_the_witness_is_wrong(sealed: FakeLanding) -> None:
    """Its log was rewritten: the first record of the hour lies elsewhere, and the log is shorter."""
    sealed.broker.records[0] = minutes(-5, 1, 30)
    assert [
        "witness of 2025-08-01T01: platform-events[0] ended at 7, the broker ends at 3",
        "witness of 2025-08-01T01: the first record of the hour in platform-events[0] was offset 0, the broker has 1",
        "witness of 2025-08-01T01: the first record behind it in platform-events[0] was offset 3, the broker has none",
    ] == wrong(sealed)


def test_a_changed_witness_is_wrong_with_its_name(sealed: FakeLanding) -> None:
    """In the seal alone the link differs; in both the next link has another hash, and the broker answers otherwise."""

    def forge(document: dict[str, object]) -> None:
        document["witness"]["partitions"][0]["first"]["offset"] = 1  # type: ignore[index] # a JSON document

    edit(sealed, SEAL_1, forge)
    assert f"{SEAL_1}: it is not the seal of link 1" in wrong(sealed)
    sealed.bucket.objects[LINK_1] = sealed.bucket.objects[SEAL_1]
    assert f"{SEAL_1}: link 2 has another hash of it" in wrong(sealed)
    assert any("was offset 1, the broker has 0" in finding for finding in wrong(sealed))


def test_a_witness_that_proves_nothing_is_wrong(sealed: FakeLanding) -> None:
    """The boundary is said to lie behind what the ledger has."""

    def forge(document: dict[str, object]) -> None:
        document["witness"]["partitions"][0]["later"]["offset"] = 99  # type: ignore[index] # a JSON document

    edit(sealed, SEAL_1, forge)
    assert any("offsets 7-98 of platform-events[0] have not landed" in finding for finding in wrong(sealed))


@pytest.mark.parametrize("kind", [Kind.LANDING, Kind.REJECTED])
def test_a_changed_object_is_wrong_with_its_key(sealed: FakeLanding, kind: Kind) -> None:
    """One byte more, and the object gone."""
    key = next(key for key in sealed.bucket.objects if f"/{kind}/2025/08/01/01/" in key)
    sealed.bucket.objects[key] += b"\n"
    assert [f"{key}: changed"] == wrong(sealed)
    del sealed.bucket.objects[key]
    assert [f"{key}: lost"] == wrong(sealed)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda body: body.replace(b'"offset":0', b'"offset":9'), "its lines of platform-events[0]"),
        (lambda body: body + body.splitlines(keepends=True)[0], "its lines of platform-events[0]"),
        (lambda body: body.replace(b"{", b"", 1), "line 1 is no record of the landing job"),
        (lambda body: body[:-1], "its last line has no end"),
    ],
    ids=["offset", "doubled", "damaged", "cut"],
)
def test_a_changed_line_is_wrong_with_its_object(
    sealed: FakeLanding, change: Callable[[bytes], bytes], what: str
) -> None:
    """The seal was made of the changed object: only reading every line finds it."""
    key = next(key for key in sealed.bucket.objects if "/landing/2025/08/01/01/" in key)
    sealed.bucket.objects[key] = change(sealed.bucket.objects[key])
    for name in [name for name in sealed.bucket.objects if "/seals/" in name or "/chain/" in name]:
        del sealed.bucket.objects[name]
    seal_everything(sealed)
    assert Verdict.PROVEN is verified(sealed).verdict
    found = wrong(sealed, read=True)
    assert [True] == [finding.startswith(f"{key}: {what}") for finding in found]


def test_a_changed_ledger_entry_is_wrong_with_its_hour(sealed: FakeLanding) -> None:
    """A count that differs is named; an edit that no sum shows is found by the hash of the entries."""
    key = next(key for key in sealed.bucket.objects if "/ledger/" in key)
    body = sealed.bucket.objects[key]
    sealed.bucket.objects[key] = body.replace(b'"job_id":"j1"', b'"job_id":"j2"')
    assert ["ledger of 2025-08-01T01: its entries are not those that were sealed"] == wrong(sealed)
    del sealed.bucket.objects[key]
    assert any("the ledger has nothing" in finding for finding in wrong(sealed))


@pytest.mark.parametrize(
    ("field", "value"),
    [("accepted", 5), ("fingerprint", "0"), ("proof", "idle"), ("hour", "2025-08-01T02"), ("revision", 3)],
)
def test_a_changed_seal_is_wrong_with_its_key(sealed: FakeLanding, field: str, value: object) -> None:
    """Whatever is changed in it."""
    edit(sealed, SEAL_1, lambda document: document.update({field: value}))
    assert any(SEAL_1 in finding for finding in wrong(sealed))


def test_a_damaged_seal_is_wrong_and_does_not_stop_the_others(sealed: FakeLanding) -> None:
    """The other hours are verified."""
    sealed.bucket.objects[SEAL_1] = b"{}"
    found = verify_hours(sealed.stream, [H1, H1.plus(1)])
    assert [Verdict.WRONG, Verdict.PROVEN] == [one.verdict for one in found]


def test_a_seal_of_an_earlier_release_without_witness_cannot_be_known(sealed: FakeLanding) -> None:
    """Bucket and ledger agree with it, and nothing shows where the hour ended."""

    def older(document: dict[str, object]) -> None:
        for name in ("witness", "link", "entries_sha256", "previous_sha256"):
            del document[name]
        document["version"] = 1

    edit(sealed, SEAL_1, older)
    found = verified(sealed)
    assert (Verdict.UNKNOWN, ["revision 1 has no witness: an earlier release sealed it"]) == (
        found.verdict,
        found.unknown,
    )


def test_a_late_record_that_is_not_sealed_yet_makes_the_hour_unknown(sealed: FakeLanding) -> None:
    """Nothing is wrong: the next revision is due. Then it is proven."""
    sealed.broker.records[0] += minutes(40)
    sealed.job.land(0, 7, 7, sealed.clock.utc_now())
    found = verified(sealed)
    assert (Verdict.UNKNOWN, ["1 ledger entries came after revision 1: the next one is due"]) == (
        found.verdict,
        found.unknown,
    )
    seal_everything(sealed)
    assert Verdict.PROVEN is verified(sealed).verdict


def test_a_partition_that_landed_long_before_the_hour_is_no_finding(sealed: FakeLanding) -> None:
    """Its last entry is older than the entries of hour 05."""
    sealed.clock.time = H1.plus(5).start + timedelta(minutes=1)
    sealed.broker.records[0] += minutes(280)
    sealed.job.land(0, 7, 7, sealed.clock.utc_now())
    seal_everything(sealed)
    found = verify_hours(sealed.stream, [H1.plus(4)])[0]
    assert (Verdict.PROVEN, []) == (found.verdict, found.wrong)


def test_an_hour_over_two_topics_is_verified(fake: FakeLanding) -> None:
    """The chain of the old topic is in the witness with its last offset."""
    fake.bucket.objects.clear()
    fake.job.land_all(fake.clock.utc_now())
    fake.broker.recreate("topic-2")
    fake.broker.records = {0: minutes(160, 245), 1: minutes(165, 246)}
    fake.job.land(0, 0, 1, H1.plus(2).start)
    fake.job.land(1, 0, 1, H1.plus(2).start)
    fake.clock.time = H1.plus(4).start + timedelta(minutes=10)
    seal_everything(fake)
    found = verify_hours(fake.stream, [H1.plus(2)], read=True)[0]
    assert found.seal is not None
    assert (Verdict.PROVEN, Proof.CLOSED) == (found.verdict, found.seal.proof)
    assert found.seal.witness is not None
    assert {ChainKey(TOPIC, "topic-1", 0): 6, ChainKey(TOPIC, "topic-1", 1): 4} == found.seal.witness.closed


class TestChain:
    """Any edit, deletion or reordering of seals is found, and the first bad one is named."""

    @pytest.fixture
    def chain(self) -> FakeLanding:
        """40 hours, sealed in their order."""
        fake = FakeLanding(FakeBroker({0: minutes(*range(5, 2400, 45))}), clock_at=H1.plus(40).start)
        fake.job.land_all(fake.clock.utc_now())
        seal_everything(fake)
        return fake

    @staticmethod
    def copies(fake: FakeLanding) -> list[tuple[str, str]]:
        """Return the key of each link in the order of writing, with the key of its seal."""
        links = sorted((key for key in fake.bucket.objects if "/chain/" in key), reverse=True)
        seals = sorted(key for key in fake.bucket.objects if "/seals/" in key)
        assert len(links) == len(seals) >= 39
        return list(zip(links, seals, strict=True))

    def test_a_chain_as_it_was_written_is_sound(self, chain: FakeLanding) -> None:
        """Its newest seal is the anchor."""
        last = latest_seal(chain.bucket, chain.stream.layout, sealed_hours(chain.stream)[-1])
        assert last is not None
        assert [] == verify_chain(chain.stream, anchor=anchor_of(last))

    def test_1000_random_changes_are_found_with_the_first_bad_seal(self, chain: FakeLanding) -> None:
        """Edits, deletions and exchanges of seals, of links, and of both copies at once."""
        rng = random.Random(3)  # noqa: S311 - a seed of a test
        copies, sound = self.copies(chain), dict(chain.bucket.objects)
        last = latest_seal(chain.bucket, chain.stream.layout, sealed_hours(chain.stream)[-1])
        assert last is not None
        anchor = anchor_of(last)
        for _ in range(1000):
            objects = chain.bucket.objects = dict(sound)
            which = rng.choice([(0,), (1,), (0, 1)])
            first, second = sorted(rng.sample(range(len(copies)), 2))
            action = rng.choice(["edit", "delete", "exchange"])
            byte = rng.randrange(len(sound[copies[first][0]]))
            for copy in which:
                key, other = copies[first][copy], copies[second][copy]
                if action == "delete":
                    del objects[key]
                elif action == "exchange":
                    objects[key], objects[other] = objects[other], objects[key]
                else:
                    body = objects[key]
                    objects[key] = body[:byte] + bytes([body[byte] ^ 1]) + body[byte + 1 :]
            found = verify_chain(chain.stream, anchor=anchor)
            assert found, (action, which, first, second)
            assert found[0].where in copies[first], (action, which, first, second, found[0])

    def test_a_cut_end_is_found_by_the_anchor_alone(self, chain: FakeLanding) -> None:
        """Whoever deletes the newest seals with their links leaves a shorter chain, which is sound in itself."""
        copies = self.copies(chain)
        last = latest_seal(chain.bucket, chain.stream.layout, sealed_hours(chain.stream)[-1])
        assert last is not None
        for key in copies[-1]:
            del chain.bucket.objects[key]
        assert [] == verify_chain(chain.stream)
        found = verify_chain(chain.stream, anchor=anchor_of(last))
        assert [(copies[-1][0], "it is not the one of the anchor")] == [(one.where, one.what) for one in found]
