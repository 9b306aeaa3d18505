from __future__ import annotations

import pytest

from producers.sending.limits import TopicLimits, limits_of

HOUR_MS = 3_600_000
NOW_MS = 1_754_017_200_000


def test_the_limits_are_those_of_the_topic() -> None:
    """The broker names them under the names of its configuration."""
    asked = {
        "message.timestamp.type": "CreateTime",
        "message.timestamp.after.max.ms": "5000",
        "message.timestamp.before.max.ms": "86400000",
        "max.message.bytes": "300000",
    }
    assert TopicLimits(5_000, 86_400_000, 300_000, known=True) == limits_of(asked)


def test_brokers_before_3_6_have_one_limit_for_both_sides() -> None:
    """A configuration without the newer names is read, too."""
    assert TopicLimits(7_000, 7_000, 1_048_588, known=True) == limits_of(
        {"message.timestamp.difference.max.ms": "7000"}
    )


def test_a_topic_with_log_append_time_takes_every_record_time() -> None:
    """The broker replaces the time, and checks none."""
    limits = limits_of({"message.timestamp.type": "LogAppendTime", "message.timestamp.after.max.ms": "5000"})
    assert limits.refusal_of(NOW_MS + 10 * HOUR_MS, NOW_MS) is None


@pytest.mark.parametrize(
    ("milliseconds", "name"),
    [
        (NOW_MS + HOUR_MS, None),
        (NOW_MS + HOUR_MS + 1, "message.timestamp.after.max.ms of the topic"),
        (NOW_MS - 5_000, None),
        (NOW_MS - 5_001, "message.timestamp.before.max.ms of the topic"),
        (2**62, "message.timestamp.after.max.ms of the topic"),
    ],
)
def test_a_record_time_beyond_a_limit_is_refused_by_its_name(milliseconds: int, name: str | None) -> None:
    """The limit itself is allowed."""
    refusal = TopicLimits(HOUR_MS, 5_000, known=True).refusal_of(milliseconds, NOW_MS)
    assert (name is None) == (refusal is None)
    assert name is None or name in str(refusal)


def test_without_an_answer_kafkas_defaults_decide_and_are_called_so() -> None:
    """A record may lie an hour ahead, and as far behind as it likes."""
    assert TopicLimits().refusal_of(1, NOW_MS) is None
    assert "by Kafka's default" in str(TopicLimits().refusal_of(NOW_MS + HOUR_MS + 1, NOW_MS))
