"""Verify the chain of seals: every link against its seal, and every two neighbours against each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flink_jobs.contracts.layout import Kind, LinkKey
from orchestration.landing.errors import SealUnreadableError
from orchestration.landing.proof.evidence import Stream
from orchestration.landing.proof.links import Link, digest
from orchestration.landing.proof.seal import parse_seal, seal_keys

_BATCH = 64
"""Seals that are held in memory at once."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong: the name of an object, a partition or a seal, and how."""

    where: str
    what: str


def verify_chain(stream: Stream, *, anchor: str | None = None) -> list[Finding]:
    """Verify the chain of seals from its first link on; the first finding is the first bad seal or link.

    Args:
        stream: whose seals are read.
        anchor: `<number>:<sha256>` of a seal, as Dagster has it; without one, a cut or rewritten end is not found.
    """
    bucket, layout = stream.bucket, stream.layout
    seals = {key.key for key in seal_keys(bucket, layout.prefix(Kind.SEALS))}
    listed = (LinkKey.try_parse(found.key) for found in bucket.list(layout.chain_prefix))
    links = sorted((key for key in listed if key), key=lambda key: key.number)
    chain = _Chain(stream, seals)
    for first in range(0, len(links), _BATCH):
        batch = links[first : first + _BATCH]
        for key, body in zip(batch, bucket.get([key.key for key in batch]), strict=True):
            chain.add(key, body)
    chain.end(anchor)
    return chain.findings


@dataclass(frozen=True, slots=True)
class _Linked:
    """A link whose seal has the same bytes."""

    number: int
    seal_key: str
    sha256: str
    link: Link

    def follows(self, before: _Linked) -> bool:
        return (self.link.previous_key, self.link.previous_sha256) == (before.seal_key, before.sha256)


class _Chain:
    """Collects the links in their order, and findings by their numbers."""

    def __init__(self, stream: Stream, seals: set[str]) -> None:
        self._stream = stream
        self._seals = seals
        self._numbered: list[tuple[int, Finding]] = []
        self._linked: dict[int, _Linked] = {}
        self._named: set[str] = set()
        self._digests: dict[int, str] = {}

    @property
    def findings(self) -> list[Finding]:
        return [finding for _, finding in sorted(self._numbered, key=lambda one: one[0])]

    def add(self, key: LinkKey, body: bytes) -> None:
        """Compare a link with its seal."""
        self._digests[key.number] = digest(body)
        try:
            seal = parse_seal(key.key, body)
        except SealUnreadableError:
            self._find(key.number, key.key, "the link is no seal any more")
            return
        seal_key = self._stream.layout.seal_key(seal.hour, seal.revision)
        if seal.link is None or seal.link.number != key.number:
            self._find(key.number, key.key, "it is the link of another seal")
            return
        self._named.add(seal_key)
        if seal_key not in self._seals:
            self._find(key.number, seal_key, "the seal is gone")
        elif self._stream.bucket.get([seal_key])[0] != body:
            self._find(key.number, seal_key, f"the seal and link {key.number} differ")
        else:
            self._linked[key.number] = _Linked(key.number, seal_key, digest(body), seal.link)

    def end(self, anchor: str | None) -> None:
        """Compare the links with each other, and the seals that no link has."""
        for number in range(1, max(self._digests, default=0) + 1):
            if number not in self._digests:
                self._find(number, self._stream.layout.link_key(number), "the link is gone")
        self._compare_neighbours()
        for key, body in self._unlinked():
            self._compare_unlinked(key, body)
        if anchor is not None:
            text, _, expected = anchor.partition(":")
            if self._digests.get(int(text)) != expected:
                self._find(int(text), self._stream.layout.link_key(int(text)), "it is not the one of the anchor")

    def _compare_neighbours(self) -> None:
        """Where two neighbours contradict each other, the next link shows which one was changed."""
        for number, its in self._linked.items():
            before, after = self._linked.get(number - 1), self._linked.get(number + 1)
            if before is None or its.follows(before):
                continue
            if after is None or after.follows(its):
                self._find(before.number, before.seal_key, f"link {number} has another hash of it")
            else:
                self._find(number, its.seal_key, f"its hashes and those of link {number + 1} are others")

    def _compare_unlinked(self, key: str, body: bytes) -> None:
        try:
            link = parse_seal(key, body).link
        except SealUnreadableError:
            # A link names it, if it is in the chain; else nothing else does.
            self._find(max(self._digests, default=0) + 1, key, "it is no seal any more")
            return
        if link is not None:
            self._find(link.number, key, "the chain has no such seal")

    def _unlinked(self) -> Iterable[tuple[str, bytes]]:
        left = sorted(self._seals - self._named)
        for first in range(0, len(left), _BATCH):
            batch = left[first : first + _BATCH]
            yield from zip(batch, self._stream.bucket.get(batch), strict=True)

    def _find(self, number: int, where: str, what: str) -> None:
        self._numbered.append((number, Finding(where, what)))
