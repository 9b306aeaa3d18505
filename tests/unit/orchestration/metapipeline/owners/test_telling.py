from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from infra.local.slack_server.server import TOKEN, Fault, SlackServer
from infra.local.slack_server.workspace import Workspace
from orchestration.metapipeline.errors import SlackError
from orchestration.metapipeline.findings import Finding, FindingKind
from orchestration.metapipeline.owners.messages import MessageLog, OwnerMessage, read_log
from orchestration.metapipeline.owners.telling import Told, tell_owners, to_slack
from orchestration.metapipeline.slack import Slack, SlackAwayError, SlackSettings

NOW = datetime(2025, 8, 1, 3, tzinfo=UTC)
FINDINGS = [
    Finding(FindingKind.SLOW_MODEL, "model.p.orders", "orders", "It is slow.", owners=("ana@example.com", "@team")),
    Finding(FindingKind.UNUSED_MODEL, "model.p.old", "old", "Nobody reads it.", owners=("@team",)),
]


def settings(base_url: str, **changed: object) -> SlackSettings:
    fields = {"token": SecretStr(TOKEN), "base_url": base_url, "dry_run": False, "attempts_max": 1} | changed
    return SlackSettings.model_validate(fields)


def test_owners_are_told_by_slack_once() -> None:
    """A person directly, a team in the channel; the next call says nothing, and a lost message comes again."""
    server = SlackServer(Workspace({"data-platform": "C1"}, {"ana@example.com": "U1"}))
    failures: list[str] = []
    with server.serving() as base_url:
        send = to_slack(Slack(settings(base_url), sleep=lambda _: None))
        server.faults.append(Fault(503))
        log = MessageLog()
        for day in range(4):
            told = tell_owners(log, FINDINGS, NOW + timedelta(days=day), send)
            log = read_log(told.log.to_text())
            failures += told.failures
    assert ["C1", "U1"] == [message.channel for message in server.workspace.messages]
    team, ana = (message.text for message in server.workspace.messages)
    assert "• orders: It is slow." in ana
    assert "old" not in ana
    assert "• old: Nobody reads it." in team
    assert 1 == len(failures)


def test_a_dry_run_remembers_nothing() -> None:
    """The first real run still tells the owners."""
    send = to_slack(Slack(settings("http://127.0.0.1:9/api/", dry_run=True)))
    assert Told(MessageLog(), (), ()) == tell_owners(MessageLog(), FINDINGS, NOW, send)


def test_a_refusal_holds_up_nobody_and_an_outage_everybody() -> None:
    """What was not sent is due again."""
    tried: list[str] = []

    def refusing(message: OwnerMessage) -> bool:
        tried.append(message.owner)
        if message.owner == "@team":
            raise SlackError("channel_not_found")
        return True

    def away(message: OwnerMessage) -> bool:
        tried.append(message.owner)
        raise SlackAwayError("away")

    told = tell_owners(MessageLog(), FINDINGS, NOW, refusing)
    assert (["@team", "ana@example.com"], ["ana@example.com"]) == (tried, list(told.log.told))
    assert ("the owner '@team' was not told: channel_not_found",) == told.failures
    assert ["ana@example.com"] == [message.owner for message in told.sent]
    tried.clear()
    assert MessageLog() == tell_owners(MessageLog(), FINDINGS, NOW, away).log
    assert ["@team"] == tried
