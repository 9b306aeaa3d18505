"""Plan today's changes of one repository, without a change anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from orchestration.metapipeline.changing.proposals.dbt_process import DbtProcess
from orchestration.metapipeline.changing.proposals.gate import DbtParser
from orchestration.metapipeline.changing.proposals.proposal import Inputs, plan_changes
from orchestration.metapipeline.changing.proposals.reading.lineage import node_ids
from orchestration.metapipeline.changing.proposals.reading.project import DbtProject
from orchestration.metapipeline.changing.proposals.steps import Plan, PlanKind, Refused
from orchestration.metapipeline.changing.repository.clone import Clone, cloned
from orchestration.metapipeline.changing.repository.host import GitHubHost
from orchestration.metapipeline.changing.repository.paths import require_allowed
from orchestration.metapipeline.changing.repository.settings import PullRequestSettings
from orchestration.metapipeline.errors import ProposalError, RepositoryError


@dataclass(frozen=True)
class Proposal:
    """The plans for one repository.

    Args:
        repository: its name.
        base_commit: that they were made on; they are stale once the base branch moves.
        plans: in the order in which they are applied.
        refused: findings without a plan, with the reason.
        warnings: of the token.
        answered: kinds of plans that the inputs could have given.
        nodes: enabled nodes of the base branch with what they read, for the gate.
    """

    repository: str
    base_commit: str
    plans: tuple[Plan, ...]
    refused: tuple[Refused, ...]
    warnings: tuple[str, ...] = ()
    answered: frozenset[PlanKind] = frozenset()
    nodes: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class ParsedBase:
    """The base branch of a repository, parsed before there was anything to propose.

    Args:
        commit: that was parsed.
        manifest: of the project.
    """

    commit: str
    manifest: Mapping[str, Any] = field(repr=False)


class ManifestParser(Protocol):
    """Parses a dbt project in full and without a warning, or raises `ProposalError`."""

    def manifest(self, project_dir: Path) -> Mapping[str, Any]:
        """Return the manifest of a project."""
        ...


def propose(
    inputs: Inputs,
    settings: PullRequestSettings,
    dbt: ManifestParser,
    host: GitHubHost | None = None,
    parsed: ParsedBase | None = None,
) -> Proposal:
    """Clone the base branch, parse it, and plan what is due; nothing is written to the host.

    Args:
        inputs: findings and evidence.
        settings: repository, host, grace times.
        dbt: parses the project.
        host: of the repository; the default is made from the settings.
        parsed: taken when the base branch is still at its commit.

    Raises:
        RepositoryError: the repository is not the one on the list, or git or the host failed.
        ProposalError: the base branch does not pass the gate before any change.
    """
    host = host or GitHubHost(settings.host, settings.repository)
    warnings = host.check_token()
    repository = host.repository()
    with cloned(settings.host, repository.clone_url, settings.repository.base) as clone:
        fresh = parsed if parsed is not None and parsed.commit == clone.base_commit else None
        base = fresh or _parsed(clone, settings, dbt)
        project = DbtProject(clone.files, base.manifest, settings.repository.project_folder)
        planned = plan_changes(project, inputs, settings.tombstones, clone.line_since, settings.exposures_path)
        plans, refused = [], list(planned.refused)
        for plan in planned.plans:
            try:
                require_paths(plan, clone, settings)
            except RepositoryError as exc:
                refused.append(Refused(plan.subject, str(exc)))
            else:
                plans.append(plan)
        return Proposal(
            repository=repository.name,
            base_commit=clone.base_commit,
            plans=tuple(plans),
            refused=tuple(refused),
            warnings=warnings,
            answered=planned.answered,
            nodes=node_ids(project.manifest),
        )


def parse_base(settings: PullRequestSettings, dbt: ManifestParser, host: GitHubHost | None = None) -> ParsedBase:
    """Clone the base branch and parse it, for a later `propose`; nothing is written to the host.

    Raises:
        RepositoryError: the repository is not the one on the list, or git or the host failed.
        ProposalError: the base branch does not pass the gate.
    """
    host = host or GitHubHost(settings.host, settings.repository)
    host.check_token()
    with cloned(settings.host, host.repository().clone_url, settings.repository.base) as clone:
        return _parsed(clone, settings, dbt)


def _parsed(clone: Clone, settings: PullRequestSettings, dbt: ManifestParser) -> ParsedBase:
    try:
        manifest = dbt.manifest(clone.git.folder / settings.repository.project_folder)
    except ProposalError as exc:
        raise ProposalError(f"the base branch {clone.base} does not pass before any change: {exc}") from exc
    return ParsedBase(clone.base_commit, manifest)


def parser(settings: PullRequestSettings, process: DbtProcess) -> DbtParser:
    """Return dbt as the settings want it."""
    chosen = settings.parser
    return DbtParser(
        process,
        warnings_allowed=chosen.warnings_allowed,
        environment=chosen.environment,
        seconds_max=chosen.seconds_max,
        install_packages=chosen.install_packages,
    )


def require_paths(plan: Plan, clone: Clone, settings: PullRequestSettings) -> None:
    """Compare the paths of a plan with the list.

    Raises:
        RepositoryError: one is not on it.
    """
    paths = [step.path for step in plan.steps]
    globs = (*settings.repository.paths, settings.exposures_path)
    require_allowed(paths, globs, clone.links, settings.repository.project_folder)
