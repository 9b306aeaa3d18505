"""Pull requests on a real git server with GitHub's API, through git itself and PyGithub; dbt is a fake."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from infra.local.git_host.faults import Fault, Moment
from infra.local.git_host.hosted import HostedPullRequest, git
from infra.local.git_host.server import GitHost, git_host
from orchestration.metapipeline.changing.proposals.proposal import Inputs
from orchestration.metapipeline.changing.proposals.steps import PlanKind
from orchestration.metapipeline.changing.repository.apply import Outcome, State, apply
from orchestration.metapipeline.changing.repository.clone import Clone
from orchestration.metapipeline.changing.repository.host import GitHubHost
from orchestration.metapipeline.changing.repository.propose import Proposal, parse_base, propose
from orchestration.metapipeline.changing.repository.settings import (
    ExcessScopes,
    HostSettings,
    PullRequestSettings,
    RepositorySettings,
)
from orchestration.metapipeline.errors import RepositoryError
from orchestration.metapipeline.findings import Finding, FindingKind, Found, Withheld
from orchestration.metapipeline.graph.manifest import digests_of_readers
from orchestration.metapipeline.graph.nodes import Node, NodeKind, PlatformGraph
from orchestration.metapipeline.usage.evidence import Named, Use, Window
from tests.fakes.dbt_parser import PROJECT, FakeDbtParser, project_of

TOKEN = "canary-of-the-git-host"
START = datetime(2026, 1, 5, tzinfo=UTC)
MODELS = "models:\n- name: base\n- name: gone   # old\n  description: was read once\n- name: idle\n"
EXPOSURES = "main:models/hourglass_exposures.yml"
FILES = {
    "dbt_project.yml": PROJECT,
    "models/m.yml": MODELS,
    "models/base.sql": "select 1 as id\n",
    "models/gone.sql": "select * from {{ ref('base') }}\n",
    "models/idle.sql": "select * from {{ ref('base') }}\n",
    ".github/workflows/ci.yml": "on: push\n",
}


class KilledError(BaseException):
    """The process ends here."""


@dataclass
class Repository:
    """One repository on a host, and the metapipeline that works on it."""

    host: GitHost
    settings: PullRequestSettings
    waits: list[float]

    def client(self, **changes: Any) -> GitHubHost:
        """Connect to the host; waits are recorded, not slept."""
        settings = self.settings.host.model_copy(update=changes)
        return GitHubHost(settings, self.settings.repository, self.waits.append, lambda: START)

    def propose(self, *names: str, now: datetime = START, **changes: Any) -> Proposal:
        """Plan for the models with these names."""
        inputs = Inputs(findings(*names), (), None, None, now)
        return propose(replace(inputs, **changes), self.settings, FakeDbtParser(), self.client())

    def apply(self, proposal: Proposal, **changes: Any) -> tuple[Outcome, ...]:
        """Apply a proposal."""
        return apply(proposal, self.settings, FakeDbtParser(), self.client(), **changes)

    def run(self, *names: str, now: datetime = START, **changes: Any) -> list[tuple[PlanKind | None, State]]:
        """Plan, apply, and return what became of each plan."""
        outcomes = self.apply(self.propose(*names, now=now, **changes))
        return [(outcome.plan.kind if outcome.plan else None, outcome.state) for outcome in outcomes]

    @property
    def pulls(self) -> list[HostedPullRequest]:
        """All pull requests of the host."""
        return self.host.hosted.pulls

    def git(self, *arguments: str) -> str:
        """Run git in the repository of the host."""
        return git(self.host.hosted.bare(self.host.hosted.repositories[0]), *arguments)

    def branches(self) -> list[str]:
        """Our branches on the host."""
        return self.git("for-each-ref", "--format=%(refname:short)", "refs/heads/hourglass").split()

    def commit(self, files: dict[str, str], branch: str = "main") -> None:
        """Commit files on a branch, as a person does."""
        work = self.host.hosted.folder / "work"
        bare = self.host.hosted.bare(self.host.hosted.repositories[0])
        git(bare.parent, "clone", "--quiet", "--branch", branch, str(bare), str(work))
        for path, text in files.items():
            (work / path).write_text(text)
        git(work, "add", "--all")
        git(work, "commit", "--quiet", "--message", "Change by hand")
        git(work, "push", "--quiet")
        shutil.rmtree(work)


def findings(*names: str, evidence: str = "no event of 90 days names it") -> Found:
    return Found(
        tuple(
            Finding(FindingKind.UNUSED_MODEL, f"model.shop.{name}", name, "no consumer reads it", (evidence,))
            for name in names
        )
    )


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    source = tmp_path / "source"
    for path, text in FILES.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(text)
    with git_host(tmp_path / "host") as host:
        host.hosted.add_token(TOKEN, ["repo"])
        host.hosted.add_repository(7, "acme/shop", source)
        settings = PullRequestSettings(
            host=HostSettings(api_url=host.api_url, git_url=f"{host.web_url}/", token=SecretStr(TOKEN)),
            repository=RepositorySettings(id=7, name="acme/shop"),
        )
        yield Repository(host, settings, [])


def test_a_base_that_was_parsed_before_is_parsed_again_only_when_it_has_moved(repository: Repository) -> None:
    """The plan rests on the files of the commit that is its base."""
    dbt = FakeDbtParser()
    inputs = Inputs(findings("gone"), (), None, None, START)
    parsed = parse_base(repository.settings, dbt, repository.client())
    counts = [dbt.parses]
    first = propose(inputs, repository.settings, dbt, repository.client(), parsed)
    counts.append(dbt.parses)
    repository.commit({"models/idle.sql": "select 1 as id\n"})
    second = propose(inputs, repository.settings, dbt, repository.client(), parsed)
    counts.append(dbt.parses)
    assert [1, 1, 2] == counts
    assert parsed.commit == first.base_commit != second.base_commit
    assert {"model.shop.idle": ("model.shop.base",)}.items() <= first.nodes.items()
    assert ("model.shop.base",) != second.nodes["model.shop.idle"]


def test_one_finding_is_one_pull_request(repository: Repository) -> None:
    """Two runs make one branch, one commit, one pull request; the base branch stays."""
    base = repository.git("rev-parse", "main")

    assert [(PlanKind.DEPRECATE, State.OPENED)] == repository.run("gone")
    heads = repository.git("for-each-ref", "refs/heads")
    assert [(PlanKind.DEPRECATE, State.UNCHANGED)] == repository.run("gone", now=START + timedelta(days=3))

    assert 1 == len(repository.pulls) == len(repository.branches())
    assert heads == repository.git("for-each-ref", "refs/heads")
    assert base == repository.git("rev-parse", "main")
    assert "Deprecate the dbt model gone" == repository.pulls[0].title
    assert ["models/m.yml"] == repository.git("diff", "--name-only", "main", repository.pulls[0].head).split()


def test_the_same_plan_has_the_same_commit(repository: Repository) -> None:
    """Author, date and message come from the plan."""
    repository.run("gone")
    branch = repository.pulls[0].head
    first = repository.git("rev-parse", branch)
    repository.git("update-ref", "-d", f"refs/heads/{branch}")
    repository.pulls.clear()

    repository.run("gone")

    assert first == repository.git("rev-parse", branch)


def test_an_updated_plan_updates_the_pull_request(repository: Repository) -> None:
    """The base branch changed the same file: the branch is built again on it."""
    repository.run("gone")
    repository.commit({"models/m.yml": MODELS + "- name: new\n", "models/new.sql": "select 1\n"})

    assert [(PlanKind.DEPRECATE, State.UPDATED)] == repository.run("gone")
    assert 1 == len(repository.pulls)
    assert "name: new" in repository.git("show", f"{repository.pulls[0].head}:models/m.yml")


def test_new_evidence_updates_the_body_only(repository: Repository) -> None:
    repository.run("gone")
    branch = repository.git("rev-parse", repository.pulls[0].head)

    more = findings("gone", evidence="no event of 97 days names it")
    assert [(PlanKind.DEPRECATE, State.UPDATED)] == repository.run(unused=more)
    assert "97 days" in repository.pulls[0].body
    assert branch == repository.git("rev-parse", repository.pulls[0].head)


@pytest.mark.parametrize(
    ("owner", "method", "done"),
    [
        (Clone, "write", False),
        (Clone, "commit", True),
        (Clone, "push", False),
        (Clone, "push", True),
        (GitHubHost, "create", False),
        (GitHubHost, "create", True),
    ],
    ids=["branch", "commit", "before the push", "after the push", "before the create", "after the create"],
)
def test_a_kill_at_any_point_leaves_one_pull_request(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, owner: type, method: str, done: bool
) -> None:
    """The next run, on another day, finds what is there and finishes it."""
    original = getattr(owner, method)

    def killed(*arguments: Any, **keywords: Any) -> None:
        if done:
            original(*arguments, **keywords)
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(owner, method, killed)
        with pytest.raises(KilledError):
            repository.run("gone")

    assert repository.run("gone", now=START + timedelta(days=1)) in (
        [(PlanKind.DEPRECATE, State.OPENED)],
        [(PlanKind.DEPRECATE, State.UNCHANGED)],
    )
    assert 1 == len(repository.pulls) == len(repository.branches())
    assert [(PlanKind.DEPRECATE, State.UNCHANGED)] == repository.run("gone")


@pytest.mark.parametrize("status", [0, 500, 502])
@pytest.mark.parametrize("moment", list(Moment))
def test_a_lost_answer_opens_no_second_pull_request(repository: Repository, status: int, moment: Moment) -> None:
    """Before each new try the open ones are searched."""
    repository.host.faults.append(Fault("POST", ".*/pulls", status, moment=moment, times=2))

    assert [(PlanKind.DEPRECATE, State.OPENED)] == repository.run("gone")
    assert 1 == len(repository.pulls)
    posts = [path for method, path in repository.host.requests if method == "POST"]
    assert len(posts) == (3 if moment is Moment.BEFORE else 1)


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"Retry-After": "7"}, 7),
        (403, {"Retry-After": "9"}, 9),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(START.timestamp()) + 20)}, 21),
    ],
)
def test_a_rate_limit_is_waited_for(repository: Repository, status: int, headers: dict[str, str], seconds: int) -> None:
    repository.host.faults.append(Fault("GET", "/repositories/7", status, headers))

    repository.client().repository()

    assert [seconds] == [round(wait) for wait in repository.waits]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault("GET", ".*", 403), "refused to read: 403"),
        (Fault("GET", ".*", 404), "refused to read: 404"),
        (Fault("GET", ".*", 503, times=99), "refused to read: 503"),
        (Fault("GET", ".*", 429, {"Retry-After": "3600"}), "refused to read: 429"),
    ],
)
def test_a_refusal_that_stays_is_an_error(repository: Repository, fault: Fault, message: str) -> None:
    repository.host.faults.append(fault)

    with pytest.raises(RepositoryError, match=message):
        repository.client().repository()


def test_a_closed_pull_request_is_a_no(repository: Repository) -> None:
    """It is not opened again while its evidence is of the same kind, and opened when that changes."""
    repository.run("gone")
    repository.host.hosted.close(1)

    later = findings("gone", evidence="no event of 120 days names it")
    assert [(PlanKind.DEPRECATE, State.DECLINED)] == repository.run(unused=later)
    news = findings("gone", evidence="its last report was archived")
    assert [(PlanKind.DEPRECATE, State.OPENED)] == repository.run(unused=news)


def test_a_finding_that_is_gone_withdraws_its_pull_request(repository: Repository) -> None:
    """Nobody merges what does not hold any more; found again, it is opened again."""
    repository.run("gone", "idle")

    assert [] == repository.run(unused=Withheld(FindingKind.UNUSED_MODEL, "an hour is not sealed"))
    assert [(None, State.WITHDRAWN), (PlanKind.DEPRECATE, State.UNCHANGED)] == repository.run("idle")
    assert ["closed", "open"] == [pull.state for pull in repository.pulls]
    assert [State.OPENED, State.UNCHANGED] == [state for _, state in repository.run("gone", "idle")]


def test_only_so_many_are_open(repository: Repository) -> None:
    limited = repository.settings.host.model_copy(update={"open_max": 1})
    repository.settings = repository.settings.model_copy(update={"host": limited})

    assert [State.OPENED, State.POSTPONED] == [state for _, state in repository.run("gone", "idle")]
    assert [State.UNCHANGED, State.POSTPONED] == [state for _, state in repository.run("gone", "idle")]


def test_a_branch_with_a_persons_commit_is_left_alone(repository: Repository) -> None:
    repository.run("gone")
    repository.commit({"models/m.yml": MODELS + "# by hand\n"}, repository.pulls[0].head)
    head = repository.git("rev-parse", repository.pulls[0].head)
    repository.commit({"models/m.yml": MODELS + "# more\n"})

    assert [(PlanKind.DEPRECATE, State.DECLINED)] == repository.run("gone")
    assert head == repository.git("rev-parse", repository.pulls[0].head)


@pytest.mark.parametrize("change", ["name", "archived", "gone"])
def test_a_repository_that_is_not_the_one_on_the_list(repository: Repository, change: str) -> None:
    """Renamed or transferred while another one took its name, archived, or deleted: no write."""
    proposal = repository.propose("gone")
    hosted = repository.host.hosted.repositories[0]
    if change == "name":
        hosted.name = "acme/shop-old"
        repository.host.hosted.add_repository(8, "acme/shop", repository.host.hosted.folder.parent / "source")
    elif change == "archived":
        hosted.archived = True
    else:
        hosted.id = 9

    with pytest.raises(RepositoryError, match=r"is acme/shop-old now|is archived|404"):
        repository.apply(proposal)
    assert [] == repository.branches()


def test_a_rename_right_before_the_push_stops_it(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old name may belong to another repository by then."""
    commit, hosted = Clone.commit, repository.host.hosted

    def renamed(*arguments: Any) -> str:
        hosted.repositories[0].name = "acme/other"
        hosted.add_repository(8, "acme/shop", hosted.folder.parent / "source")
        return commit(*arguments)

    monkeypatch.setattr(Clone, "commit", renamed)

    assert [(PlanKind.DEPRECATE, State.REFUSED)] == repository.run("gone")
    assert ["refs/heads/main"] * 2 == [
        git(hosted.bare(hosted.repository(number)), "for-each-ref", "--format=%(refname)").strip() for number in (7, 8)
    ]


