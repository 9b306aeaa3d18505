"""Judge the lifecycle rules of a bucket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from infra.doctor.checks import Judgement, ok, wrong
from infra.doctor.demands import spoken

KEPT = (
    "landing",
    "rejected",
    "ledger",
    "ledger-days",
    "seals",
    "chain",
    "published",
    "restatements",
)
"""The parts of a stream that no rule may expire."""
_NEVER_COLD = ("ledger", "ledger-days", "seals", "chain", "published", "restatements")
"""The parts that are read for as long as the stream lives."""
_INSTANT = frozenset({"STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"})
"""Classes whose objects are read without a restore."""
_ABORT = "a rule for the whole bucket with AbortIncompleteMultipartUpload: {DaysAfterInitiation: 7}"


def judge_rules(rules: Sequence[Mapping[str, Any]], stream: str, outage: timedelta) -> Judgement:
    """Judge the rules of a bucket for a stream.

    Args:
        rules: as S3 returns them.
        stream: prefix of the stream.
        outage: the longest outage of the landing job, whose uploads must survive it.
    """
    enabled = [rule for rule in rules if rule.get("Status") == "Enabled"]
    if faults := [fault for rule in enabled for fault in _faults(rule, stream)]:
        return wrong("; ".join(faults), "restrict the rule by a prefix outside of the stream, or remove it")
    days = [rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] for rule in enabled if _aborts(rule, stream)]
    if not days:
        return wrong("uploads that a killed job has left stay, and cost, for ever", _ABORT)
    if timedelta(days=min(days)) <= outage:
        return wrong(
            f"uploads are aborted after {min(days)} days: a job that was away for {spoken(outage)} cannot finish them",
            "raise DaysAfterInitiation",
        )
    return ok(f"{len(enabled)} rules; abandoned uploads end after {min(days)} days")


def _faults(rule: Mapping[str, Any], stream: str) -> Iterator[str]:
    named = rule.get("ID", "a rule without a name")
    if rule.get("Expiration", {}).keys() & {"Days", "Date"} and (parts := _reached(rule, stream, KEPT)):
        yield f"{named} expires {', '.join(parts)}"
    classes = {move.get("StorageClass") for move in rule.get("Transitions", [])}
    if classes and (parts := _reached(rule, stream, _NEVER_COLD)):
        yield f"{named} moves {', '.join(parts)} to a colder class"
    if (slow := sorted(classes - _INSTANT)) and _reached(rule, stream, ("landing",)):
        yield f"{named} moves landing to {', '.join(slow)}, which Snowflake cannot read without a restore"


def _reached(rule: Mapping[str, Any], stream: str, parts: Sequence[str]) -> list[str]:
    prefix = _prefix(rule)
    return [part for part in parts if f"{stream}/{part}/".startswith(prefix) or prefix.startswith(f"{stream}/{part}/")]


def _aborts(rule: Mapping[str, Any], stream: str) -> bool:
    return "AbortIncompleteMultipartUpload" in rule and f"{stream}/landing/".startswith(_prefix(rule))


def _prefix(rule: Mapping[str, Any]) -> str:
    """Return the prefix of a rule, in its old form, its filter, or the filter's conjunction; tags only narrow it."""
    found = rule.get("Filter", {})
    return str(rule.get("Prefix") or found.get("Prefix") or found.get("And", {}).get("Prefix") or "")
