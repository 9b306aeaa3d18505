"""What Snowflake's documentation says, asked of the local Snowflake."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import yaml

from benchmarks.snowflake.conformance import marks
from benchmarks.snowflake.conformance.documents import (
    Gap,
    GapKind,
    Gaps,
    Sentence,
    gaps,
    objects,
    refusal_topics,
    sample,
    sentences,
)
from benchmarks.snowflake.conformance.running import Conformance, Place, unmet
from tests.fakes.local_snowflake import Server

REPOSITORY = Path(__file__).parents[5]
SAMPLED = 4
"""The fast run takes every fourth sentence of a topic; `make test-long` takes all."""

_judges = count()


@pytest.fixture
def judge(server: Server) -> Iterator[Conformance]:
    for key, text in objects().items():
        server.bucket.write(f"conformance/{key}", text)
    found = Conformance(server, Place("s3://hourglass/conformance/"), prefix=f"CONFORMANCE_{next(_judges)}")
    yield found
    found.clean_up()


@pytest.mark.parametrize("topic", dict.fromkeys(sentence.topic for sentence in sentences()))
def test_the_server_meets_every_sentence_that_is_no_known_gap(judge: Conformance, topic: str) -> None:
    """A sentence is met, or marked with the kind of its gap; one that is met has no mark, so that marks go away."""
    _compare(judge, tuple(sentence for sentence in sample(SAMPLED) if sentence.topic == topic))


@pytest.mark.long
def test_the_server_meets_every_sentence_of_all(judge: Conformance) -> None:
    """The same for all sentences."""
    _compare(judge, sentences())


def _compare(judge: Conformance, wanted: tuple[Sentence, ...]) -> None:
    found = unmet(judge.sentences(wanted))
    known = gaps().sentences
    marked = {sentence.id: known[sentence.id].kind for sentence in wanted if sentence.id in known}
    assert marked == {name: gap.kind for name, gap in found.items()}, {
        name: gap.seen for name, gap in found.items() if marked.get(name) is not gap.kind
    }


def test_the_strictness_is_at_least_what_it_was(judge: Conformance) -> None:
    """Statements that Snowflake refuses are refused with its number as often as the file of gaps says."""
    answers = list(judge.refusals(refusal_topics()))
    other = [f"{refusal.code} {refusal.sql}: {answer}" for refusal, answer in answers if answer is not None]
    assert gaps().strictness_floor <= len(answers) - len(other), other


def test_the_suite_is_as_large_as_it_says() -> None:
    """At least 300 sentences and 200 refusals; no statement twice, and no gap of a sentence that is not there."""
    statements = [refusal.sql for topic in refusal_topics() for refusal in topic.refusals]
    ids = {sentence.id for sentence in sentences()}
    assert len(sentences()) >= 300
    assert len(statements) >= 200
    assert len(set(statements)) == len(statements)
    assert len(ids) == len(sentences())
    assert set(gaps().sentences) <= ids
    assert set(gaps().refusals) <= set(statements)


def test_the_page_of_gaps_is_up_to_date() -> None:
    """The page is made from the file of gaps."""
    refusals = sum(len(topic.refusals) for topic in refusal_topics())
    page = (REPOSITORY / "docs" / "local_snowflake_gaps.md").read_text("utf-8")
    assert marks.page(gaps(), refusals) == page, "run: python -m benchmarks.snowflake.conformance mark"


def _found(*ids: str, floor: int = 1) -> Gaps:
    return Gaps(
        strictness_floor=floor,
        peers={"fakesnow 0": 7},
        sentences={name: Gap(kind=GapKind.WRONG, seen="a|b") for name in ids},
        refusals={"SELECT 1": "[['1']], not 1003"},
    )


def test_the_page_names_every_gap() -> None:
    """A sentence with its page and statement, what was answered, and the counts of all."""
    sentence = sentences()[0]
    page = marks.page(_found(sentence.id), 2)
    assert f"](https://docs.snowflake.com/en/{sentence.page})" in page
    assert "answered otherwise: a\\|b |" in page
    assert f"meets {len(sentences()) - 1}." in page
    assert "refuses 1 with the same error number (fakesnow 0: 7)." in page
    assert "`` SELECT 1 ``" in page


def test_marks_are_read_as_they_were_written(tmp_path: Path) -> None:
    """Gaps are in the order of the sentences, whatever the order of the answers."""
    first, second = (sentence.id for sentence in sentences()[:2])
    found = _found(second, first)
    marks.write(found, tmp_path / "gaps.yaml")
    read = Gaps.model_validate(yaml.safe_load((tmp_path / "gaps.yaml").read_text()))
    assert found == read
    assert [first, second] == list(read.sentences)


def test_a_new_gap_is_told() -> None:
    """What was met before and is not any more, with the answer; what went away is counted."""
    first, second = (sentence.id for sentence in sentences()[:2])
    assert [
        "1 sentences are no gap any more, 1 are",
        f"new gap: {second}: a|b",
        "strictness: 1 before, 3 now",
    ] == list(marks.changes(_found(first), _found(second, floor=3)))
