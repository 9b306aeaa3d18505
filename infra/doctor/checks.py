"""A check, what it finds, and how a list of checks is examined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Area(StrEnum):
    """What a check asks."""

    BROKER = "broker"
    BUCKET = "bucket"
    SNOWFLAKE = "snowflake"
    DAGSTER = "dagster"
    LANDING_JOB = "landing-job"


class Verdict(StrEnum):
    """What a check found; `UNKNOWN`: it could not ask, or the server did not say."""

    OK = "ok"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The answer of a check.

    Args:
        verdict: ok, wrong or unknown.
        said: what was found, with the numbers.
        repair: what to do; empty where all is well.
    """

    verdict: Verdict
    said: str
    repair: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One question.

    Args:
        area: whom it asks.
        name: what it asks, `retention of topic platform-events`.
        judge: asks and judges; an error that it raises is a verdict `unknown` with the error's text.
        is_gate: whether the later checks of the area make no sense unless this one is ok.
    """

    area: Area
    name: str
    judge: Callable[[], Judgement]
    is_gate: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer of one check, as it is printed."""

    area: Area
    check: str
    verdict: Verdict
    said: str
    repair: str = ""


def ok(said: str) -> Judgement:
    """Return that all is well."""
    return Judgement(Verdict.OK, said)


def wrong(said: str, repair: str) -> Judgement:
    """Return what is wrong."""
    return Judgement(Verdict.WRONG, said, repair)


def unknown(said: str, repair: str = "") -> Judgement:
    """Return why it cannot be known."""
    return Judgement(Verdict.UNKNOWN, said, repair)


def examine(checks: Iterable[Check], errors: tuple[type[Exception], ...]) -> Iterator[Finding]:
    """Ask one check after the other and yield what it finds.

    Args:
        checks: in their order; a generator may hold connections open while its checks are asked.
        errors: of the clients; any other error is a mistake of ours and passes.
    """
    closed: dict[Area, str] = {}
    for check in checks:
        found = _judged(check, closed.get(check.area), errors)
        if check.is_gate and found.verdict is not Verdict.OK:
            closed[check.area] = check.name
        yield Finding(check.area, check.name, found.verdict, found.said, found.repair)


def _judged(check: Check, gate: str | None, errors: tuple[type[Exception], ...]) -> Judgement:
    if gate is not None:
        return unknown(f"not asked: first repair {gate!r}")
    try:
        return check.judge()
    except errors as exc:
        return unknown(str(exc))
