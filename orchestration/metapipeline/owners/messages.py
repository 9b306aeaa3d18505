"""Which owner gets which message: each finding once in a period. Pure: nothing is sent here.

The log is kept between two calls as versioned JSON. What is not recorded in it as sent is due again: a message is
sent never less than once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from orchestration.alerts.slack_text import escaped, one_line
from orchestration.metapipeline.findings import Finding, FindingKind

PERIOD = timedelta(days=7)
FINDINGS_MAX = 20
"""Findings in one message; further ones are due at the next call."""
_TEXT_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True)
class OwnerMessage:
    """The findings that one owner is told of now.

    Args:
        owner: address, user or team; text from the world.
        findings: at most `FINDINGS_MAX`.
        more: findings that are due as well and come with the next message.
    """

    owner: str
    findings: tuple[Finding, ...]
    more: int = 0


class MessageLog(BaseModel):
    """When each owner was told of each finding last: owner -> kind/subject -> time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    told: dict[str, dict[str, AwareDatetime]] = {}

    def due(self, findings: Iterable[Finding], now: datetime, period: timedelta = PERIOD) -> tuple[OwnerMessage, ...]:
        """List the messages that are due, one per owner, by owner; findings that nobody owns are in none.

        An owner was told of a finding less than a period ago: it is not due, whatever its reason says now.
        """
        by_owner: dict[str, dict[str, Finding]] = {}
        names: dict[str, str] = {}
        for finding in findings:
            for owner in finding.owners:
                key = _same_owner(owner)
                names.setdefault(key, owner)
                if not self._is_told(key, finding, now, period):
                    by_owner.setdefault(key, {}).setdefault(_key(finding), finding)
        return tuple(_message(names[key], list(by_owner[key].values())) for key in sorted(by_owner))

    def sent(self, message: OwnerMessage, now: datetime, period: timedelta = PERIOD) -> MessageLog:
        """Return the log after a message was sent; what was sent a period ago is forgotten."""
        kept = {
            owner: recent
            for owner, told in self.told.items()
            if (recent := {key: at for key, at in told.items() if now - at < period})
        }
        owner = _same_owner(message.owner)
        told = kept.get(owner, {}) | {_key(finding): now for finding in message.findings}
        return self.model_copy(update={"told": kept | {owner: told}})

    def to_text(self) -> str:
        """Write the log as JSON, with sorted keys."""
        ordered = {owner: dict(sorted(told.items())) for owner, told in sorted(self.told.items())}
        return self.model_copy(update={"told": ordered}).model_dump_json()

    def _is_told(self, owner: str, finding: Finding, now: datetime, period: timedelta) -> bool:
        at = self.told.get(owner, {}).get(_key(finding))
        return at is not None and now - at < period


def read_log(text: str | None) -> MessageLog:
    """Read a log; without text, or from damaged text, return the empty one: then owners are told again."""
    if not text:
        return MessageLog()
    try:
        return MessageLog.model_validate_json(text)
    except ValidationError:
        return MessageLog()


def _message(owner: str, findings: Sequence[Finding]) -> OwnerMessage:
    return OwnerMessage(owner, tuple(findings[:FINDINGS_MAX]), max(len(findings) - FINDINGS_MAX, 0))


def _key(finding: Finding) -> str:
    return f"{finding.kind.value}/{finding.subject}"


def _same_owner(owner: str) -> str:
    return owner.strip().casefold()


_TITLES: Mapping[FindingKind, str] = {
    FindingKind.STALE_REPORT: "Stale reports",
    FindingKind.DELETABLE_REPORT: "Archived reports that can be deleted",
    FindingKind.UNUSED_MODEL: "Models that nobody uses",
    FindingKind.UNUSED_COLUMN: "Columns that nobody reads",
    FindingKind.SLOW_MODEL: "Models that became slow",
    FindingKind.IMPORTANT_MODEL: "Important models that became slow",
    FindingKind.EXPOSURES: "Exposures to declare",
}


def slack_text(message: OwnerMessage) -> str:
    """Return the message in Slack's markup; every name in it is escaped, and no name can mention anybody."""
    return "\n".join(_lines(message))


def _lines(message: OwnerMessage) -> Iterator[str]:
    yield f"For {_shown(message.owner)}:"
    for kind in dict.fromkeys(finding.kind for finding in message.findings):
        yield f"*{_TITLES[kind]}*"
        for finding in message.findings:
            if finding.kind is kind:
                yield f"• {_shown(finding.name or finding.subject)}: {_shown(finding.reason)}"
    if message.more:
        yield f"{message.more} further findings come with the next message."


def _shown(text: str) -> str:
    return escaped(one_line(text, _TEXT_CHARACTERS_MAX))
