"""Plan and open the pull requests of the dbt projects. A dry run unless the document says `apply`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType

from orchestration.metapipeline.changing.proposals.dbt_process import DbtProcess
from orchestration.metapipeline.changing.proposals.proposal import NO_COLUMNS, Inputs
from orchestration.metapipeline.changing.repository.apply import State, apply
from orchestration.metapipeline.changing.repository.propose import ParsedBase, Proposal, parse_base, parser, propose
from orchestration.metapipeline.errors import MetapipelineError
from orchestration.metapipeline.findings import Found, Withheld
from orchestration.metapipeline.graph.nodes import PlatformGraph
from orchestration.metapipeline.pipeline.change import Change
from orchestration.metapipeline.pipeline.clients import Clients, Report
from orchestration.metapipeline.pipeline.document import DbtProjectDocument
from orchestration.metapipeline.pipeline.steps import Usage
from orchestration.metapipeline.text import one_line

ParsedBases = Mapping[str, ParsedBase]
"""The base branches that are parsed, by the path of the project's manifest."""
_NONE_PARSED: ParsedBases = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ProjectProposal:
    """The pull requests of one dbt project.

    Args:
        manifest: of the project.
        proposal: the plans; None when there are none to be made.
        reason: why there is no proposal; empty otherwise.
    """

    manifest: str
    proposal: Proposal | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Repositories:
    """The repositories of the dbt projects of a document.

    Args:
        clients: of the document.
        dbt: parses the projects.
        report: takes lines of progress.
    """

    clients: Clients
    dbt: DbtProcess
    report: Report

    def parse_bases(self) -> ParsedBases:
        """Parse the base branch of each project before there is anything to propose.

        The first parse of a process takes three times as long as the next one. A project that cannot be parsed is left
        out: `propose` will say why.
        """
        found = {}
        for project in self.clients.document.dbt_projects:
            settings = self.clients.pull_requests(project)
            if settings is not None:
                self.dbt.start()  # it imports dbt while the repository is cloned
                with suppress(MetapipelineError):
                    found[str(project.manifest)] = parse_base(settings, parser(settings, self.dbt))
        return found

    def propose(
        self,
        unused: Found | Withheld,
        columns: Found | Withheld,
        usage: Usage,
        graph: PlatformGraph | None,
        parsed: ParsedBases = _NONE_PARSED,
    ) -> tuple[ProjectProposal, ...]:
        """Plan the pull requests of each project on a clone of its base branch; the hosts are only read.

        Args:
            unused: the answer about unused models.
            columns: the answer about unused columns; the certain ones are removed when the document wants it.
            usage: a use in the time of grace takes a removal back.
            graph: for the exposures; None leaves them as they are, as when a BI tool was read in part.
            parsed: the base branches that were parsed before; one that has moved since is parsed again.
        """
        now = self.clients.clock.utc_now()
        wanted = columns if self.clients.document.git.columns else NO_COLUMNS
        inputs = Inputs(unused, usage.uses, usage.window, graph, now, wanted)
        projects = self.clients.document.dbt_projects
        return tuple(self._proposal(project, inputs, parsed.get(str(project.manifest))) for project in projects)

    def _proposal(self, project: DbtProjectDocument, inputs: Inputs, parsed: ParsedBase | None) -> ProjectProposal:
        name, settings = str(project.manifest), self.clients.pull_requests(project)
        if settings is None:
            reason = "no repository" if project.repository is None else "no token: set HOURGLASS_GITHUB_TOKEN"
            return ProjectProposal(name, reason=reason)
        self.report(f"planning the pull requests of {settings.repository.name}")
        self.dbt.start()  # it imports dbt while the repository is cloned
        try:
            return ProjectProposal(name, propose(inputs, settings, parser(settings, self.dbt), parsed=parsed))
        except MetapipelineError as exc:  # one project that cannot be read does not withhold the others
            return ProjectProposal(name, reason=str(exc))

    def change(self, proposals: tuple[ProjectProposal, ...]) -> Iterator[Change]:
        """Open or update the pull requests; in a dry run each plan is only listed."""
        for project, proposed in zip(self.clients.document.dbt_projects, proposals, strict=True):
            if proposed.proposal is not None:
                yield from self._change(project, proposed.proposal)

    def _change(self, project: DbtProjectDocument, proposal: Proposal) -> Iterator[Change]:
        settings = self.clients.pull_requests(project)
        if settings is None or not self.clients.document.apply:
            yield from (Change(one.subject, one.kind.value, "would propose", one.reason) for one in proposal.plans)
            return
        self.report(f"opening pull requests of {proposal.repository}")
        for outcome in apply(proposal, settings, parser(settings, self.dbt)):
            subject, action = (outcome.plan.subject, outcome.plan.kind.value) if outcome.plan else ("", "withdraw")
            failed = outcome.state is State.REFUSED
            yield Change(subject, action, outcome.state.value, outcome.reason, outcome.url, failed)


def proposal_lines(project: ProjectProposal) -> Iterator[str]:
    """Yield the plans of a project for people."""
    if project.proposal is None:
        yield f"Pull requests of {project.manifest}: none; {one_line(project.reason)}"
        return
    plans = project.proposal.plans
    yield f"Pull requests to {project.proposal.repository} ({len(plans):,})"
    for plan in plans:
        yield from (f"  {one_line(line)}" for line in plan.lines())
    for refused in project.proposal.refused:
        yield f"  no plan for {one_line(refused.subject)}: {one_line(refused.reason)}"
    yield from (f"  {one_line(warning)}" for warning in project.proposal.warnings)
