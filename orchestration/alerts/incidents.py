"""What needs a person, and which messages about it are due. Pure: nothing is sent here.

The state is kept between two calls as versioned JSON. It holds each open incident, and the channels that were told of
it: a channel that was away is told later, and the others are not told twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError


class Incident(BaseModel):
    """Something that needs a person.

    Args:
        key: the same incident has the same key at every call, such as `platform-events/stuck/2025-08-01T03`.
        title: one sentence: what is wrong.
        detail: what is known of its cause.
        repair: what to do: a command, or what to change.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    title: str
    detail: str
    repair: str


class Occasion(StrEnum):
    """Why a message is sent."""

    OPENED = "opened"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one channel. `since` is when the incident was found first."""

    channel: str
    occasion: Occasion
    incident: Incident
    since: datetime


class OpenIncident(BaseModel):
    """An incident, when it was found first, whether it is over, and the channels that know of its begin."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    incident: Incident
    since: AwareDatetime
    told: frozenset[str] = frozenset()
    over: bool = False


class AlertState(BaseModel):
    """The open incidents by key, and those whose end is still to be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    incidents: dict[str, OpenIncident] = {}

    def find(self, found: Iterable[Incident], now: datetime) -> AlertState:
        """Return the state with what was found at `now`; an incident that is not found any more is over.

        An incident that comes back before its end was told is still the same one. What nobody was told of and is over
        is dropped.
        """
        present = {incident.key: incident for incident in found}
        incidents = {
            key: known.model_copy(update={"incident": present.get(key, known.incident), "over": key not in present})
            for key, known in self.incidents.items()
            if key in present or known.told
        }
        new = {key: OpenIncident(incident=one, since=now) for key, one in present.items() if key not in incidents}
        return self.model_copy(update={"incidents": incidents | new})

    def due(self, channels: Sequence[str]) -> list[Message]:
        """List the messages that are due, oldest incident first; a channel hears the end of what it was told of."""
        messages = []
        for known in sorted(self.incidents.values(), key=lambda one: (one.since, one.incident.key)):
            occasion = Occasion.RESOLVED if known.over else Occasion.OPENED
            messages += [
                Message(channel, occasion, known.incident, known.since)
                for channel in channels
                if (channel in known.told) == known.over
            ]
        return messages

    def sent(self, message: Message) -> AlertState:
        """Return the state after a message was delivered; an incident is dropped when its end is told everywhere."""
        known = self.incidents[message.incident.key]
        opened = message.occasion is Occasion.OPENED
        told = known.told | {message.channel} if opened else known.told - {message.channel}
        incidents = {**self.incidents, message.incident.key: known.model_copy(update={"told": told})}
        if known.over and not told:
            del incidents[message.incident.key]
        return self.model_copy(update={"incidents": incidents})

    def to_text(self) -> str:
        """Write the state as JSON."""
        ordered = {key: self.incidents[key] for key in sorted(self.incidents)}
        return self.model_copy(update={"incidents": ordered}).model_dump_json()


def read_state(text: str | None) -> AlertState:
    """Read a state; without text, or from damaged text, return the empty one: then open incidents are told again."""
    if not text:
        return AlertState()
    try:
        return AlertState.model_validate_json(text)
    except ValidationError:
        return AlertState()
