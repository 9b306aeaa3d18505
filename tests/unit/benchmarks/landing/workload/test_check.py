from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import pytest
import zstandard

from benchmarks.landing.workload.check import Reader, Verdict
from benchmarks.landing.workload.corpus import Corpus

CORPUS = Corpus(records=90)
HOURS = CORPUS.hour_ranges()
FIRST, SECOND, THIRD = HOURS
CLEAN = Verdict(
    lines=90,
    missing=0,
    duplicate=0,
    wrong_hour=0,
    unparsable=0,
    changed=0,
    missing_positions=None,
    duplicate_positions=None,
)
PACK: dict[str, Callable[[bytes], bytes]] = {
    ".jsonl": bytes,
    ".jsonl.gz": gzip.compress,
    ".jsonl.zst": zstandard.compress,
}


def landed() -> dict[str, list[bytes]]:
    return {hour: [CORPUS.value(index) + b"\n" for index in indexes] for hour, indexes in HOURS.items()}


def read(hours: dict[str, list[bytes]], suffix: str = ".jsonl") -> Verdict:
    reader = Reader(CORPUS, [CORPUS.records])
    for hour, lines in hours.items():
        reader.read_object(f"part{suffix}", hour, BytesIO(PACK[suffix](b"".join(lines))))
    return reader.verdict()


def enveloped(index: int, offset: int) -> bytes:
    head = f'{{"topic":"t","partition":0,"offset":{offset},"timestamp":"2025-08-01T03:00:00.000Z","key":"k","event":'
    return head.encode() + CORPUS.value(index) + b"}\n"


@pytest.mark.parametrize("suffix", PACK)
def test_what_landed_once_in_its_hour_is_clean(suffix: str) -> None:
    """If every record is there once, unchanged, in the hour of its time, there is no error, whatever the codec."""
    assert CLEAN == read(landed(), suffix)


def test_an_absent_line_is_missing() -> None:
    """A record without a line is missing."""
    hours = landed()
    hours[SECOND].pop()
    assert replace(CLEAN, lines=89, missing=1) == read(hours)


def test_a_line_that_is_there_twice_is_a_duplicate() -> None:
    """Each line beyond a record's first is a duplicate."""
    hours = landed()
    hours[THIRD] += [hours[THIRD][4]] * 2
    assert replace(CLEAN, lines=92, duplicate=2) == read(hours)


def test_a_line_of_another_hour_is_in_the_wrong_hour() -> None:
    """The right hour is that of the record's time, not the hour of most lines."""
    hours = landed()
    hours[SECOND].append(hours[FIRST].pop())
    assert replace(CLEAN, wrong_hour=1) == read(hours)


def test_an_object_outside_any_hour_is_wrong_altogether() -> None:
    """Every record of a key without an hour is in the wrong hour."""
    reader = Reader(CORPUS, [90])
    reader.read_object("part.jsonl", None, BytesIO(CORPUS.value(0) + b"\n"))
    assert 1 == reader.verdict().wrong_hour


def test_a_cut_line_is_unparsable() -> None:
    """The last line of a truncated object counts as unparsable, and its record as missing."""
    hours = landed()
    hours[FIRST][-1] = hours[FIRST][-1][:300]
    assert replace(CLEAN, missing=1, unparsable=1) == read(hours)


@pytest.mark.parametrize("suffix", [".jsonl.gz", ".jsonl.zst"])
def test_a_compressed_object_that_breaks_off_is_unparsable(suffix: str) -> None:
    """An object that cannot be decompressed to its end is reported, in addition to its missing records."""
    whole = PACK[suffix](b"".join(landed()[FIRST]))
    reader = Reader(CORPUS, [90])
    reader.read_object(f"part{suffix}", FIRST, BytesIO(whole[: len(whole) // 2]))
    verdict = reader.verdict()
    assert verdict.unparsable >= 1
    assert verdict.missing >= 60


def test_an_event_that_was_written_anew_is_changed() -> None:
    """The same JSON in another spelling counts as changed and as no other error."""
    hours = landed()
    hours[FIRST][3] = hours[FIRST][3].replace(b'":', b'": ')
    assert replace(CLEAN, changed=1) == read(hours)


def test_a_foreign_event_is_unparsable() -> None:
    """JSON that names no record of the corpus is not counted as one."""
    hours = landed()
    foreign = [Corpus(records=100).value(95) + b"\n", b'{"event_id":"x"}\n', b"[1]\n", b"\n"]
    hours[FIRST] += foreign
    assert replace(CLEAN, lines=94, unparsable=4) == read(hours)


def test_a_problem_is_what_there_is_of_the_names_that_were_asked_for() -> None:
    """A count that is 0, could not be counted, or was not asked for is not a problem."""
    found = replace(CLEAN, changed=3, missing=2, duplicate_positions=1)
    assert ["2 missing", "3 changed"] == found.problems(["missing", "changed", "wrong_hour", "missing_positions"])


def test_offsets_are_counted_where_lines_name_them() -> None:
    """An absent offset and a doubled one are found, although every event is there once."""
    hours = {hour: [enveloped(index, index) for index in indexes] for hour, indexes in HOURS.items()}
    assert replace(CLEAN, missing_positions=0, duplicate_positions=0) == read(hours)
    hours[FIRST][5] = enveloped(5, 6)
    assert replace(CLEAN, missing_positions=1, duplicate_positions=1) == read(hours)
