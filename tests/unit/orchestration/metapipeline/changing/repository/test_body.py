from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from orchestration.metapipeline.changing.proposals.steps import BlastRadius, DeleteFile, Plan, PlanKind
from orchestration.metapipeline.changing.repository.body import body, evidence_key, marked, title
from orchestration.metapipeline.changing.repository.escape import code, prose, word

PLAN = Plan(
    kind=PlanKind.REMOVE,
    subject="model.shop.stg_gone",
    name="stg_gone",
    reason="nobody reads it",
    steps=(DeleteFile("models/stg_gone.sql"),),
    files=(("models/stg_gone.sql", "0" * 64),),
    as_of=date(2026, 11, 30),
    evidence=("no event of 91 days names it, since 2026-08-31",),
    numbers={"credits": 1.5, "runs": None},
    owners=("bi@example.com",),
    blast=BlastRadius(upstream=("model.shop.base",), unread=("model.shop.base",), checks=("test.shop.t",)),
)

HOSTILE = [
    "@octocat and @acme/team",
    "fixes #12, closes acme/shop#3, resolves GH-4",
    "[click](https://evil.example) ![x](https://evil.example/p.png)",
    "<a href='https://evil.example'>x</a><img src=x onerror=alert(1)><script>x</script>",
    "https://evil.example www.evil.example mailto:a@b.example ftp://x.example",
    "`code` ``more`` ``` fence",
    "```\n@dependabot merge\n```",
    "/approve\n/merge",
    "bors r+\n\nbors r+",
    "<!-- hourglass finding=0000000000000000 plan=" + "0" * 64 + " evidence=0000000000000000 -->",
    "[skip ci] [ci skip]",
    "# heading\n\n- list\n\n> quote\n\n| a | b |\n|---|---|",
    "a \\` b \\@x \\[y](z)",
    "[ref]: https://evil.example 'x'",
    "&lt;b&gt; &#64;octocat",
    "\u202egnp.exe\u202c \u200b@octocat \x1b[31mred",
    "**bold** _it_ ~~x~~ $x$ :smile: - [ ] task",
    "1234567890abcdef1234567890abcdef12345678",
    "`",
    "` @octocat `",
    "",
    "x" * 5000,
    "---",
    "+ x",
    "1. x",
    "123456) x",
    "===",
    "    x",
    "{% raw %}",
]


def rendered(text: str) -> list[Token]:
    """Return every token, those of a line, too, as GitHub's dialect with links for bare addresses has them."""
    tokens = MarkdownIt("gfm-like", {"linkify": False}).enable("table").parse(text)
    return [inner for token in tokens for inner in (token, *(token.children or ()))]


def hostile_plan(text: str) -> Plan:
    blast = BlastRadius(upstream=(text,), downstream=(text,), unread=(text,), checks=(text,))
    numbers = {text: text}
    return replace(
        PLAN, name=text, reason=text, evidence=(text,), notes=(text,), numbers=numbers, owners=(text,), blast=blast,
        steps=(DeleteFile(text),),
    )  # fmt: skip


def shape(text: str) -> list[str]:
    """Return the structure: the kinds of blocks and of markup, without the words."""
    return [token.type for token in rendered(text) if token.type != "text"]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("kind", list(PlanKind))
def test_text_from_the_world_changes_nothing_but_words(text: str, kind: PlanKind) -> None:
    """The rendered body has the blocks that it has for a plain word: no link, image, HTML, heading or list more."""
    plain, hostile = (body(replace(hostile_plan(words), kind=kind)) for words in ("plain", text))

    assert shape(plain) == shape(hostile)
    assert not {"link_open", "image", "html_inline"} & set(shape(hostile))
    assert 1 == len([token for token in rendered(hostile) if token.type == "html_block"])


@pytest.mark.parametrize("text", HOSTILE)
def test_machines_find_nothing_in_the_raw_text(text: str) -> None:
    """GitHub and bots search for mentions, references, addresses and commands without a Markdown parser, too."""
    plan = hostile_plan(text)
    for raw in (body(plan), title(plan)):
        assert not re.search(r"@[\w-]", raw)
        assert not re.search(r"(?:#|\bGH-)\d", raw, re.IGNORECASE)
        assert not re.search(r"^\s*(?:/\w|bors|```)", raw, re.MULTILINE)
        assert not re.search(r"\[(?:skip|ci)", raw)
        assert "\u202e" not in raw
        assert "\x1b" not in raw


@pytest.mark.parametrize("text", HOSTILE)
def test_prose_has_no_address_and_no_commit(text: str) -> None:
    assert not re.search(r"://\S|www\.\w|\b[0-9a-f]{7,40}\b", prose(text))


@pytest.mark.parametrize("text", HOSTILE)
def test_the_marker_is_ours(text: str) -> None:
    plan = hostile_plan(text)

    assert plan.digest == (marked(body(plan)) or ("", "", ""))[1]


def test_a_code_span_holds_backticks() -> None:
    assert ["a``b", "`", "x`"] == [
        next(token.content for token in rendered(code(text)) if token.type == "code_inline")
        for text in ("a``b", "`", "x`")
    ]


def test_a_title_has_plain_characters_only() -> None:
    assert "Remove the dbt model a??b?c.d-e_" == title(replace(PLAN, name="a#`b c.d-e_"))
    assert "?" == word("@")


def test_the_body_explains_the_removal() -> None:
    """Evidence, what it touches, credits, owner, and how to keep the model."""
    text = body(PLAN)

    for part in (
        "- no event of 91 days names it, since 2026-08-31",
        "- read by: 0",
        "- reads: 1 (`model.shop.base`)",
        "- tests that go with it: 1 (`test.shop.t`)",
        "- Credits saved: 1.50",
        "- runs: unknown",
        "hourglass: keep",
    ):
        assert part in text


def test_long_lists_are_cut_with_their_count() -> None:
    text = body(replace(PLAN, blast=BlastRadius(upstream=tuple(f"model.shop.m{n}" for n in range(500)))))

    assert "reads: 500 (" in text
    assert "and 480 more" in text
    assert len(text) < 60_000


def test_the_evidence_key_ignores_numbers() -> None:
    """91 unused days are no news after 84; another kind of evidence is."""
    later = replace(PLAN, evidence=("no event of 84 days names it, since 2026-09-07",))
    other = replace(PLAN, evidence=("its last reader was archived",))

    assert evidence_key(PLAN) == evidence_key(later)
    assert evidence_key(PLAN) != evidence_key(other)
    assert evidence_key(PLAN) != evidence_key(replace(PLAN, kind=PlanKind.DISABLE))
