"""Tell owners of findings, and remember it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestration.metapipeline.errors import SlackError
from orchestration.metapipeline.findings import Finding
from orchestration.metapipeline.owners.messages import PERIOD, MessageLog, OwnerMessage, slack_text
from orchestration.metapipeline.slack import Slack, SlackAwayError


@dataclass(frozen=True, slots=True)
class Told:
    """What one call did.

    Args:
        log: to keep for the next call.
        sent: messages that were sent, in order.
        failures: a sentence for each message that was not.
    """

    log: MessageLog
    sent: tuple[OwnerMessage, ...]
    failures: tuple[str, ...]


def tell_owners(  # noqa: PLR0913, PLR0917 (what one round of messages needs)
    log: MessageLog,
    findings: Iterable[Finding],
    now: datetime,
    send: Callable[[OwnerMessage], bool],
    period: timedelta = PERIOD,
    keep: Callable[[MessageLog], None] = lambda _: None,
) -> Told:
    """Send each owner the message that is due.

    A message that was not sent is due at the next call. One that Slack refuses does not hold up the others; while
    Slack is away, no further one is tried.

    Args:
        log: of the last call.
        findings: with their owners.
        now: UTC.
        send: returns whether the message was sent; False in a dry run. See `to_slack`.
        period: in which an owner is told of a finding once.
        keep: stores the log after each message, so that a process that dies sends none of them again.
    """
    sent: list[OwnerMessage] = []
    failures: list[str] = []
    for message in log.due(findings, now, period):
        try:
            if send(message):
                log = log.sent(message, now, period)
                keep(log)
                sent.append(message)
        except SlackAwayError as exc:
            failures.append(f"{exc}; the next run tells the owners")
            break
        except SlackError as exc:
            failures.append(f"the owner {message.owner!r} was not told: {exc}")
    return Told(log, tuple(sent), tuple(failures))


def to_slack(slack: Slack) -> Callable[[OwnerMessage], bool]:
    """Return the function that sends a message to its owner, or to the usual channel if Slack does not know them."""

    def send(message: OwnerMessage) -> bool:
        posted = slack.post(slack_text(message), slack.channel_of(message.owner))
        return not posted.dry_run

    return send