def test_the_address_of_the_clone_is_on_the_list(repository: Repository) -> None:
    """The token goes to no other host."""
    host = repository.settings.host.model_copy(update={"git_url": "https://github.com/"})
    repository.settings = repository.settings.model_copy(update={"host": host})

    with pytest.raises(RepositoryError, match="does not start with"):
        repository.propose("gone")


def test_a_plan_is_stale_once_the_base_branch_moved(repository: Repository) -> None:
    proposal = repository.propose("gone")
    repository.commit({"models/reader.sql": "select * from {{ ref('gone') }}\n"})

    assert [State.STALE] == [outcome.state for outcome in repository.apply(proposal)]
    assert [] == repository.branches()
    assert "is read by model.shop.reader" in repository.propose("gone").refused[0].reason


def test_a_use_between_plan_and_apply_drops_the_plan(repository: Repository) -> None:
    outcome = repository.apply(repository.propose("gone"), recheck=lambda _: "acme used it today")[0]

    assert (State.STALE, "acme used it today") == (outcome.state, outcome.reason)
    assert [] == repository.branches()


@pytest.mark.parametrize("path", ["../x.sql", ".github/workflows/ci.yml", "README.md"])
def test_a_plan_with_another_path_is_refused(repository: Repository, path: str) -> None:
    proposal = repository.propose("gone")
    step = replace(proposal.plans[0].steps[0], path=path)
    forged = replace(proposal, plans=(replace(proposal.plans[0], steps=(step,)),))

    assert [State.REFUSED] == [outcome.state for outcome in repository.apply(forged)]
    assert [] == repository.branches()


