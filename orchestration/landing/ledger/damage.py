"""Objects of the ledger that cannot be read: what is wrong with each one, and which hours it holds up."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pydantic import BaseModel, ConfigDict, ValidationError

from flink_jobs.contracts.layout import Hour, LayoutError, ObjectKey
from flink_jobs.contracts.ledger import LedgerEntry
from orchestration.landing.ledger.epochs import HourPath


class Damage(BaseModel):
    """An object of the ledger without readable entries, by key and emission hour.

    `etag` is that of the damaged bytes: the object is fetched again when it has another one. It is None for an object
    that was listed and could not be fetched: the next read tries again.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    emitted: HourPath
    etag: str | None
    reason: str

    @property
    def is_lasting(self) -> bool:
        """Whether only a repair brings the entries back."""
        return self.etag is not None

    @property
    def epoch(self) -> str:
        """The epoch of the object: the data objects of the same epoch have the records of its entries."""
        return ObjectKey.parse(self.key).epoch

    def sentence(self) -> str:
        """Return what is wrong, and the repair."""
        repair = "; restore the object's former version" if self.is_lasting else ""
        return f"ledger object {self.key}: {self.reason}{repair}"


def parse_entries(key: ObjectKey, body: bytes) -> tuple[list[LedgerEntry], str | None]:
    """Parse an object of the ledger; return its entries, or none and what is wrong.

    One bad line makes the object damaged as a whole: its entries are read together, once it is repaired.
    """
    if key.codec:
        return [], f"the ledger is plain JSON lines, not {key.codec}"
    if not body:
        return [], "it has no entry"
    if not body.endswith(b"\n"):
        return [], "its last line has no end: the object was cut"
    entries = []
    for number, line in enumerate(body.splitlines(), start=1):
        try:
            entry = LedgerEntry.model_validate_json(line)
            entry.promises()
        except ValidationError as exc:
            return [], f"line {number} is not a ledger entry: {exc.errors()[0]['msg']}"
        except LayoutError as exc:
            return [], f"line {number} is not a ledger entry: {exc}"
        entries.append(entry)
    return entries, None


def damage_before(damaged: Iterable[Damage], hour: Hour, *, is_gap: bool) -> Damage | None:
    """Return the object that may have the missing offsets of an hour.

    A gap can be in any of them. Offsets behind the last landed one are in those that were emitted at the begin of the
    hour or later, by a clock that may be an hour late.
    """
    return next((one for one in damaged if is_gap or one.emitted.plus(1) >= hour), None)


def damage_of_epochs(damaged: Iterable[Damage], keys: Collection[str]) -> Damage | None:
    """Return the object that promises one of these data objects."""
    epochs = {key.epoch for text in keys if (key := ObjectKey.try_parse(text))}
    return next((one for one in damaged if one.epoch in epochs), None)
