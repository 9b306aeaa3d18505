"""The file of gaps, and the page that shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from benchmarks.snowflake.conformance.documents import (
    GAPS,
    PAGES,
    Gap,
    GapKind,
    Gaps,
    Sentence,
    refusal_topics,
    sentences,
)
from benchmarks.snowflake.conformance.running import Conformance, unmet

_KINDS = {
    GapKind.UNSUPPORTED: "refused as unsupported",
    GapKind.REFUSED: "refused with another error",
    GapKind.WRONG: "answered otherwise",
}


def of_all(judge: Conformance, peers: dict[str, int]) -> Gaps:
    """Ask everything; return what is not met."""
    answers = list(judge.refusals(refusal_topics()))
    other = {refusal.sql: f"{answer}, not {refusal.code}" for refusal, answer in answers if answer is not None}
    return Gaps(
        strictness_floor=len(answers) - len(other),
        peers=peers,
        sentences=unmet(judge.sentences(sentences())),
        refusals=other,
    )


def with_topic(before: Gaps, asked: tuple[Sentence, ...], judge: Conformance) -> Gaps:
    """Ask some sentences again; return the gaps with those of them, and the others as they were."""
    again = {sentence.id for sentence in asked}
    kept = {name: gap for name, gap in before.sentences.items() if name not in again}
    return before.model_copy(update={"sentences": kept | unmet(judge.sentences(asked))})


def write(found: Gaps, path: Path = GAPS) -> None:
    """Write the gaps, in the order of the sentences."""
    order = {sentence.id: place for place, sentence in enumerate(sentences())}
    names = sorted(found.sentences, key=order.__getitem__)
    document = {
        "strictness_floor": found.strictness_floor,
        "peers": found.peers,
        "sentences": {name: found.sentences[name].model_dump(mode="json") for name in names},
        "refusals": found.refusals,
    }
    path.write_text(yaml.safe_dump(document, sort_keys=False, width=120, allow_unicode=True), "utf-8")


def changes(before: Gaps, after: Gaps) -> Iterator[str]:
    """Describe what became a gap, and how many gaps went away."""
    gone = before.sentences.keys() - after.sentences.keys()
    yield f"{len(gone)} sentences are no gap any more, {len(after.sentences)} are"
    for name in after.sentences.keys() - before.sentences.keys():
        yield f"new gap: {name}: {after.sentences[name].seen}"
    for statement in after.refusals.keys() - before.refusals.keys():
        yield f"new gap: {statement}: {after.refusals[statement]}"
    yield f"strictness: {before.strictness_floor} before, {after.strictness_floor} now"


def page(found: Gaps, all_refusals: int) -> str:
    """Return the page of gaps as Markdown."""
    return "\n".join(_lines(found, all_refusals)) + "\n"


def _lines(found: Gaps, all_refusals: int) -> Iterator[str]:
    known = sentences()
    met = len(known) - len(found.sentences)
    yield from (
        "# Gaps of the local Snowflake",
        "",
        "Generated from `benchmarks/snowflake/conformance/` by `python -m benchmarks.snowflake.conformance mark`.",
        "[How it is judged](../benchmarks/snowflake/conformance/README.md).",
        "",
        f"Of {len(known)} sentences of Snowflake's documentation the local Snowflake meets {met}. Of {all_refusals}",
        f"statements that Snowflake refuses it refuses {found.strictness_floor} with the same error number"
        + "".join(f" ({name}: {number})" for name, number in found.peers.items())
        + ".",
        "",
        "| topic | sentences | met | " + " | ".join(_KINDS.values()) + " |",
        "|---|---|---|" + "---|" * len(_KINDS),
    )
    for topic in _topics(known):
        yield _counts(topic, [sentence for sentence in known if sentence.topic == topic], found)
    for topic in _topics(sentence for sentence in known if sentence.id in found.sentences):
        yield from ("", f"## {topic}", "", "| sentence | statement | the local Snowflake |", "|---|---|---|")
        for sentence in known:
            if sentence.topic == topic and sentence.id in found.sentences:
                yield _row(sentence, found.sentences[sentence.id])
    yield from ("", "## Refusals with another answer", "", "| statement | the local Snowflake |", "|---|---|")
    for statement, seen in found.refusals.items():
        yield f"| {_code(statement)} | {_text(seen)} |"


def _topics(some: Iterable[Sentence]) -> list[str]:
    return list(dict.fromkeys(sentence.topic for sentence in some))


def _counts(topic: str, some: list[Sentence], found: Gaps) -> str:
    kinds = [found.sentences[sentence.id].kind for sentence in some if sentence.id in found.sentences]
    numbers = [len(some), len(some) - len(kinds), *(kinds.count(kind) for kind in _KINDS)]
    return f"| {topic} | " + " | ".join(str(number) if number else "" for number in numbers) + " |"


def _row(sentence: Sentence, gap: Gap) -> str:
    assumed = " (assumed)" if sentence.assumed else ""
    says = f"[{_text(sentence.says)}]({PAGES}{sentence.page}){assumed}"
    return f"| {says} | {_code(sentence.run)} | {_KINDS[gap.kind]}: {_text(gap.seen)} |"


def _text(value: str) -> str:
    escaped = value
    for character in "\\|[]<>*_":
        escaped = escaped.replace(character, "\\" + character)
    return " ".join(escaped.split())


def _code(value: str) -> str:
    return "`` " + " ".join(value.replace("|", "\\|").split()) + " ``"
