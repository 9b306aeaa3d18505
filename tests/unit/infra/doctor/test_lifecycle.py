"""What a lifecycle rule may do to a stream."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from infra.doctor.checks import Judgement, Verdict
from infra.doctor.lifecycle import KEPT, judge_rules

ABORT: dict[str, Any] = {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}


def rule(prefix: str = "", **what: Any) -> dict[str, Any]:
    return {"ID": "rule", "Status": "Enabled", "Filter": {"Prefix": prefix}, **what}


def judged(*rules: dict[str, Any], outage_hours: float = 24) -> Judgement:
    return judge_rules([rule(**ABORT), *rules], "orders", timedelta(hours=outage_hours))


@pytest.mark.parametrize("part", KEPT)
@pytest.mark.parametrize("prefix", ["", "orders/", "orders/{part}/", "orders/{part}/2025/"])
def test_a_rule_that_expires_a_part_of_the_stream_is_wrong(part: str, prefix: str) -> None:
    """Whether it covers the bucket, the stream, the part, or something within."""
    found = judged(rule(prefix.format(part=part), Expiration={"Days": 90}))
    assert Verdict.WRONG is found.verdict
    assert "rule expires" in found.said
    assert part in found.said


@pytest.mark.parametrize(
    "harmless",
    [
        rule("orders-of-others/", Expiration={"Days": 1}),
        rule("tmp/", Expiration={"Days": 1}),
        {**rule("orders/seals/", Expiration={"Days": 1}), "Status": "Disabled"},
        rule("", Expiration={"ExpiredObjectDeleteMarker": True}),
        rule("", NoncurrentVersionExpiration={"NoncurrentDays": 30}),
        rule("orders/landing/", Transitions=[{"Days": 90, "StorageClass": "GLACIER_IR"}]),
    ],
)
def test_a_rule_that_loses_nothing_is_ok(harmless: dict[str, Any]) -> None:
    """Other prefixes, disabled rules, former versions, and a colder class that is read at once."""
    assert Verdict.OK is judged(harmless).verdict


@pytest.mark.parametrize(
    ("slow", "said"),
    [
        (rule("orders/seals/", Transitions=[{"Days": 30, "StorageClass": "GLACIER_IR"}]), "moves seals"),
        (rule("orders/landing/", Transitions=[{"Days": 30, "StorageClass": "DEEP_ARCHIVE"}]), "without a restore"),
    ],
)
def test_what_is_read_must_not_become_cold(slow: dict[str, Any], said: str) -> None:
    """The proof is read for ever; Snowflake restores nothing."""
    found = judged(slow)
    assert Verdict.WRONG is found.verdict
    assert said in found.said


@pytest.mark.parametrize("form", [{"Prefix": "orders/"}, {"Filter": {"And": {"Prefix": "orders/", "Tags": []}}}])
def test_every_form_of_a_prefix_is_read(form: dict[str, Any]) -> None:
    """The old form, and a conjunction."""
    found = judged({"ID": "old", "Status": "Enabled", "Expiration": {"Days": 1}, **form})
    assert "old expires landing" in found.said


def test_uploads_must_be_aborted_but_not_during_an_outage() -> None:
    """A rule for another prefix is none, and one that is too quick takes what a job would finish."""
    assert Verdict.WRONG is judge_rules([rule("tmp/", **ABORT)], "orders", timedelta(hours=24)).verdict
    assert Verdict.OK is judged(outage_hours=7 * 24 - 1).verdict
    assert Verdict.WRONG is judged(outage_hours=7 * 24).verdict
