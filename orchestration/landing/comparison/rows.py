"""The comparison behind `rows_queryable`: the rows of the external table are the records that the ledger counted.

Pure. Per object and partition: the number of rows, of distinct offsets, their sum, the least and the greatest. So a
lost row that another one makes up for is found. A required column that is NULL in a row is found, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from orchestration.landing.clients.table_rows import RowGroup
from orchestration.landing.comparison.checks import Comparison
from orchestration.landing.proof.contents import SealedContent
from orchestration.landing.proof.seal import Seal, SealedObject

_NAMED_MAX = 10
"""Differences that a result names; its counts cover all of them."""

_Name = tuple[str | None, int | None]
"""A partition by topic and number, as the table shows it."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """The records of one partition in one object, as sealed or as queryable."""

    records: int
    offsets: int
    offset_sum: int | None
    min_offset: int | None
    max_offset: int | None

    def __str__(self) -> str:
        doubled = "" if self.offsets == self.records else f", {self.offsets} different"
        span = f"offsets {self.min_offset}-{self.max_offset}{doubled}, sum {self.offset_sum}"
        return f"{self.records} rows of {'no offset' if self.offset_sum is None else span}"


def compare_rows(seal: Seal, rows: Sequence[RowGroup], later: Collection[str] = ()) -> Comparison:
    """Compare the seal with the rows of the external table, per object and partition and in total.

    Rows of objects that landed after the seal, `later`, are of the next revision.

    Objects that an earlier release sealed without contents are compared by their counts alone, and the result names
    their number.
    """
    rows = [group for group in rows if group.key not in later]
    differing = list(_differing(seal, rows))
    nulls = _nulls(rows)
    total = sum(group.records for group in rows)
    by_count = sum(not item.contents for item in seal.landing().values())
    numbers: dict[str, int | str | list[str]] = {
        "revision": seal.revision,
        "accepted": seal.accepted,
        "queryable": total,
        "differing": differing[:_NAMED_MAX],
        "nulls": [f"{column}: {count} rows" for column, count in sorted(nulls.items())],
        "objects_compared_by_count_alone": by_count,
        "landed_after_the_seal": len(set(later)),
    }
    if nulls:
        column, count = nulls.most_common(1)[0]
        sentence = f"{seal.hour}: {column} is NULL in {count} of {total} rows: compare its path in the YAML with a line"
        return Comparison(False, sentence, numbers)
    if differing:
        return Comparison(False, f"{seal.hour}: {differing[0]}; {len(differing)} differ", numbers)
    if total != seal.accepted:
        return Comparison(False, f"{seal.hour}: {total} rows, {seal.accepted} were accepted", numbers)
    remark = f"; {by_count} objects were sealed without offsets and compared by count alone" if by_count else ""
    return Comparison(True, f"{total} rows are queryable{remark}", numbers)


def _differing(seal: Seal, rows: Iterable[RowGroup]) -> Iterator[str]:
    queryable: dict[str, list[RowGroup]] = {}
    for group in rows:
        queryable.setdefault(group.key, []).append(group)
    sealed = seal.landing()
    for key in sorted(sealed.keys() | queryable.keys()):
        yield from _differing_object(key, sealed.get(key), queryable.get(key, []))


def _differing_object(key: str, sealed: SealedObject | None, groups: Sequence[RowGroup]) -> Iterator[str]:
    if sealed is None or not sealed.contents:
        wanted, found = sealed.records if sealed else 0, sum(group.records for group in groups)
        if wanted != found:
            yield f"{key}: sealed {wanted} rows, queryable {found}"
        return
    expected: dict[_Name, _Rows] = {(c.topic, c.partition): _sealed(c) for c in sealed.contents}
    actual: dict[_Name, _Rows] = {(g.topic, g.partition): _queryable(g) for g in groups}
    for name in sorted(expected.keys() | actual.keys(), key=str):
        if expected.get(name) != actual.get(name):
            partition = f"{name[0]}[{name[1]}]"
            sides = (str(side.get(name, "nothing")) for side in (expected, actual))
            yield "{}, {}: sealed {}; queryable {}".format(key, partition, *sides)


def _sealed(content: SealedContent) -> _Rows:
    return _Rows(content.records, content.records, content.offset_sum, content.min_offset, content.max_offset)


def _queryable(group: RowGroup) -> _Rows:
    return _Rows(group.records, group.offsets, group.offset_sum, group.min_offset, group.max_offset)


def _nulls(rows: Iterable[RowGroup]) -> Counter[str]:
    nulls: Counter[str] = Counter()
    for group in rows:
        nulls.update(group.nulls)
    return nulls
