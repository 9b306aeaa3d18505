"""Compare the records of an hour with those of the same hour of earlier days."""

from __future__ import annotations

from statistics import median

from flink_jobs.contracts.layout import Hour
from orchestration.landing.comparison.checks import Comparison
from orchestration.landing.proof.evidence import Stream
from orchestration.landing.proof.seal import Seal
from orchestration.landing.publication import latest_publication_key
from orchestration.quality.shares import Numbers

HISTORY_DAYS = 7
HISTORY_DAYS_MIN = 3
"""Days with a published hour of the same time that a comparison needs; with fewer it passes."""
_HOURS_OF_A_DAY = 24


def records_of_earlier_days(stream: Stream, hour: Hour) -> list[int]:
    """Return the records of the same hour of the last days, newest first; days without a publication are left out.

    The key of a publication has the number of records of its seal, so one listing a day is enough.
    """
    hours = [hour.plus(-_HOURS_OF_A_DAY * day) for day in range(1, HISTORY_DAYS + 1)]
    kept = [earlier for earlier in hours if earlier >= stream.first_hour]
    found = [latest_publication_key(stream.bucket, stream.layout, earlier) for earlier in kept]
    return [key.records for key in found if key is not None]


def volume(seal: Seal, history: list[int], least: float | None, most: float | None) -> Comparison:
    """Compare the records of an hour with the median of the same hour of earlier days."""
    records = seal.accepted + seal.rejected
    numbers: Numbers = {"records": records, "days": len(history)}
    if len(history) < HISTORY_DAYS_MIN:
        return Comparison(True, f"{records} records; {_too_little(history)}", numbers)
    usual = median(history)
    numbers["median"] = float(usual)
    sentence = f"{records} records of {seal.hour}, {usual:g} is the median of {len(history)} earlier days"
    if not usual:
        return Comparison(True, f"{sentence}: no ratio", numbers)
    ratio = records / usual
    numbers |= {"ratio": round(ratio, 4)}
    if least is not None and ratio < least:
        return Comparison(False, f"{sentence}: {ratio:.2f} times, the least is {least:g}", numbers)
    if most is not None and ratio > most:
        return Comparison(False, f"{sentence}: {ratio:.2f} times, the most is {most:g}", numbers)
    return Comparison(True, f"{sentence}: {ratio:.2f} times", numbers)


def not_empty(seal: Seal, history: list[int]) -> Comparison:
    """Find an hour without records whose time of the day had records on every earlier day."""
    records = seal.accepted + seal.rejected
    numbers: Numbers = {"records": records, "days": len(history), "days_with_records": sum(map(bool, history))}
    if records:
        return Comparison(True, f"{records} records", numbers)
    if len(history) < HISTORY_DAYS_MIN:
        return Comparison(True, f"{seal.hour} is empty; {_too_little(history)}", numbers)
    if all(history):
        least = min(history)
        return Comparison(
            False,
            f"{seal.hour} is empty, and each of {len(history)} earlier days had at least {least} records in this hour: "
            "look at the producers",
            numbers,
        )
    return Comparison(True, f"{seal.hour} is empty, as it was on earlier days", numbers)


def _too_little(history: list[int]) -> str:
    return f"too little history: {len(history)} of {HISTORY_DAYS_MIN} days"
