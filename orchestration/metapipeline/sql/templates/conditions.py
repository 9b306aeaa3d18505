"""The conditions of a template: which of them hold together, and how to try all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Choice = tuple[str, bool]
"""A condition that only the tool can decide, and the answer taken for it."""

_TOKENS = re.compile(r"""'[^']*'|"[^"]*"|[()]|\b(?:or|and|not)\b|[^'"()\s]+|\s+|.""")
_COMPARED = re.compile(r"(.+?)\s*(==|!=|<>|<=|>=|<|>)\s*(.+)", re.DOTALL)
CONDITION_CHARACTERS_MAX = 1_000
_QUOTED = re.compile(r"""(['"])(.*)\1""", re.DOTALL)
_NEGATED = {"!=": "==", "<>": "==", "<=": ">", ">=": "<"}
_CONSTANTS = {"true": True, "false": False, "nil": False, "none": False, "": True}


@dataclass(slots=True)
class Path:
    """One consistent set of choices, taken while a template is rendered.

    Args:
        prefix: choices that this path must take first.
        covered: choices that earlier paths took.
        taken: all choices of this path, in order.
    """

    prefix: tuple[Choice, ...]
    covered: frozenset[Choice]
    taken: list[Choice] = field(default_factory=list)

    def holds(self, condition: str, known: Mapping[str, str]) -> bool:
        """Return whether a condition holds on this path.

        Args:
            condition: of Liquid or Jinja.
            known: the variables whose value the template itself sets.
        """
        if len(condition) > CONDITION_CHARACTERS_MAX:
            return self._choose(condition)
        condition = _without_brackets(condition.strip())
        for word, any_or_all in (("or", any), ("and", all)):
            parts = _split(condition, word)
            if len(parts) > 1:
                return any_or_all(self.holds(part, known) for part in parts)
        if condition.startswith(("not ", "not(")):
            return not self.holds(condition[3:], known)
        if condition.lower() in _CONSTANTS:
            return _CONSTANTS[condition.lower()]
        return self._holds_atom(condition, known)

    def _holds_atom(self, condition: str, known: Mapping[str, str]) -> bool:
        compared = _COMPARED.fullmatch(condition)
        if compared is None:
            return self._is_set(condition, known)
        if compared[2] in _NEGATED:
            return not self._compares(compared[1], _NEGATED[compared[2]], compared[3], known)
        return self._compares(compared[1], compared[2], compared[3], known)

    def _compares(self, left: str, operator: str, right: str, known: Mapping[str, str]) -> bool:
        if _QUOTED.fullmatch(left) and operator == "==":
            left, right = right, left
        value = _unquoted(right)
        if operator == "==" and left in known:
            return known[left] == value
        if operator == "==" and self._excluded(left, value):
            return False
        return self._choose(f"{left} {operator} {value}")

    def _excluded(self, name: str, value: str) -> bool:
        """Return whether an earlier choice gave the variable another value."""
        equal = f"{name} == "
        return any(held and atom.startswith(equal) and atom != equal + value for atom, held in self.taken) or (
            bool(value) and (name, False) in self.taken
        )

    def _is_set(self, name: str, known: Mapping[str, str]) -> bool:
        if name in known:
            return bool(known[name])
        if any(held and atom.startswith(f"{name} == ") for atom, held in self.taken):
            return True
        return self._choose(name)

    def _choose(self, atom: str) -> bool:
        for other, held in self.taken:
            if other == atom:
                return held
        here = len(self.taken)
        if here < len(self.prefix):
            held = self.prefix[here][1]
        else:
            held = (atom, True) not in self.covered or (atom, False) in self.covered
        self.taken.append((atom, held))
        return held


PATHS_MAX = 64


@dataclass(slots=True)
class Paths:
    """The paths through one template: each choice both ways at least once, then their combinations, at most 64.

    Args:
        pending: prefixes that are still to be tried.
        covered: choices that a path took.
        tried: how many paths were given.
    """

    pending: list[tuple[Choice, ...]] = field(default_factory=lambda: [()])
    covered: set[Choice] = field(default_factory=set)
    tried: int = 0

    def __iter__(self) -> Iterator[Path]:
        """Give each path; the caller renders it before it asks for the next one."""
        while self.pending and self.tried < PATHS_MAX:
            self.tried += 1
            path = Path(self._next_prefix(), frozenset(self.covered))
            yield path
            self.covered.update(path.taken)
            for index in range(len(path.prefix), len(path.taken)):
                atom, held = path.taken[index]
                self.pending.append((*path.taken[:index], (atom, not held)))

    @property
    def complete(self) -> bool:
        """Whether each choice that was met was taken both ways."""
        return all(prefix[-1] in self.covered for prefix in self.pending if prefix)

    def _next_prefix(self) -> tuple[Choice, ...]:
        fresh = (index for index, prefix in enumerate(self.pending) if not prefix or prefix[-1] not in self.covered)
        return self.pending.pop(next(fresh, 0))


def _split(condition: str, word: str) -> list[str]:
    """Split at a word that lies outside of quotes and brackets."""
    parts = [""]
    depth = 0
    for piece in _TOKENS.findall(condition):
        depth += _STEPS.get(piece, 0)
        if piece == word and depth == 0:
            parts.append("")
        else:
            parts[-1] += piece
    return [part.strip() for part in parts]


_STEPS = {"(": 1, ")": -1}


def _without_brackets(condition: str) -> str:
    while condition.startswith("(") and condition.endswith(")"):
        depth = 0
        for position, character in enumerate(condition):
            depth += _STEPS.get(character, 0)
            if depth == 0 and position < len(condition) - 1:
                return condition
        condition = condition[1:-1].strip()
    return condition


def _unquoted(value: str) -> str:
    found = _QUOTED.fullmatch(value.strip())
    return found[2] if found else value.strip()
