"""What the local git host holds: repositories, pull requests, tokens. It is kept in one JSON file."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock

from orchestration.files import replace_file

EPOCH = datetime(2026, 1, 5, tzinfo=UTC)


class UnknownError(Exception):
    """The host has no such repository, branch or pull request."""


class RefusedError(Exception):
    """GitHub would answer 422."""


def digest_of(token: str) -> str:
    """Return what the host keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass
class HostedRepository:
    """A bare repository.

    Args:
        id: of GitHub, for good.
        name: owner and name, which may change.
        folder: of the bare repository.
        base: default branch.
        archived: read-only.
    """

    id: int
    name: str
    folder: str
    base: str = "main"
    archived: bool = False


@dataclass
class HostedPullRequest:
    """A pull request between two branches of one repository."""

    number: int
    repository: int
    head: str
    base: str
    title: str
    body: str
    author: str
    state: str = "open"
    merged_at: str | None = None


@dataclass
class Hosted:
    """Everything on the host.

    Args:
        folder: of the bare repositories and the state.
        now: the time of the host, for merges.
        tokens: digest of an accepted token -> its scopes; the state has no token itself.
    """

    folder: Path
    now: datetime = EPOCH
    repositories: list[HostedRepository] = field(default_factory=list)
    pulls: list[HostedPullRequest] = field(default_factory=list)
    tokens: dict[str, list[str] | None] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)

    @property
    def _state(self) -> Path:
        return self.folder / "state.json"

    def load(self) -> None:
        """Read the state of an earlier start, if there is one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._state.exists():
            data = json.loads(self._state.read_text())
            self.repositories = [HostedRepository(**row) for row in data["repositories"]]
            self.pulls = [HostedPullRequest(**row) for row in data["pulls"]]
            self.tokens = data["tokens"]

    def save(self) -> None:
        """Write the state."""
        data = {
            "repositories": [asdict(row) for row in self.repositories],
            "pulls": [asdict(row) for row in self.pulls],
            "tokens": self.tokens,
        }
        replace_file(self._state, json.dumps(data, indent=1).encode())

    def add_token(self, token: str, scopes: list[str] | None) -> None:
        """Accept a token; None are the scopes of a fine-grained one, which are not listed."""
        self.tokens[digest_of(token)] = scopes
        self.save()

    def accepts(self, token: str | None) -> bool:
        """Return whether a request with this token is let in."""
        return token is not None and digest_of(token) in self.tokens

    def scopes(self, token: str) -> list[str] | None:
        """Return the scopes of an accepted token, as `add_token` got them."""
        return self.tokens[digest_of(token)]

    def add_repository(self, number: int, name: str, source: Path, base: str = "main") -> HostedRepository:
        """Make a repository with one commit that holds a folder; an existing one stays as it is."""
        for repository in self.repositories:
            if repository.id == number:
                return repository
        bare = self.folder / f"{number}.git"
        shutil.rmtree(bare, ignore_errors=True)
        git(self.folder, "init", "--quiet", "--bare", "--initial-branch", base, str(bare))
        git(bare, "config", "http.receivepack", "true")
        work = self.folder / f"{number}.first"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(source, work, symlinks=True, ignore=shutil.ignore_patterns("target", "logs", ".git"))
        git(work, "init", "--quiet", "--initial-branch", base)
        git(work, "add", "--all", "--force")
        git(work, "commit", "--quiet", "--message", "Add the dbt project", moment=self.now)
        git(work, "push", "--quiet", str(bare), f"HEAD:refs/heads/{base}")
        shutil.rmtree(work)
        repository = HostedRepository(number, name, bare.name, base)
        self.repositories.append(repository)
        self.save()
        return repository

    def repository(self, number: int | None = None, name: str | None = None) -> HostedRepository:
        """Return a repository by its number or its name."""
        for repository in self.repositories:
            if repository.id == number or (name is not None and repository.name.lower() == name.lower()):
                return repository
        raise UnknownError

    def bare(self, repository: HostedRepository) -> Path:
        """Return the folder of a repository."""
        return self.folder / repository.folder

    def commit_of(self, repository: HostedRepository, branch: str) -> str:
        """Return the head of a branch."""
        try:
            return git(self.bare(repository), "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}").strip()
        except subprocess.CalledProcessError:
            raise UnknownError from None

    def pull(self, repository: HostedRepository, number: int) -> HostedPullRequest:
        """Return a pull request."""
        for pull in self.pulls:
            if pull.repository == repository.id and pull.number == number:
                return pull
        raise UnknownError

    def open_pull(self, repository: HostedRepository, data: Mapping[str, str], author: str) -> HostedPullRequest:
        """Open a pull request, by GitHub's rules: two branches that differ, and one at a time per head."""
        head, base = data["head"], data["base"]
        if self.commit_of(repository, head) == self.commit_of(repository, base):
            raise RefusedError(f"No commits between {base} and {head}")
        if any(pull.repository == repository.id and pull.state == "open" and pull.head == head for pull in self.pulls):
            raise RefusedError(f"A pull request already exists for {repository.name.split('/')[0]}:{head}.")
        number = 1 + max((pull.number for pull in self.pulls if pull.repository == repository.id), default=0)
        pull = HostedPullRequest(number, repository.id, head, base, data["title"], data.get("body") or "", author)
        self.pulls.append(pull)
        self.save()
        return pull

    def merge(self, number: int, repository: HostedRepository | None = None) -> None:
        """Merge a pull request with a merge commit at the time of the host."""
        repository = repository or self.repositories[0]
        pull, bare = self.pull(repository, number), self.bare(repository)
        base, head = self.commit_of(repository, pull.base), self.commit_of(repository, pull.head)
        tree = git(bare, "merge-tree", "--write-tree", base, head).split()[0]
        title = f"Merge pull request #{number}"
        merge = git(bare, "commit-tree", tree, "-p", base, "-p", head, "-m", title, moment=self.now).strip()
        git(bare, "update-ref", f"refs/heads/{pull.base}", merge, base)
        pull.state, pull.merged_at = "closed", self.now.isoformat().replace("+00:00", "Z")
        self.save()

    def close(self, number: int, repository: HostedRepository | None = None) -> None:
        """Close a pull request without a merge, as a person does."""
        self.pull(repository or self.repositories[0], number).state = "closed"
        self.save()


def git(folder: Path, *arguments: str, moment: datetime = EPOCH) -> str:
    """Run git for the host itself."""
    stamp = moment.isoformat()
    who = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", "Host"), ("EMAIL", "host@example.com"), ("DATE", stamp))
    }
    plain = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", **who}
    done = subprocess.run(["git", *arguments], cwd=folder, env=plain, capture_output=True, text=True, check=True)
    return done.stdout
