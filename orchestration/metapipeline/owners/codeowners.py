"""Read a CODEOWNERS file by GitHub's rules: the last pattern that matches a path decides.

https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners

Patterns are those of gitignore, with GitHub's differences: no `!`, no `[ ]`, and `docs/*` matches the files of docs
alone. Matching takes time in proportion to pattern and path; no text is compiled to a regular expression.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

BYTES_MAX = 3 * 2**20
"""GitHub does not load a larger file."""
PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks, in this order."""
_OWNER = re.compile(r"@[A-Za-z0-9][\w.-]{0,99}(?:/[\w.-]{1,100})?|[^\s@]{1,254}@[^\s@]{1,254}")
_PATTERN = re.compile(r"(?:\\.|[^\\\s])+")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: a pattern and its owners; a line without owners takes them away."""

    pattern: str
    owners: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Codeowners:
    """The rules of a file, in its order.

    Args:
        rules: of the lines that GitHub reads.
        skipped: number and reason of each line that GitHub skips; line 0 is the whole file.
    """

    rules: tuple[Rule, ...] = ()
    skipped: tuple[tuple[int, str], ...] = ()

    def of(self, path: str) -> tuple[str, ...]:
        """Return the owners of a file.

        Args:
            path: relative to the root of the repository, with slashes.
        """
        parts = [part for part in path.split("/") if part]
        matching = (rule for rule in reversed(self.rules) if parts and matches(rule.pattern, parts))
        rule = next(matching, None)
        return rule.owners if rule else ()


def read_codeowners(repository: Path) -> Codeowners:
    """Read the file of a checkout; empty when it has none. A link that leads out of the checkout is not followed."""
    root = repository.resolve()
    for place in PLACES:
        path = root / place
        if path.is_file() and path.resolve().is_relative_to(root):
            with path.open("rb") as file:
                return parse_codeowners(file.read(BYTES_MAX + 1))
    return Codeowners()


def parse_codeowners(data: bytes) -> Codeowners:
    """Read the bytes of a file; a line that GitHub would skip is skipped with its reason."""
    if len(data) > BYTES_MAX:
        return Codeowners(skipped=((0, f"larger than {BYTES_MAX:,} bytes: GitHub does not load it"),))
    rules: list[Rule] = []
    skipped: list[tuple[int, str]] = []
    for number, line in enumerate(data.decode(errors="replace").splitlines(), start=1):
        read = _read_line(line.strip())
        if isinstance(read, str):
            skipped.append((number, read))
        elif read is not None:
            rules.append(Rule(*read, number))
    return Codeowners(tuple(rules), tuple(skipped))


def _read_line(line: str) -> tuple[str, tuple[str, ...]] | str | None:
    """Return pattern and owners, or why the line is skipped; None for a line without content."""
    if not line or line.startswith("#"):
        return None
    found = _PATTERN.match(line)
    if found is None or line.startswith(("!", "\\#")) or "[" in found[0] or "***" in found[0]:
        return "a pattern that GitHub does not read"
    owners = tuple(_before_comment(line[found.end() :].split()))
    if wrong := next((owner for owner in owners if not _OWNER.fullmatch(owner)), None):
        return f"{wrong[:80]!r} is no @user, @organization/team or address"
    return found[0], owners


def _before_comment(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        if word.startswith("#"):
            return
        yield word


def matches(pattern: str, path: Sequence[str]) -> bool:
    """Return whether a pattern matches a path, given as its parts; one that matches a folder matches what is in it."""
    if not pattern.strip("/"):
        return False
    segments = _segments(pattern)
    reached = {0}
    for segment in segments[:-1]:
        if segment == "**":
            reached = set(range(min(reached, default=len(path)), len(path) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(path) and _matches_part(segment, path[at])}
        if not reached:
            return False
    last = segments[-1]
    if last == "**":
        return any(at < len(path) for at in reached)
    ends = {at + 1 for at in reached if at < len(path) and _matches_part(last, path[at])}
    return len(path) in ends if last == "*" else bool(ends)


def _segments(pattern: str) -> list[str]:
    """Split a pattern; one without a slash before its end matches in every folder."""
    anchored = "/" in pattern.rstrip("/")
    segments = pattern.removeprefix("/").split("/")
    if not anchored and segments[0] != "**":
        segments.insert(0, "**")
    if segments[-1] == "":
        segments[-1] = "**"
    return segments


def _matches_part(pattern: str, part: str) -> bool:
    """Match one name with `*`, `?` and backslash, by going back to the last star only."""
    symbols = _symbols(pattern)
    at = where = 0
    star, resumed = -1, 0
    while where < len(part):
        if at < len(symbols) and symbols[at] == ("*", False):
            star, resumed = at, where
            at += 1
        elif at < len(symbols) and (symbols[at] == ("?", False) or symbols[at][0] == part[where]):
            at += 1
            where += 1
        elif star >= 0:
            resumed += 1
            at, where = star + 1, resumed
        else:
            return False
    return all(symbol == ("*", False) for symbol in symbols[at:])


def _symbols(pattern: str) -> list[tuple[str, bool]]:
    """Return the characters of a pattern, each with whether a backslash escapes it."""
    symbols: list[tuple[str, bool]] = []
    escaped = False
    for character in pattern:
        if character == "\\" and not escaped:
            escaped = True
        else:
            symbols.append((character, escaped))
            escaped = False
    return symbols
