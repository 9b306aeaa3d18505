"""Which messages are due: once per incident and channel, and once at its end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from orchestration.alerts.delivery import deliver
from orchestration.alerts.incidents import AlertState, Incident, Message, Occasion, read_state
from orchestration.alerts.webhooks import AlertNotSentError

NOW = datetime(2025, 8, 1, 4, tzinfo=UTC)


def incident(name: str) -> Incident:
    return Incident(key=name, title=f"{name} is wrong", detail="its cause", repair=f"hourglass repair {name}")


@dataclass
class FakeChannel:
    """Keeps what it was sent; refuses while it is away."""

    away: bool = False
    sent: list[tuple[Occasion, str]] = field(default_factory=list)

    def send(self, message: Message) -> None:
        """Keep the message."""
        if self.away:
            raise AlertNotSentError("away")
        self.sent.append((message.occasion, message.incident.key))


def ticks(*found: Iterable[str], slack: FakeChannel, state: AlertState | None = None) -> AlertState:
    """Deliver once for each group of names, a minute apart; the state passes as text, like a cursor."""
    state = state or AlertState()
    for minute, names in enumerate(found):
        at = NOW + timedelta(minutes=minute)
        state = deliver(read_state(state.to_text()), map(incident, names), {"slack": slack}, at, lambda _: None)
    return state


def test_an_incident_is_told_once_and_its_end_once() -> None:
    """However many ticks find it."""
    slack = FakeChannel()
    state = ticks("a", "ab", "ab", "b", "b", slack=slack)
    assert [
        (Occasion.OPENED, "a"),
        (Occasion.OPENED, "b"),
        (Occasion.RESOLVED, "a"),
    ] == slack.sent
    assert {"b"} == state.incidents.keys()


def test_what_a_channel_missed_it_is_told_later() -> None:
    """And the channel that took the message is not told again."""
    slack, plain = FakeChannel(away=True), FakeChannel()
    channels = {"slack": slack, "webhook": plain}
    said: list[str] = []
    state = deliver(AlertState(), [incident("a"), incident("b")], channels, NOW, said.append)
    slack.away = False
    deliver(state, [incident("a"), incident("b")], channels, NOW, said.append)
    assert slack.sent == plain.sent == [(Occasion.OPENED, "a"), (Occasion.OPENED, "b")]
    assert ["away; the next tick tries again"] == said


def test_an_incident_that_nobody_was_told_of_ends_without_a_message() -> None:
    """Its begin was never delivered: its end would only puzzle."""
    slack = FakeChannel(away=True)
    state = ticks("a", slack=slack)
    slack.away = False
    assert {} == ticks("", slack=slack, state=state).incidents
    assert [] == slack.sent


def test_an_incident_that_returns_is_a_new_one() -> None:
    """It is told again after its end was told."""
    slack = FakeChannel()
    ticks("a", "", "a", slack=slack)
    assert [Occasion.OPENED, Occasion.RESOLVED, Occasion.OPENED] == [occasion for occasion, _ in slack.sent]


def test_a_damaged_state_tells_again_and_loses_nothing() -> None:
    """Once too often is better than never."""
    slack = FakeChannel()
    for text in ("", "{", '{"version": 9}', "[]"):
        deliver(read_state(text), [incident("a")], {"slack": slack}, NOW, lambda _: None)
    assert [(Occasion.OPENED, "a")] * 4 == slack.sent


@given(st.lists(st.tuples(st.sets(st.sampled_from("abc")), st.booleans()), max_size=12))
def test_whatever_happens_each_begin_is_followed_by_one_end(history: list[tuple[set[str], bool]]) -> None:
    """After a last quiet tick with the channel there, begins and ends alternate and all are over."""
    slack, state = FakeChannel(), AlertState()
    for names, away in [*history, (set(), False)]:
        slack.away = away
        state = ticks(names, slack=slack, state=state)
    assert {} == state.incidents
    for name in "abc":
        told = [occasion for occasion, key in slack.sent if key == name]
        assert told == [Occasion.OPENED, Occasion.RESOLVED] * (len(told) // 2)
