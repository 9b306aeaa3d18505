"""Change the BI tools and tell the owners. A dry run unless the document says `apply`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from orchestration.metapipeline.bi.workspace import BiTool, Workspace
from orchestration.metapipeline.findings import FindingKind, Found, Withheld, findings_of
from orchestration.metapipeline.graph.platform import report_id
from orchestration.metapipeline.judging.stale.apply import Result, Run
from orchestration.metapipeline.judging.stale.plan import ReportPlan
from orchestration.metapipeline.owners.messages import MessageLog, read_log
from orchestration.metapipeline.pipeline.change import Change
from orchestration.metapipeline.pipeline.clients import Clients
from orchestration.metapipeline.pipeline.steps import history_file

_MESSAGES = "messages.json"


def change_reports(
    clients: Clients, tools: Sequence[BiTool], workspaces: Sequence[Workspace], plans: Iterable[ReportPlan]
) -> Iterator[Change]:
    """Take the steps of the plans of all workspaces; nothing is changed in a dry run.

    Args:
        clients: of the document.
        tools: in the order of the workspaces.
        workspaces: as they were read for the plans.
        plans: one for each workspace.
    """
    for tool, workspace, plan in zip(tools, workspaces, plans, strict=True):
        file = history_file(clients.state, workspace)
        rules = clients.document.stale_reports
        run = Run(tool, rules, clients.clock, file.save, dry_run=not clients.document.apply)
        applied = run.apply(plan, file.load(workspace))
        if run.dry_run and plan.counts is not None:
            file.save(applied.history.with_counts(plan.counts))  # the next reading is compared with this one
        for outcome in applied.outcomes:
            action = type(outcome.step).__name__.removesuffix("Report").removesuffix("Record").lower()
            subject = report_id(workspace, outcome.step.report_id)
            yield Change(subject, action, outcome.result.value, outcome.reason, failed=outcome.result is Result.FAILED)


def inform_owners(clients: Clients, answers: Iterable[Found | Withheld]) -> Iterator[Change]:
    """Send each owner the findings of the period that were not sent yet; in a dry run they are only listed.

    Columns are in no message: a model may have hundreds, and most are not certain.
    """
    from orchestration.metapipeline.owners.telling import tell_owners, to_slack  # noqa: PLC0415 (imports requests)

    now, slack, kept = clients.clock.utc_now(), clients.slack(), clients.state.read(_MESSAGES)
    period = timedelta(days=clients.document.owners.period_days)
    findings = [one for one in findings_of(answers) if one.kind is not FindingKind.UNUSED_COLUMN]
    log, version = read_log(kept.content.decode() if kept else None), kept.version if kept else None
    if slack.settings.dry_run:
        due = log.due(findings, now, period)
        yield from (Change(one.owner, "tell", "would do", f"{len(one.findings):,} findings") for one in due)
        return

    def keep(log: MessageLog) -> None:
        nonlocal version
        version = clients.state.replace(_MESSAGES, log.to_text().encode(), version)

    told = tell_owners(log, findings, now, to_slack(slack), period, keep)
    yield from (Change(one.owner, "tell", "done", f"{len(one.findings):,} findings") for one in told.sent)
    yield from (Change("", "tell", "failed", failure, failed=True) for failure in told.failures)
