from __future__ import annotations

import difflib
from datetime import date

import pytest

from orchestration.metapipeline.changing.proposals.yaml_edits.appending import append_item
from orchestration.metapipeline.changing.proposals.yaml_edits.nodes import Item, load
from orchestration.metapipeline.changing.proposals.yaml_edits.text import append_words, put, remove, remove_words
from orchestration.metapipeline.errors import ProposalError

FILE = """\
version: 2   # of the format

models:
    # first of all
    - name: orders   # the main one
      description: >
        Orders of
        # no comment
        the shop
      columns:
        - {name: id, data_tests: [unique, not_null]}

    # gone is not used: planted
    - name: gone
      config: {tags: ['a', "b"]}
      columns:
      - name: id
        data_tests:
        - unique

    # a heading of what follows

    - "name": 'kept'
      meta: &owner
        owner: bi
    - name: last
      meta: *owner
"""
GONE = ("models", Item("name", "gone"))


def changed_lines(before: str, after: str) -> list[str]:
    rows = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [row for row in rows if row[:1] in "+-" and row[:3] not in ("---", "+++")]


def test_an_entry_goes_with_its_lines_only() -> None:
    """Comments, quotes, anchors, indentation of all other entries stay; a comment that names the entry goes, too."""
    after = remove(FILE, GONE, "gone")

    assert [
        "-    # gone is not used: planted",
        "-    - name: gone",
        "-      config: {tags: ['a', \"b\"]}",
        "-      columns:",
        "-      - name: id",
        "-        data_tests:",
        "-        - unique",
        "-",
    ] == changed_lines(FILE, after)


@pytest.mark.parametrize("name", ["orders", "gone", "last"])
def test_the_data_of_the_other_entries_stays(name: str) -> None:
    data = load(FILE)
    data["models"] = [entry for entry in data["models"] if entry["name"] != name]

    assert data == load(remove(FILE, ("models", Item("name", name)), name))


def test_an_anchor_moves_to_the_entry_that_uses_it() -> None:
    """The text without the anchor would be no YAML: ruamel.yaml writes it anew."""
    after = remove(FILE, ("models", Item("name", "kept")))

    assert {"owner": "bi"} == load(after)["models"][-1]["meta"]
    assert "# first of all" in after


@pytest.mark.parametrize(
    ("text", "address", "expected"),
    [
        ("models: [{name: a}, {name: b}]\n", ("models", Item("name", "a")), "models: [{name: b}]\n"),
        ("models: [{name: a}, {name: b}]\n", ("models", Item("name", "b")), "models: [{name: a}]\n"),
        ("a: 1\nmodels:\n- name: x\n", ("models", Item("name", "x")), "a: 1\n"),
        ("a:\n  b:\n    c: 1\nd: 2\n", ("a", "b", "c"), "d: 2\n"),
        ("models:\r\n- name: a\r\n- name: b\r\n", ("models", Item("name", "a")), "models:\r\n- name: b\r\n"),
        ("models:\n- name: a\n- name: b", ("models", Item("name", "b")), "models:\n- name: a\n"),
        ("- a: 1\n  b: 2\n", (0, "b"), "- a: 1\n"),
    ],
)
def test_forms_of_yaml(text: str, address: tuple[str | int | Item, ...], expected: str) -> None:
    """Brackets, the last entry of a list, a nested mapping, Windows line ends, a missing last line end."""
    assert expected == remove(text, address)


def test_a_missing_entry_is_an_error() -> None:
    with pytest.raises(ProposalError, match="no name=other"):
        remove(FILE, ("models", Item("name", "other")))


def test_a_value_is_set_below_the_name() -> None:
    after = put(put(FILE, (*GONE, "deprecation_date"), date(2026, 12, 30)), (*GONE, "config", "enabled"), value=False)

    assert {
        "+      deprecation_date: 2026-12-30",
        "-      config: {tags: ['a', \"b\"]}",
        "+      config: {tags: ['a', \"b\"], enabled: false}",
    } == set(changed_lines(FILE, after))


def test_a_missing_mapping_is_made() -> None:
    address = ("models", Item("name", "orders"), "config", "enabled")

    assert ["+      config:", "+        enabled: false"] == changed_lines(FILE, put(FILE, address, value=False))


@pytest.mark.parametrize(
    "text",
    [
        "a:\n- name: x\n  description: words\n  b: 1\n",
        "a:\n- name: x\n  description: 'words'  # why\n  b: 1\n",
        'a:\n- name: x\n  description: "words"\n  b: 1\n',
        "a:\n- name: x\n  description: |\n    some\n    words\n\n  b: 1\n",
        "a:\n- name: x\n  description: >-\n    some\n    words\n  b: 1\n",
        "a:\n- {name: x, description: words, b: 1}\n",
        "a:\n- name: x\n  description: some\n    words\n  b: 1\n",
    ],
)
def test_words_are_added_in_the_style_of_the_text_and_taken_back(text: str) -> None:
    address = ("a", Item("name", "x"), "description")

    after = append_words(text, address, "(not used)")

    assert load(after)["a"][0]["description"].strip() == load(text)["a"][0]["description"].strip() + " (not used)"
    assert 1 == len([row for row in changed_lines(text, after) if row.startswith("+")])
    assert text == remove_words(after, address, "(not used)")


def test_a_shared_text_gets_no_words() -> None:
    """The anchored text belongs to two entries."""
    text = "a:\n- name: x\n  description: &d words\n- name: y\n  description: *d\n"

    assert text == append_words(text, ("a", Item("name", "x"), "description"), "(not used)")
    assert text == append_words(text, ("a", Item("name", "y"), "description"), "(not used)")


def test_a_value_below_an_alias_is_refused() -> None:
    """The change would reach the other entry."""
    with pytest.raises(ProposalError, match="by hand"):
        put(FILE, ("models", Item("name", "last"), "meta", "x"), value=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exposures:\n- name: a\n", "exposures:\n- name: a\n\n- name: b\n"),
        ("exposures:\n  - name: a\n\nx: 1\n", "exposures:\n  - name: a\n\n  - name: b\n\nx: 1\n"),
        ("version: 2", "version: 2\nexposures:\n  - name: b\n"),
        ("exposures:\nx: 1\n", "exposures:\n  - name: b\nx: 1\n"),
    ],
)
def test_an_item_is_appended(text: str, expected: str) -> None:
    assert expected == append_item(text, "exposures", ["- name: b"])


@pytest.mark.parametrize("text", ["a: &a [*a]", "a: &a {b: *a}", "a: [" * 3000, "a: 'b", "a: !x 1"])
def test_text_that_is_no_data_is_an_error(text: str) -> None:
    with pytest.raises(ProposalError, match="not readable"):
        load(text)


def test_aliases_that_repeat_too_much_are_an_error() -> None:
    """Nine levels of nine would be 387 million values."""
    levels = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]

    with pytest.raises(ProposalError, match="values"):
        load("\n".join(levels))
