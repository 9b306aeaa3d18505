"""Deliver the messages that are due."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Protocol

from orchestration.alerts.incidents import AlertState, Incident, Message
from orchestration.alerts.webhooks import AlertNotSentError

MESSAGES_MAX = 20
"""Messages that one call sends; the next call continues."""


class Channel(Protocol):
    """Where messages go."""

    def send(self, message: Message) -> None:
        """Deliver one message.

        Raises:
            AlertNotSentError: it was not delivered.
        """


def deliver(
    state: AlertState,
    found: Iterable[Incident],
    channels: Mapping[str, Channel],
    now: datetime,
    report: Callable[[str], None],
) -> AlertState:
    """Send what is due after the incidents `found` at `now`, and return the new state.

    A channel that does not take a message gets no further one in this call; what it missed is due at the next call. A
    process that dies between a message and the return of the state sends the message again: never less than once.
    """
    state = state.find(found, now)
    away: set[str] = set()
    for message in state.due(list(channels))[:MESSAGES_MAX]:
        if message.channel in away:
            continue
        try:
            channels[message.channel].send(message)
        except AlertNotSentError as exc:
            report(f"{exc}; the next tick tries again")
            away.add(message.channel)
        else:
            state = state.sent(message)
    return state
