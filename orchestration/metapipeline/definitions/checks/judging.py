"""Whether the graph holds what was read, and whether the questions about it are answered."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from orchestration.metapipeline.definitions.checks.check import ERROR, WARN, check, listed
from orchestration.metapipeline.findings import Found, Withheld, findings_of
from orchestration.metapipeline.graph.nodes import GapKind, NodeKind, PlatformGraph
from orchestration.metapipeline.graph.platform import Platform
from orchestration.metapipeline.judging.importance import Importance
from orchestration.metapipeline.judging.stale.plan import ReportPlan
from orchestration.metapipeline.pipeline.document import MetapipelineDocument
from orchestration.metapipeline.usage.credits import Bill, ModelCredits

_CREDITS_EQUAL = 1e-6
"""Difference that sums of floats may have."""


@check(ERROR)
def every_model_is_in_the_graph(platform_graph: Platform, dbt_projects: tuple[PlatformGraph, ...]) -> str | None:
    """A model that the graph lacks is judged by nobody, and what it reads looks unused."""
    known = platform_graph.graph.by_id
    return listed(
        [
            f"{model} is missing"
            for project in dbt_projects
            for model in project.of_kind(NodeKind.MODEL)
            if model not in known
        ]
    )


@check(WARN)
def every_query_is_understood(platform_graph: Platform) -> str | None:
    """A query that is not understood may read anything that looks unused."""
    unread = [gap for gap in platform_graph.graph.gaps if gap.kind in {GapKind.DYNAMIC, GapKind.UNPARSABLE}]
    return f"{len(unread):,} queries, such as {unread[0].reader}: {unread[0].reason}" if unread else None


@check(WARN)
def gaps_are_few(platform_graph: Platform, document: MetapipelineDocument) -> str | None:
    """Many readers with a gap are one missing source, such as a project or the defaults of a connection."""
    graph = platform_graph.graph
    queries = frozenset(graph.of_kind(NodeKind.QUERY))
    readers = {gap.reader for gap in graph.gaps if gap.kind not in (GapKind.ASSUMED, GapKind.UNDECLARED)}
    return _many(len(readers & queries), len(queries), document.checks.gap_share, "queries have a gap") or _many(
        len(readers - queries), len(graph.nodes) - len(queries), document.checks.gap_share, "other nodes have a gap"
    )


@check(ERROR)
def importance_covers_every_model(model_importance: tuple[Importance, ...], platform_graph: Platform) -> str | None:
    """A model without a score is never flagged."""
    scored = {row.unique_id for row in model_importance}
    return listed(
        [f"{model} has no score" for model in platform_graph.graph.of_kind(NodeKind.MODEL) if model not in scored]
    )


@check(ERROR)
def credits_add_up(model_credits: tuple[ModelCredits, ...], bill: Bill) -> str | None:
    """The metered credits are those of the models and the rest."""
    if bill.metered is None:
        return None
    divided = math.fsum([*(row.credits - row.estimated for row in model_credits), bill.rest])
    if math.isclose(divided, bill.metered, rel_tol=_CREDITS_EQUAL, abs_tol=_CREDITS_EQUAL):
        return None
    return f"{divided:,.6f} credits are divided, and {bill.metered:,.6f} are metered"


@check(WARN)
def the_rest_is_small(bill: Bill, document: MetapipelineDocument) -> str | None:
    """A warehouse whose credits no model used is named wrongly, idles, or works for others."""
    if bill.metered is None:
        return None
    warehouse, share = document.credits.warehouse, document.checks.rest_share
    if not bill.metered:
        return f"no hour of the warehouse {warehouse!r} is metered: give its name as Snowflake stores it"
    if bill.rest <= share * bill.metered:
        return None
    return (
        f"no model used {bill.rest:,.2f} of {bill.metered:,.2f} metered credits of {warehouse}, more than {share:.0%}"
    )


@check(WARN)
def stale_reports_are_answered(stale_reports: tuple[ReportPlan, ...]) -> str | None:
    """An empty, partial or suddenly halved workspace stops everything."""
    return _withheld(plan.stale for plan in stale_reports)


@check(WARN)
def unused_models_are_answered(unused_models: Found | Withheld) -> str | None:
    """A withheld answer is no answer: somebody has to give what it lacks."""
    return _withheld([unused_models])


@check(WARN)
def models_have_owners(
    platform_graph: Platform, owners: Mapping[str, Sequence[str]], document: MetapipelineDocument
) -> str | None:
    """A finding about a model that nobody owns reaches nobody."""
    models = platform_graph.graph.of_kind(NodeKind.MODEL)
    unowned = sum(not owners.get(model) for model in models)
    wrong = _many(unowned, len(models), document.checks.unowned_share, "models have no owner")
    return f"{wrong}: name an owners.fallback, or a checkout with CODEOWNERS" if wrong else None


@check(WARN)
def unused_columns_are_answered(unused_columns: Found | Withheld) -> str | None:
    """Columns are followed through the compiled SQL of the models."""
    return _withheld([unused_columns])


@check(WARN)
def columns_are_certain(unused_columns: Found | Withheld, document: MetapipelineDocument) -> str | None:
    """Columns that may be read after all are proposed to nobody; one that only a test names waits for an edit of it."""
    found = findings_of([unused_columns])
    doubted = sum(bool(one.numbers.get("may_be_read")) for one in found)
    return _many(doubted, len(found), document.checks.doubted_share, "listed columns may be read after all")


@check(WARN)
def slow_models_have_owners(slow_models: tuple[Found | Withheld, ...]) -> str | None:
    """A model that became slow is flagged to its owner; without one, nobody is told."""
    unowned = sorted({one.subject for one in findings_of(slow_models) if not one.owners})
    return f"nobody owns {listed(unowned)}" if unowned else None


def _withheld(answers: Iterable[Found | Withheld]) -> str | None:
    return listed([answer.reason for answer in answers if isinstance(answer, Withheld)])


def _many(count: int, among: int, share: float, what: str) -> str | None:
    return f"{count:,} of {among:,} {what}, more than {share:.0%}" if count > share * among else None
