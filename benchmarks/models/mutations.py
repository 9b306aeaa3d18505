# ruff: noqa: S608 - the SQL is dbt's own, and what is planted into it is written here
"""Mistakes in a model, planted into its compiled text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FROM = re.compile(r"\bfrom (AWS\.DEV\.\w+)", re.IGNORECASE)
_LISTED = re.compile(r"in \(('[A-Z_]+'(?:, '[A-Z_]+')+)\)")
_EQUAL = re.compile(r"event_type = '([A-Z_]+)'")
_DAY = re.compile(r"date_trunc\('day', (\w+)\)")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A model with one mistake.

    Args:
        kind: of the mistake.
        what: was changed.
        sql: the text of the model.
    """

    kind: str
    what: str
    sql: str


def mutants(sql: str) -> Iterator[Mutant]:
    """Yield the mistakes that can be made in a model; some change nothing, others are no SQL."""
    yield from _dropped(sql)
    yield from _multiplied(sql)
    yield from _filtered(sql)
    yield from _shifted(sql)
    yield from _exchanged(sql)


def _dropped(sql: str) -> Iterator[Mutant]:
    kind = "dropped rows"
    for found in _FROM.finditer(sql):
        relation = found[1]
        for what, condition in (
            ("an organization", "where organization <> 'org-1'"),
            ("rows without deployment", "where deployment is not null"),
            ("one row", "qualify row_number() over (order by organization) > 1"),
            ("half of the rows", "qualify row_number() over (order by organization) % 2 = 0"),
        ):
            yield _with_source(sql, found, f"(select * from {relation} {condition})", kind, f"{what} of {relation}")


def _multiplied(sql: str) -> Iterator[Mutant]:
    kind = "join that multiplies"
    for found in _FROM.finditer(sql):
        relation = found[1]
        twice = f"(select one.* from {relation} as one cross join (select 1 as n union all select 2) as two)"
        some = f"(select * from {relation} union all select * from {relation} where organization = 'org-2')"
        joined = (
            f"(select one.* from {relation} as one inner join "
            f"(select distinct organization, run_id from {relation}) as two on one.organization = two.organization)"
        )
        for what, text in (("every row", twice), ("an organization", some), ("by its runs", joined)):
            yield _with_source(sql, found, text, kind, f"{what} of {relation}")


def _filtered(sql: str) -> Iterator[Mutant]:
    kind = "wrong filter"
    for found in _LISTED.finditer(sql):
        values = found[1].split(", ")
        for value in values:
            others = ", ".join(one for one in values if one != value)
            yield _replaced(sql, found, f"in ({others})", kind, f"without {value}")
    for found in _EQUAL.finditer(sql):
        yield _replaced(sql, found, f"event_type <> '{found[1]}'", kind, f"all but {found[1]}")
    for text, other in (
        (" is not null", " is null"),
        ("left join", "inner join"),
        ("not passed", "passed"),
        ("> 0", "> 1"),
    ):
        for found in re.finditer(re.escape(text), sql):
            yield _replaced(sql, found, other, kind, f"{other.strip()} for {text.strip()}")


def _shifted(sql: str) -> Iterator[Mutant]:
    kind = "time off by one"
    for found in _DAY.finditer(sql):
        for hours in (1, -1):
            shifted = f"date_trunc('day', dateadd(hour, {hours}, {found[1]}))"
            yield _replaced(sql, found, shifted, kind, f"{hours} h at {found.start()}")
    for column in ("replication_hour", "occurred_at"):
        for found in re.finditer(rf"\b{column} as (\w+)", sql):
            shifted = f"dateadd(hour, 1, {column}) as {found[1]}"
            yield _replaced(sql, found, shifted, kind, f"{column} as {found[1]}")


def _exchanged(sql: str) -> Iterator[Mutant]:
    kind = "wrong aggregate"
    for text, other in (("count(*)", "count(distinct organization)"), ("sum(events)", "max(events)"), ("min(", "max(")):
        for found in re.finditer(re.escape(text), sql):
            yield _replaced(sql, found, other, kind, f"{other} for {text} at {found.start()}")


def _with_source(sql: str, found: re.Match[str], text: str, kind: str, what: str) -> Mutant:
    rest = sql[found.end() :].lstrip()
    alias = "" if rest.startswith("as ") else f" as {found[1].rpartition('.')[2]}"
    return Mutant(kind, what, f"{sql[: found.start(1)]}{text}{alias}{sql[found.end() :]}")


def _replaced(sql: str, found: re.Match[str], text: str, kind: str, what: str) -> Mutant:
    return Mutant(kind, what, sql[: found.start()] + text + sql[found.end() :])
