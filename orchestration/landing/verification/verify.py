"""Verify sealed hours, now or years later: compute the proof again, and compare it with the seal.

1. The seal against the chain of seals (`links`), and against itself.
2. The seal against the ledger, read again: entries, offsets, counts, and the boundary of the hour by the witness.
3. The seal against the bucket: every object by key, bytes and ETag; with `read` every line.
4. The witness against the broker, as far as it can still answer; the rest stands by witness.

An hour is `proven`, `wrong` with the names of what is wrong, or `unknown` where nothing shows either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from flink_jobs.contracts.layout import Hour, Kind, LinkKey, SealKey
from flink_jobs.contracts.ledger import LedgerEntry
from orchestration.landing.comparison.checks import compare_objects, compare_offsets
from orchestration.landing.errors import LandingError, SealUnreadableError
from orchestration.landing.ledger.totals import LedgerTotals
from orchestration.landing.ledger.whole import read_whole_ledger
from orchestration.landing.proof.completeness import Open, Proof, missing_offsets, offsets_reached
from orchestration.landing.proof.evidence import Stream, list_hour
from orchestration.landing.proof.links import digest
from orchestration.landing.proof.seal import Seal, entries_digest, fingerprint, latest_seal_key, parse_seal, seal_keys
from orchestration.landing.verification.attestation import Attestation, Broken
from orchestration.landing.verification.lines import wrong_lines
from orchestration.landing.verification.seals import Finding


class Verdict(StrEnum):
    """The result for one hour."""

    PROVEN = "proven"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Verified:
    """One hour: what is wrong, what stands by witness alone, and what nothing shows."""

    hour: Hour
    seal: Seal | None = None
    wrong: list[Finding] = field(default_factory=list)
    by_witness: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """The verdict over all of it."""
        if self.wrong:
            return Verdict.WRONG
        return Verdict.UNKNOWN if self.unknown else Verdict.PROVEN


def sealed_hours(stream: Stream) -> list[Hour]:
    """List the hours that have a seal."""
    return sorted({key.hour for key in seal_keys(stream.bucket, stream.layout.prefix(Kind.SEALS))})


def verify_hours(stream: Stream, hours: Sequence[Hour], *, read: bool = False) -> list[Verified]:
    """Verify the newest seal of each hour, in the given order.

    Raises:
        LandingError: the bucket is away or refuses, or the ledger cannot be read.
    """
    seals = {hour: _newest_seal(stream, hour) for hour in hours}
    found = [its for its in seals.values() if isinstance(its, Seal)]
    since = [seal.emitted_first for seal in found]
    first = None if None in since else min((hour for hour in since if hour), default=None)
    attestation = Attestation(stream.broker, stream.topics)
    results = _verify_since(stream, seals, attestation, first, read=read)
    if first is not None and any(result.wrong for result in results):
        # The last entry of a partition without records of the hour can be older.
        return _verify_since(stream, seals, attestation, None, read=read)
    return results


def _verify_since(
    stream: Stream,
    seals: Mapping[Hour, Seal | LandingError | None],
    attestation: Attestation,
    since: Hour | None,
    *,
    read: bool,
) -> list[Verified]:
    totals, entries = read_whole_ledger(stream.bucket, stream.layout, stream.topics, since=since, hours=seals)
    verification = _Verification(stream, totals, entries, attestation, read=read)
    return [verification.hour(hour, seal) for hour, seal in seals.items()]


class _Verification:
    """Verifies hours with one reading of the ledger."""

    def __init__(
        self,
        stream: Stream,
        totals: LedgerTotals,
        entries: tuple[tuple[Hour, LedgerEntry], ...],
        attestation: Attestation,
        *,
        read: bool,
    ) -> None:
        self._stream = stream
        self._totals = totals
        self._attestation = attestation
        self._read = read
        links = (LinkKey.try_parse(found.key) for found in stream.bucket.list(stream.layout.chain_prefix))
        self._links = {link.number for link in links if link}
        self._entries: dict[str, list[tuple[Hour, LedgerEntry]]] = {}
        for emitted, entry in entries:
            for label in entry.hours:
                self._entries.setdefault(label, []).append((emitted, entry))

    def hour(self, hour: Hour, seal: Seal | LandingError | None) -> Verified:
        result = Verified(hour)
        if isinstance(seal, LandingError):
            result.wrong.append(Finding(f"seal of {hour}", str(seal)))
        elif seal is None:
            result.unknown.append("it has no seal")
        else:
            result.seal = seal
            result.wrong += self._against_chain(seal)
            result.wrong += self._against_ledger(seal, result)
            result.wrong += self._against_bucket(seal)
            self._against_broker(seal, result)
        return result

    def _against_chain(self, seal: Seal) -> Iterable[Finding]:
        bucket, layout = self._stream.bucket, self._stream.layout
        key = layout.seal_key(seal.hour, seal.revision)
        if seal.fingerprint != fingerprint(seal.objects):
            yield Finding(key, "its fingerprint is not that of its objects")
        if seal.link is None:
            return
        number = seal.link.number
        present = self._links
        body = bucket.get([key])[0]
        if number not in present or bucket.get([layout.link_key(number)])[0] != body:
            yield Finding(key, f"it is not the seal of link {number}")
        if number + 1 in present:
            following = bucket.get([layout.link_key(number + 1)])[0]
            if digest(body).encode() not in following:
                yield Finding(key, f"link {number + 1} has another hash of it")
        if number > 1 and (
            number - 1 not in present
            or digest(bucket.get([layout.link_key(number - 1)])[0]) != seal.link.previous_sha256
        ):
            yield Finding(layout.link_key(number - 1), f"seal {number} has another hash of it")

    def _against_ledger(self, seal: Seal, result: Verified) -> Iterable[Finding]:
        epochs = {item.epoch for item in seal.objects}
        yield from (Finding(one.key, one.reason) for one in self._totals.damaged if one.epoch in epochs)
        entries = self._sealed_entries(seal, result)
        where = f"ledger of {seal.hour}"
        view = seal.witness.view() if seal.witness else None
        its = self._totals.hours.get(seal.hour)
        missing = missing_offsets(self._totals, view) if view else []
        compared = compare_offsets(seal, entries, missing, its.faults if its else ())
        if not compared.passed:
            wrong = compared.numbers["wrong"]
            sentences = wrong if isinstance(wrong, list) else [compared.sentence]
            yield from (Finding(where, sentence) for sentence in sentences)
        elif seal.entries_sha256 and entries_digest(entry for _, entry in entries) != seal.entries_sha256:
            yield Finding(where, "its entries are not those that were sealed")
        if seal.witness is None or view is None:
            result.unknown.append(f"revision {seal.revision} has no witness: an earlier release sealed it")
            return
        reached = offsets_reached(seal.hour, self._totals, view, seal.witness.policy())
        if isinstance(reached, Open) and not missing:
            yield Finding(f"witness of {seal.hour}", f"it proves no complete hour, which waits for {reached.reason}")
        elif isinstance(reached, Proof) and reached is not seal.proof:
            yield Finding(f"witness of {seal.hour}", f"it proves by {reached}, the seal says {seal.proof}")

    def _sealed_entries(self, seal: Seal, result: Verified) -> list[tuple[Hour, LedgerEntry]]:
        """Return the entries that the seal was made from; later ones amend the hour."""
        entries = self._entries.get(seal.hour.label, [])
        epochs = {item.epoch for item in seal.objects}
        sealed = [(emitted, entry) for emitted, entry in entries if entry.epoch in epochs]
        later = len(entries) - len(sealed)
        if later and seal.entries_sha256 == entries_digest(entry for _, entry in sealed):
            result.unknown.append(f"{later} ledger entries came after revision {seal.revision}: the next one is due")
            return sealed
        return entries

    def _against_bucket(self, seal: Seal) -> Iterable[Finding]:
        compared = compare_objects(seal, list_hour(self._stream, seal.hour))
        for name in ("lost", "changed", "doubled"):
            keys = compared.numbers[name]
            yield from (Finding(key, name) for key in (keys if isinstance(keys, list) else []))
        if self._read and compared.passed:
            entries = [entry for _, entry in self._entries.get(seal.hour.label, [])]
            yield from (Finding(where, what) for where, what in wrong_lines(self._stream.bucket, seal, entries))

    def _against_broker(self, seal: Seal, result: Verified) -> None:
        if seal.witness is None:
            return
        for answer in self._attestation.compare(seal.hour, seal.witness):
            if isinstance(answer, Broken):
                result.wrong.append(Finding(f"witness of {seal.hour}", answer.what))
            else:
                result.by_witness.append(answer)


def _newest_seal(stream: Stream, hour: Hour) -> Seal | LandingError | None:
    """Read the newest seal of an hour; a damaged one is a finding and no failure."""
    key = latest_seal_key(stream.bucket, stream.layout, hour)
    if key is None:
        return None
    try:
        seal = parse_seal(key, stream.bucket.get([key])[0])
    except SealUnreadableError as exc:
        return exc
    parsed = SealKey.parse(key)
    if (seal.stream, seal.hour, seal.revision) != (stream.layout.stream, parsed.hour, parsed.revision):
        return SealUnreadableError(f"{key}: it is the seal of {seal.hour}, revision {seal.revision}")
    return seal