@pytest.mark.parametrize(
    ("scopes", "policy", "expected"),
    [
        (["repo"], ExcessScopes.REFUSE, ()),
        (["repo", "admin:org"], ExcessScopes.WARN, ("the token may do more than it needs: admin:org",)),
        (None, ExcessScopes.REFUSE, ("the host does not list the rights of the token",)),
    ],
)
def test_scopes_are_checked(
    repository: Repository, scopes: list[str] | None, policy: ExcessScopes, expected: tuple[str, ...]
) -> None:
    repository.host.hosted.add_token(TOKEN, scopes)

    warnings = repository.client(excess_scopes=policy).check_token()

    assert [True] * len(expected) == [shown.startswith(known) for shown, known in zip(warnings, expected, strict=True)]


@pytest.mark.parametrize(("scopes", "message"), [(["repo", "delete_repo"], "more than it needs"), (["gist"], "lacks")])
def test_a_token_of_other_rights_is_refused(repository: Repository, scopes: list[str], message: str) -> None:
    repository.host.hosted.add_token(TOKEN, scopes)

    with pytest.raises(RepositoryError, match=message):
        repository.client(excess_scopes=ExcessScopes.REFUSE).check_token()


def test_an_answer_that_is_withheld_changes_nothing(repository: Repository) -> None:
    """An empty usage table must not mean that everything is unused."""
    proposal = repository.propose(unused=Withheld(FindingKind.UNUSED_MODEL, "no event has landed"))

    assert () == proposal.plans


