"""Evaluate IAM policies as far as ours use them: Effect, Action, Resource, and four operators of conditions.

Anything else in a document is an error, so that no statement is evaluated by half.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from tests.policies.operations import PREFIX, Permission

_KNOWN = frozenset({"Sid", "Effect", "Principal", "Action", "Resource", "Condition"})
Statement = Mapping[str, Any]


class UnknownPolicyError(ValueError):
    """A document has an element or a condition that this evaluation does not know."""


def allows(documents: Iterable[Mapping[str, Any]], wanted: Permission, context: Mapping[str, str]) -> bool:
    """Whether documents allow an action: one statement allows it, and none denies it."""
    effects = {
        statement["Effect"]
        for document in documents
        for statement in document["Statement"]
        if _applies(statement, wanted, {**context, **wanted.context})
    }
    return effects == {"Allow"}


def granted(documents: Iterable[Mapping[str, Any]]) -> Iterator[Permission]:
    """Return each action with each resource, and for listings with each prefix, that documents allow."""
    for document in documents:
        for statement in document["Statement"]:
            if statement["Effect"] == "Allow":
                _require_known(statement)
                prefixes = _each(statement.get("Condition", {}).get("StringLike", {}).get(PREFIX, [None]))
                for action in _each(statement["Action"]):
                    for resource in _each(statement["Resource"]):
                        yield from (Permission(action, resource, prefix) for prefix in prefixes)


def _applies(statement: Statement, wanted: Permission, context: Mapping[str, str]) -> bool:
    _require_known(statement)
    return (
        any(fnmatchcase(wanted.action.lower(), one.lower()) for one in _each(statement["Action"]))
        and any(_like(wanted.resource, one) for one in _each(statement["Resource"]))
        and all(
            _holds(operator, _each(values), context.get(key))
            for operator, tests in statement.get("Condition", {}).items()
            for key, values in tests.items()
        )
    )


def _holds(operator: str, values: list[str], found: str | None) -> bool:
    """Whether one condition holds; a key that the request does not have fulfils no operator but those of absence."""
    match operator:
        case "StringEquals" | "Bool":
            return found in values
        case "StringLike":
            return found is not None and any(_like(found, value) for value in values)
        case "StringNotEqualsIfExists":
            return found not in values
        case "NumericLessThan":
            return found is not None and float(found) < float(values[0])
        case "Null":
            return (found is None) == (values == ["true"])
        case _:
            raise UnknownPolicyError(f"the operator {operator} of a condition")


def _like(text: str, pattern: str) -> bool:
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def _require_known(statement: Statement) -> None:
    if unknown := statement.keys() - _KNOWN:
        raise UnknownPolicyError(f"the elements {sorted(unknown)} of a statement")


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
