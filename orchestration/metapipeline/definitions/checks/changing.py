"""Whether a change failed: the tool or the host refused, or the project does not parse. Somebody must act."""

from __future__ import annotations

from orchestration.metapipeline.definitions.checks.check import ERROR, check, listed
from orchestration.metapipeline.pipeline.change import Change


@check(ERROR)
def no_report_failed(archived_reports: tuple[Change, ...]) -> str | None:
    """Every report was changed, or left alone for a reason that needs nobody."""
    return _failed(archived_reports)


@check(ERROR)
def no_pull_request_failed(pull_requests: tuple[Change, ...]) -> str | None:
    """Every plan has its pull request, or waits for a reason that needs nobody."""
    return _failed(pull_requests)


@check(ERROR)
def no_message_failed(owner_messages: tuple[Change, ...]) -> str | None:
    """Every owner was told."""
    return _failed(owner_messages)


def _failed(changes: tuple[Change, ...]) -> str | None:
    return listed([change.line() for change in changes if change.failed])
