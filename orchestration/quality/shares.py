"""Compare how many records of an hour are rejected, odd or repeated with the limits of the stream. Pure."""

from __future__ import annotations

from orchestration.landing.clients.event_figures import EventFigures
from orchestration.landing.comparison.checks import Comparison
from orchestration.landing.proof.seal import Seal

Numbers = dict[str, int | float | str | list[str]]


def rejected_share(seal: Seal, limit: float | None) -> Comparison:
    """Compare the rejected records with all records of the hour; the numbers have the reasons."""
    numbers: Numbers = {"reasons": [f"{reason}: {count}" for reason, count in _by_count(seal.reasons)]}
    most = next((f", most of them {reason}" for reason, _ in _by_count(seal.reasons)), "")
    return _share(
        f"records of {seal.hour} are rejected{most}", seal.rejected, seal.accepted + seal.rejected, limit, numbers
    )


def unknown_types(seal: Seal, figures: EventFigures, limit: float | None) -> Comparison:
    """Compare the events whose type is not in the contract with all accepted records."""
    numbers: Numbers = {"unknown_type": figures.unknown_type or ""}
    named = f", as {figures.unknown_type!r}" if figures.unknown_type else ""
    return _share(
        f"records of {seal.hour} have an unknown type{named}", figures.unknown_types, figures.rows, limit, numbers
    )


def mistyped_payloads(seal: Seal, figures: EventFigures, limit: float | None) -> Comparison:
    """Compare the events that lack a field of their type with all accepted records."""
    numbers: Numbers = {"mistyped_type": figures.mistyped_type or ""}
    named = f", as {figures.mistyped_type}" if figures.mistyped_type else ""
    return _share(
        f"records of {seal.hour} lack a field of their type{named}", figures.mistyped, figures.rows, limit, numbers
    )


def duplicates(seal: Seal, figures: EventFigures, limit: float | None) -> Comparison:
    """Compare the records whose event has another record in the hour with all accepted records.

    Repeats of an event of another hour are counted by the model `event_counts_by_hour`, where a stream has one.
    """
    repeated = figures.rows - figures.events
    numbers: Numbers = {"events": figures.events}
    return _share(f"records of {seal.hour} repeat an event of the hour", repeated, figures.rows, limit, numbers)


def _share(what: str, count: int, total: int, limit: float | None, numbers: Numbers) -> Comparison:
    share = count / total if total else 0.0
    found: Numbers = {"records": count, "of": total, "share": round(share, 6), **numbers}
    sentence = f"{count} of {total} {what}"
    if limit is None:
        return Comparison(True, f"{sentence}; the stream has no limit", found)
    found["limit"] = limit
    return Comparison(share <= limit, f"{sentence}: {share:.2%}, the limit is {limit:.2%}", found)


def _by_count(reasons: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(reasons.items(), key=lambda one: (-one[1], one[0]))
