from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.metapipeline.owners.codeowners import (
    BYTES_MAX,
    Codeowners,
    matches,
    parse_codeowners,
    read_codeowners,
)

DOCUMENTED = b"""
# This is a comment.
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/* docs@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octocat
/apps/ @octocat
/apps/github
"""
"""The example of GitHub's documentation."""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("README", ("@global-owner1", "@global-owner2")),
        ("a/b/c.js", ("@js-owner",)),
        ("a/main.go", ("docs@example.com",)),
        ("notes.txt", ("@octo-org/octocats",)),
        ("build/logs/today.txt", ("@octocat",)),  # **/logs comes later
        ("other/build/logs/x", ("@octocat",)),
        ("x/docs/plan.md", ("@global-owner1", "@global-owner2")),
        ("docs/a/b.md", ("@doctocat",)),
        ("x/apps/y/z", ("@octocat",)),
        ("scripts/run.sh", ("@doctocat", "@octocat")),
        ("deeply/nested/logs/x/y", ("@octocat",)),
        ("apps/github", ()),
        ("apps/github/x", ()),
        ("apps/other", ("@octocat",)),
    ],
)
def test_the_last_matching_pattern_wins(path: str, owners: tuple[str, ...]) -> None:
    """A pattern without owners takes them away."""
    assert owners == parse_codeowners(DOCUMENTED).of(path)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("docs/*", "docs/getting-started.md", True),
        ("docs/*", "docs/build-app/troubleshooting.md", False),
        ("/*", "README", True),
        ("/*", "a/README", False),
        ("/", "README", False),
        ("models/**/marts", "models/marts/a.sql", True),
        ("models/**/marts", "models/a/b/marts/c.sql", True),
        ("models/**", "models", False),
        ("models/**", "models/a/b", True),
        ("stg_?.sql", "models/stg_a.sql", True),
        ("stg_?.sql", "models/stg_ab.sql", False),
        (r"my\ model.sql", "my model.sql", True),
        (r"a\*b", "a*b", True),
        (r"a\*b", "axb", False),
        ("Docs/", "docs/a", False),
    ],
)
def test_patterns_follow_github(pattern: str, path: str, expected: bool) -> None:
    """Stars, folders, blanks and case."""
    assert expected is matches(pattern, path.split("/"))


def regular_expression(pattern: str) -> re.Pattern[str]:
    """Translate a pattern as other readers of CODEOWNERS do; only for short and harmless ones."""
    parts = pattern.split("/")
    if parts[0] == "":
        parts = parts[1:]
    elif (len(parts) == 1 or (len(parts) == 2 and parts[1] == "")) and parts[0] != "**":
        parts.insert(0, "**")
    if parts[-1] == "" and len(parts) > 1:
        parts[-1] = "**"
    text, slash = "", False
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == "**":
            text += ".+" if last and number == 0 else "(?:.+/)?" if number == 0 else "/.*" if last else "(?:/.+)?"
            slash = not last and number > 0
            continue
        text += ("/" if slash else "") + "".join({"*": "[^/]*", "?": "[^/]"}.get(one, re.escape(one)) for one in part)
        text = text.removesuffix("[^/]*") + "[^/]+" if part == "*" else text + ("(?:/.*)?" if last else "")
        slash = True
    return re.compile(text)


NAMES = st.text("ab*?", min_size=1, max_size=4).filter(lambda text: "**" not in text)
PATTERNS = st.lists(NAMES | st.just("**"), min_size=1, max_size=4).filter(
    lambda parts: all(pair != ("**", "**") for pair in pairwise(parts))
)


@given(PATTERNS, st.booleans(), st.booleans(), st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=4))
def test_matching_agrees_with_the_usual_translation(
    parts: list[str], anchored: bool, folder: bool, path: list[str]
) -> None:
    """The same answers as the regular expressions that others build."""
    pattern = ("/" if anchored else "") + "/".join(parts) + ("/" if folder and parts[-1] != "**" else "")
    expected = regular_expression(pattern).fullmatch("/".join(path)) is not None
    assert expected is matches(pattern, path)


def test_a_pattern_that_is_made_to_be_slow_is_not() -> None:
    """A regular expression of it would go through more ways than can be counted."""
    part = "*a" * 2_000 + "b"
    assert not matches(part, ["a" * 4_000])
    assert not matches("/".join(["**", "a"] * 500 + ["b"]), ["a"] * 400)


def test_lines_that_github_skips_are_skipped_with_their_number() -> None:
    """The other lines count."""
    found = parse_codeowners(b"* @a\n!x @b\nx[0-9] @c\ny nobody\nz @d\n\\#odd @e\n* @a@b@c\n\xff\xfe @f\n")
    assert [("*", ("@a",)), ("z", ("@d",)), ("\ufffd\ufffd", ("@f",))] == [
        (rule.pattern, rule.owners) for rule in found.rules
    ]
    assert [2, 3, 4, 6, 7] == [line for line, _ in found.skipped]


def test_a_file_that_github_does_not_load_has_no_rules() -> None:
    """Larger than three megabytes."""
    assert ((), 0) == ((found := parse_codeowners(b"* @a\n" * (BYTES_MAX // 5 + 1))).rules, found.skipped[0][0])


def test_the_file_is_found_where_github_looks(tmp_path: Path) -> None:
    """First in .github, then at the root, then in docs."""
    assert Codeowners() == read_codeowners(tmp_path)
    for place, owner in [("docs", "@docs"), (".", "@root"), (".github", "@github")]:
        (tmp_path / place).mkdir(exist_ok=True)
        (tmp_path / place / "CODEOWNERS").write_text(f"* {owner}\n")
        assert (owner,) == read_codeowners(tmp_path).of("x")


def test_a_link_out_of_the_checkout_is_not_followed(tmp_path: Path) -> None:
    """A repository cannot have another file of this machine read."""
    (tmp_path / "secret").write_text("* @secret\n")
    (tmp_path / "checkout").mkdir()
    (tmp_path / "checkout" / "CODEOWNERS").symlink_to(tmp_path / "secret")
    assert Codeowners() == read_codeowners(tmp_path / "checkout")