def test_the_token_is_in_no_message_and_in_no_argument(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[list[str]] = []
    run = subprocess.run

    def recorded(line: list[str], **keywords: Any) -> Any:
        seen.append(line)
        return run(line, **keywords)

    monkeypatch.setattr("subprocess.run", recorded)
    outcomes = repository.apply(repository.propose("gone"))
    repository.host.hosted.tokens.clear()
    with pytest.raises(RepositoryError) as refused:
        repository.propose("gone")

    assert seen
    assert TOKEN not in json.dumps(seen) + caplog.text + str(refused.value) + str(outcomes) + repr(repository.settings)


def test_a_model_dies_in_three_pull_requests(repository: Repository) -> None:
    """Deprecated, after a month disabled, after another month removed; each merge starts its grace time."""
    hosted, now = repository.host.hosted, START
    seen = []
    for kind in (PlanKind.DEPRECATE, PlanKind.DISABLE, PlanKind.REMOVE):
        window = Window(START - timedelta(days=90), now)
        unused = ("gone",) if kind is not PlanKind.REMOVE else ()
        seen += repository.run(*unused, now=now, window=window)
        hosted.now = now + timedelta(days=2)
        hosted.merge(len(repository.pulls))
        early = repository.run(*unused, now=now + timedelta(days=31), window=window)
        assert [] == early
        now += timedelta(days=33)

    assert [(kind, State.OPENED) for kind in (PlanKind.DEPRECATE, PlanKind.DISABLE, PlanKind.REMOVE)] == seen
    left = repository.git("ls-tree", "-r", "--name-only", "main").split()
    assert "models/gone.sql" not in left
    assert "models:\n- name: base\n- name: idle\n" == repository.git("show", "main:models/m.yml")


def test_a_use_in_the_grace_time_opens_the_way_back(repository: Repository) -> None:
    hosted = repository.host.hosted
    repository.run("gone")
    hosted.now = START + timedelta(days=1)
    hosted.merge(1)
    at = START + timedelta(days=5)
    use = Use("acme", "prod", Named.DBT, "model.shop.gone", 1, at, at, "event-9")

    assert [(PlanKind.REVERT, State.OPENED)] == repository.run("gone", now=at + timedelta(days=1), uses=(use,))
    hosted.merge(2)
    assert MODELS == repository.git("show", "main:models/m.yml")


def test_a_column_goes_by_pull_request(repository: Repository) -> None:
    """One for each column, the same on a second run, closed when the column is needed after all."""
    files = {
        "models/base.sql": "select id, spare from {{ source('app', 'base') }}\n",
        "models/base.yml": "models:\n- name: base\n  config: {materialized: table}\n",
        "models/m.yml": "models:\n- name: gone\n- name: idle\n",
        "models/gone.sql": "select id from {{ ref('base') }}\n",
        "models/idle.sql": "select id from {{ ref('base') }}\n",
    }
    repository.commit(files)
    digest = digests_of_readers(project_of({**FILES, **files}).manifest)["model.shop.base"]
    numbers = {"column": "SPARE", "digest": digest}
    spare = Finding(FindingKind.UNUSED_COLUMN, "model.shop.base", "base.SPARE", "no text needs it", numbers=numbers)

    assert [(PlanKind.COLUMN, State.OPENED)] == repository.run(columns=Found((spare,)))
    assert [(PlanKind.COLUMN, State.UNCHANGED)] == repository.run(columns=Found((spare,)))
    assert "Remove the dbt column base.SPARE" == repository.pulls[0].title
    assert "select id from {{ source('app', 'base') }}\n" == repository.git(
        "show", f"{repository.branches()[0]}:models/base.sql"
    )
    assert [(None, State.WITHDRAWN)] == repository.run(columns=Found(()))


def test_exposures_come_by_pull_request(repository: Repository) -> None:
    """No difference is no pull request; a tool that was read in part changes nothing."""
    report = Node("report.mode.acme.1", NodeKind.REPORT, "Sales")
    model = Node("model.shop.base", NodeKind.MODEL)
    graph = PlatformGraph((model, report), ((model.id, report.id),))

    assert [(PlanKind.EXPOSURES, State.OPENED)] == repository.run(graph=graph)
    repository.host.hosted.merge(1)
    assert [] == repository.run(graph=graph)
    assert [] == repository.run(graph=None)
    assert ["exposures:"] == [row for row in repository.git("show", EXPOSURES).splitlines() if row == "exposures:"]
