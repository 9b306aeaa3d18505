from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

from orchestration.metapipeline.findings import Finding, FindingKind
from orchestration.metapipeline.owners.messages import (
    FINDINGS_MAX,
    PERIOD,
    MessageLog,
    OwnerMessage,
    read_log,
    slack_text,
)

NOW = datetime(2025, 8, 1, 3, tzinfo=UTC)
SLOW, UNUSED = FindingKind.SLOW_MODEL, FindingKind.UNUSED_MODEL


def finding(name: str, *owners: str, kind: FindingKind = SLOW, reason: str = "Its newest runs are slow.") -> Finding:
    return Finding(kind, f"model.p.{name}", name, reason, owners=owners)


def test_each_owner_gets_one_message_with_all_findings() -> None:
    """A finding of two owners is in both messages; one of nobody is in none."""
    found = [finding("a", "ana"), finding("b", "ana", "ben"), finding("c")]
    due = MessageLog().due(found, NOW)
    assert [("ana", ["a", "b"]), ("ben", ["b"])] == [(one.owner, [f.name for f in one.findings]) for one in due]


def test_an_owner_is_one_whatever_the_case() -> None:
    """Addresses of one person are spelled differently."""
    (message,) = MessageLog().due([finding("a", "Ana@example.com"), finding("b", "ana@EXAMPLE.com ")], NOW)
    log = MessageLog().sent(message, NOW)
    assert () == log.due([finding("a", "ANA@example.com")], NOW)


def test_the_same_finding_is_told_once_in_simulated_weeks() -> None:
    """Daily calls over 10 weeks with findings that come and go: never twice within a period, and never late."""
    random = Random(3)  # noqa: S311 (a simulation)
    names = [f"m{number}" for number in range(12)]
    log, told = MessageLog(), dict[tuple[str, str], datetime]()
    counts: Counter[tuple[str, str]] = Counter()
    for day in range(70):
        now = NOW + timedelta(days=day, seconds=random.uniform(-900, 900))
        present = [finding(name, "ana", "ben", reason=f"day {day}") for name in names if random.random() < 0.8]
        messages = log.due(present, now)
        assert len(messages) <= 2
        for message in messages:
            for one in message.findings:
                key = (message.owner, one.name)
                assert key not in told or now - told[key] >= PERIOD
                told[key] = now
                counts[key] += 1
            log = read_log(log.sent(message, now).to_text())
        for owner in ("ana", "ben"):
            assert all(now - told[owner, one.name] < PERIOD for one in present)
    assert all(8 <= count <= 10 for count in counts.values())


def test_another_kind_of_finding_is_another_finding() -> None:
    """A slow model that is unused as well is told twice."""
    (message,) = MessageLog().due([finding("a", "ana")], NOW)
    log = MessageLog().sent(message, NOW)
    (second,) = log.due([finding("a", "ana"), finding("a", "ana", kind=UNUSED)], NOW)
    assert [UNUSED] == [one.kind for one in second.findings]


def test_what_was_not_sent_is_due_again() -> None:
    """The log changes with a message that was sent, and with nothing else."""
    log = MessageLog()
    ana, ben = log.due([finding("a", "ana", "ben")], NOW)
    log = log.sent(ana, NOW)
    assert (ben,) == log.due([finding("a", "ana", "ben")], NOW)


def test_many_findings_come_in_several_messages() -> None:
    """None is lost: what does not fit is due at the next call."""
    found = [finding(f"m{number:02}", "ana") for number in range(FINDINGS_MAX + 5)]
    (first,) = MessageLog().due(found, NOW)
    assert (FINDINGS_MAX, 5) == (len(first.findings), first.more)
    (second,) = MessageLog().sent(first, NOW).due(found, NOW)
    assert (5, 0) == (len(second.findings), second.more)


def test_the_log_forgets_what_was_told_a_period_ago() -> None:
    """It does not grow with the models that were there once."""
    log = MessageLog()
    for week in range(20):
        now = NOW + PERIOD * week
        (message,) = log.due([finding(f"m{week}", "ana")], now)
        log = log.sent(message, now)
    assert {"ana": {"slow_model/model.p.m19": NOW + PERIOD * 19}} == log.told


def test_a_damaged_log_is_an_empty_one() -> None:
    """Owners are told again, rather than never."""
    assert MessageLog() == read_log(None) == read_log("{") == read_log('{"version": 2}')


def test_names_are_shown_and_mention_nobody() -> None:
    """A model or report may be called anything."""
    hostile = Finding(SLOW, "model.p.x", "<!channel>\n*x* & `y`\u202e", "r" * 500, owners=("<@U123>",))
    text = slack_text(OwnerMessage("<@U123>", (hostile,), more=3))
    assert "<" not in text
    assert ">" not in text
    assert "`" not in text
    assert "\u202e" not in text
    assert "• &lt;!channel&gt; *x* &amp; 'y': " + "r" * 199 + "…" in text.splitlines()
    assert "3 further findings come with the next message." == text.splitlines()[-1]
