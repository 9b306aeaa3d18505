"""A BI tool in memory, whose process can be killed at each of its effects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from orchestration.metapipeline.bi.workspace import Query, Report, Workspace
from orchestration.metapipeline.errors import BiError


class Killed(BaseException):
    """The process ended; nothing catches this."""


@dataclass
class FakeBiTool:
    """Implements `BiTool`. Tools of this kind have no archive time of their own, as Mode.

    Args:
        reports: by id.
        effects: what was changed, in order; `kill_at` ends the process before the effect of that position, and half a
            position later it ends after it.
        failing: ids whose changes are refused.
    """

    reports: dict[str, Report] = field(default_factory=dict)
    effects: list[str] = field(default_factory=list)
    kill_at: float | None = None
    failing: set[str] = field(default_factory=set)
    doubts: tuple[str, ...] = ()

    def read(self) -> Workspace:
        """Return everything; each report has one query."""
        reports = tuple(self.reports[report_id] for report_id in sorted(self.reports))
        queries = tuple(Query(f"q-{report.id}", report.id, "", "select 1") for report in reports)
        return Workspace("mode", "depot", reports, queries, doubts=self.doubts)

    def report(self, report_id: str) -> Report | None:
        """Return one report."""
        return self.reports.get(report_id)

    def archive(self, report_id: str, at: datetime) -> None:  # noqa: ARG002 (the interface)
        """Archive a report."""
        self.effect(f"archive {report_id}", lambda: self.change(report_id, archived=True))

    def unarchive(self, report_id: str) -> None:
        """Show a report again."""
        self.change(report_id, archived=False)

    def delete(self, report_id: str) -> None:
        """Delete a report."""
        self.effect(f"delete {report_id}", lambda: self.reports.pop(report_id, None))

    def change(self, report_id: str, **values: object) -> None:
        """Change a report as a person does."""
        self.reports[report_id] = replace(self.reports[report_id], **values)  # type: ignore[arg-type]

    def effect(self, name: str, act: Callable[[], object]) -> None:
        """Carry out one effect, unless the process is killed before or the tool refuses."""
        position = len(self.effects)
        if self.kill_at == position:
            raise Killed
        if name.partition(" ")[2] in self.failing:
            raise BiError(f"{name} is refused")
        act()
        self.effects.append(name)
        if self.kill_at == position + 0.5:
            raise Killed
