"""Where a text names a relation: what is found without parsing, so that few texts are parsed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from orchestration.metapipeline.relations import RelationName

_CALL = re.compile(r"\b(?:ref|source)\s*\([^()]*\)")
_NAME = r"[^\W\d][\w$]*"
_OPEN, _CLOSE = r'["`\[]?', r'["`\]]?'
_PLAIN = re.compile(r"[\w$-]+")
_PART = re.compile(rf"\.\s*{_OPEN}({_NAME})")
_SCHEMA = re.compile(rf"{_OPEN}([\w$-]*){_CLOSE}\s*$")
_FILLED_IN = re.compile(r"\b(?:from|join|using|into|table)\s+(?:[\w$.\"`-]|\{\{[^{}]*\}\})*\{\{[^{}]*\}\}\s*$")
_BEFORE_CHARACTERS_MAX = 200
_BRACKET = re.compile(r"[()]")
_READ = re.compile(rf"\b(?:from|join|using|into|table)\s+{_OPEN}({_NAME}){_CLOSE}(?!\s*[.($\w])")


@dataclass(frozen=True, slots=True)
class Mentions:
    """Finds the relations that texts name, whatever their case.

    Args:
        by_name: last part, in lower case -> the relations.
        odd: relations whose last part is no plain word.
    """

    by_name: Mapping[str, tuple[RelationName, ...]]
    odd: tuple[RelationName, ...]

    @classmethod
    def of(cls, relations: Iterable[RelationName]) -> Self:
        """Find these relations."""
        by_name: defaultdict[str, list[RelationName]] = defaultdict(list)
        odd = []
        for relation in relations:
            if re.fullmatch(_NAME, relation.parts[-1]):
                by_name[relation.parts[-1].lower()].append(relation)
            else:
                odd.append(relation)
        return cls({name: tuple(found) for name, found in by_name.items()}, tuple(odd))

    def qualified(self, text: str) -> frozenset[RelationName]:
        """Return the relations that a text names with their schema, in any database, outside of ref and source.

        A schema that a template fills in fits every one behind FROM and its like; elsewhere it may be an alias.
        """
        lowered = _CALL.sub(" ", text).lower()
        found = {relation for relation in self.odd if relation.parts[-1].lower() in lowered}
        for part in _PART.finditer(lowered):
            if relations := self.by_name.get(part[1]):
                before = lowered[max(0, part.start() - _BEFORE_CHARACTERS_MAX) : part.start()]
                found.update(one for one in relations if _fits(one, before))
        return frozenset(found)

    def bare(self, text: str) -> frozenset[str]:
        """Return the names, in lower case, that a text reads without a schema and that no CTE before has."""
        lowered = _CALL.sub(" ", text).lower()
        first: dict[str, int] = {}
        for found in _READ.finditer(lowered):
            first.setdefault(found[1], found.start())
        return frozenset(
            name for name, start in first.items() if name in self.by_name and start < _closed_cte(lowered, name)
        )


def _fits(relation: RelationName, before: str) -> bool:
    """Return whether what stands before the name can be the schema of a relation; an empty one is PUBLIC."""
    own = relation.parts[-2].lower() if len(relation.parts) > 1 else ""
    schema = _SCHEMA.search(before)
    if schema is None or before.rstrip().endswith((")", "}", "]")):
        return bool(_FILLED_IN.search(before)) or before.rstrip().endswith(f"[{own}]")
    return schema[1] in {"", own} or not _PLAIN.fullmatch(own)


def _closed_cte(text: str, name: str) -> int:
    """Return where the first CTE of a name ends: inside of it and before, the name is a relation."""
    head = rf"(?<![\w$.]){re.escape(name)}{_CLOSE}\s*(?:\([^()]*\)\s*)?"
    defined = re.search(head + r"as\s+(?:not\s+)?(?:materialized\s*)?\(", text)
    depth = 1
    for bracket in _BRACKET.finditer(text, defined.end()) if defined else ():
        depth += 1 if bracket[0] == "(" else -1
        if not depth:
            return bracket.end()
    return len(text)
