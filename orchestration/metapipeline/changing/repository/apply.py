"""Open and update pull requests, one per finding; every step may be repeated after a kill."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from orchestration.metapipeline.changing.proposals.gate import require_only_planned
from orchestration.metapipeline.changing.proposals.steps import Plan, apply_steps, preconditions
from orchestration.metapipeline.changing.repository.body import (
    body,
    evidence_key,
    finding_key,
    marked,
    title,
    withdrawn,
)
from orchestration.metapipeline.changing.repository.clone import OUR_BRANCHES, Clone, RemoteBranch, cloned
from orchestration.metapipeline.changing.repository.host import GitHubHost, PullRequest
from orchestration.metapipeline.changing.repository.propose import ManifestParser, Proposal, require_paths
from orchestration.metapipeline.changing.repository.settings import PullRequestSettings
from orchestration.metapipeline.errors import MetapipelineError, ProposalError

_LOG = logging.getLogger(__name__)
Recheck = Callable[[Plan], str | None]
"""Plan -> why its evidence does not hold any more; None while it holds."""


class State(StrEnum):
    """How a plan ended."""

    OPENED = "opened"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    """The open pull request holds this plan already."""
    DECLINED = "declined"
    """A person closed its pull request, or pushed to its branch: it is theirs."""
    POSTPONED = "postponed"
    """The limit of open pull requests is reached, or another one of this finding is open."""
    STALE = "stale"
    """The base branch or the evidence moved since the plan: plan again."""
    REFUSED = "refused"
    """The changed project does not pass the gate, or the host refused."""
    WITHDRAWN = "withdrawn"
    """An open pull request whose finding does not hold any more was closed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one plan, or one open pull request without a plan, ended.

    Args:
        plan: the plan; None for a pull request that was withdrawn.
        state: how it ended.
        reason: one sentence; empty where the state says it.
        url: of the pull request, where there is one.
    """

    plan: Plan | None
    state: State
    reason: str = ""
    url: str = ""


def apply(
    proposal: Proposal,
    settings: PullRequestSettings,
    dbt: ManifestParser,
    host: GitHubHost | None = None,
    recheck: Recheck = lambda _: None,
) -> tuple[Outcome, ...]:
    """Withdraw the open pull requests whose finding is gone, then open or update the one of each plan.

    1. Read the repository by its number; its name must be that of the list.
    2. Clone the base branch; it must be at the commit of the proposal.
    3. Per plan, search the pull requests of its branch and of its finding, the closed ones, too.
    4. Ask `recheck`, and compare the files with the preconditions of the plan.
    5. Change the files, parse the project, commit with the plan's date.
    6. Push, unless the host has a commit of this plan on the same base; a branch with a person's commit is left alone.
    7. Search again, then open the pull request; or write title and body where they differ.

    A kill between two steps leaves nothing, or a branch without a pull request, which the next call finds. One plan
    that fails does not stop the others.

    Args:
        proposal: the plans.
        settings: those of the proposal.
        dbt: parses the changed project.
        host: of the repository; the default is made from the settings.
        recheck: asks again, right before the change, whether the evidence of a plan holds.

    Raises:
        RepositoryError: the repository is not the one on the list, or the clone failed.
    """
    host = host or GitHubHost(settings.host, settings.repository)
    host.check_token()
    repository = host.repository()
    with cloned(settings.host, repository.clone_url, settings.repository.base) as clone:
        if clone.base_commit != proposal.base_commit:
            reason = f"{clone.base} moved from {proposal.base_commit[:12]} to {clone.base_commit[:12]}"
            return tuple(Outcome(plan, State.STALE, reason) for plan in proposal.plans)
        publication = _Publication(proposal, settings, host, clone, dbt, recheck)
        return (*publication.withdraw(), *(publication.outcome(plan) for plan in proposal.plans))


@dataclass(frozen=True)
class _Publication:
    """The plans of one proposal on their way to the host."""

    proposal: Proposal
    settings: PullRequestSettings
    host: GitHubHost
    clone: Clone
    dbt: ManifestParser
    recheck: Recheck

    def withdraw(self) -> Iterator[Outcome]:
        """Close our open pull requests that no plan of today wants, unless a person has pushed to one."""
        wanted = {plan.branch for plan in self.proposal.plans}
        for pull in self.host.pull_requests(only_open=True):
            kind = pull.branch.removeprefix(OUR_BRANCHES).partition("-")[0]
            if pull.branch in wanted or kind not in self.proposal.answered or not marked(pull.body):
                continue
            try:
                yield from self._withdrawn(pull)
            except MetapipelineError as exc:
                yield Outcome(None, State.REFUSED, str(exc), pull.url)

    def _withdrawn(self, pull: PullRequest) -> Iterator[Outcome]:
        remote = self.clone.remote_branch(pull.branch)
        if remote is not None and remote.ours:
            reason = "its finding does not hold any more"
            self.host.close(pull, withdrawn(pull.body, reason))
            yield Outcome(None, State.WITHDRAWN, reason, pull.url)

    def outcome(self, plan: Plan) -> Outcome:
        try:
            outcome = self._publish(plan)
        except MetapipelineError as exc:
            outcome = Outcome(plan, State.REFUSED, str(exc))
        _LOG.info("%s %s: %s %s", plan.kind, plan.subject, outcome.state, outcome.reason)
        return outcome

    def _publish(self, plan: Plan) -> Outcome:
        require_paths(plan, self.clone, self.settings)
        pulls = self.host.pull_requests(plan.branch)
        existing = next((pull for pull in pulls if pull.is_open), None)
        if existing is None and (obstacle := self._obstacle(plan, pulls)):
            return obstacle
        if reason := self.recheck(plan) or _moved(plan, self.clone.files):
            return Outcome(plan, State.STALE, reason, existing.url if existing else "")
        remote = self.clone.remote_branch(plan.branch)
        if remote is not None and not remote.ours:
            return Outcome(
                plan, State.DECLINED, f"a person has pushed to {plan.branch}", existing.url if existing else ""
            )
        pushed = self._push(plan, remote)
        if existing is None:
            return Outcome(plan, State.OPENED, "", self.host.create(plan.branch, title(plan), body(plan)).url)
        if not pushed and existing.title == title(plan) and _same(existing.body, body(plan)):
            return Outcome(plan, State.UNCHANGED, "", existing.url)
        self.host.update(existing, title(plan), body(plan))
        return Outcome(plan, State.UPDATED, "", existing.url)

    def _obstacle(self, plan: Plan, pulls: Sequence[PullRequest]) -> Outcome | None:
        """Return why no new pull request is opened; None when one is."""
        declined = (pull for pull in pulls if not pull.is_open and not pull.is_merged)
        for pull in declined:
            found = marked(pull.body)
            if found and found[2] == evidence_key(plan):
                return Outcome(plan, State.DECLINED, f"#{pull.number} was closed; its evidence is the same", pull.url)
        ours = [pull for pull in self.host.pull_requests(only_open=True) if pull.branch.startswith(OUR_BRANCHES)]
        for pull in ours:
            found = marked(pull.body)
            if found and found[0] == finding_key(plan.subject):
                return Outcome(plan, State.POSTPONED, f"#{pull.number} of this finding is open", pull.url)
        if len(ours) >= self.settings.host.open_max:
            return Outcome(plan, State.POSTPONED, f"{len(ours)} pull requests are open: merge or close one")
        return None

    def _push(self, plan: Plan, remote: RemoteBranch | None) -> bool:
        """Bring the plan's commit to the host; return whether that changed its branch."""
        if remote is not None and remote.digest == plan.digest:
            return False
        commit = self._commit(plan)
        if remote is not None and remote.commit == commit:
            return False
        self.host.repository()
        self.clone.push(plan.branch, commit, remote)
        return True

    def _commit(self, plan: Plan) -> str:
        """Change the files of a clean work tree, let dbt parse them, and commit them."""
        changed = apply_steps(self.clone.files, plan.steps)
        self.clone.check_out()
        self.clone.write(changed)
        folder = self.clone.git.folder / self.settings.repository.project_folder
        try:
            after = self.dbt.manifest(folder)
        except ProposalError as exc:
            raise ProposalError(f"the changed project does not pass: {exc}") from exc
        require_only_planned(self.proposal.nodes, after, plan.gone)
        return self.clone.commit(changed, title(plan), plan.digest, plan.as_of)


def _moved(plan: Plan, files: dict[str, str]) -> str | None:
    found = dict(preconditions(files, plan.steps))
    moved = [path for path, digest in plan.files if found.get(path) != digest]
    return f"{', '.join(moved)} changed since the plan" if moved else None


def _same(shown: str, wanted: str) -> bool:
    """Compare two bodies as a host may return them: with other line ends, without the last one."""
    return shown.replace("\r\n", "\n").strip() == wanted.strip()
