"""A clone of the base branch of one repository, and our branches in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from orchestration.metapipeline.changing.proposals.reading.project import read_files
from orchestration.metapipeline.changing.repository.git import Git
from orchestration.metapipeline.changing.repository.settings import HostSettings
from orchestration.metapipeline.errors import RepositoryError

OUR_BRANCHES = "hourglass/"
_OWN_BRANCH = re.compile(rf"{OUR_BRANCHES}[a-z]+-[0-9a-f]+")
_TRAILER = "Hourglass-Plan"
_FILE, _PROGRAM = "100644", "100755"


@dataclass(frozen=True)
class RemoteBranch:
    """One of our branches on the host.

    Args:
        commit: its head.
        digest: of the plan that it holds; empty when its head is not one of our commits.
        ours: every commit since the base branch is ours.
    """

    commit: str
    digest: str
    ours: bool


@dataclass(frozen=True)
class Clone:
    """A work tree with the history of the base branch.

    Args:
        git: in its folder.
        url: of the repository.
        base: its branch.
        author: name and address.
    """

    git: Git
    url: str
    base: str
    author: tuple[str, str]

    @cached_property
    def base_commit(self) -> str:
        """The head of the base branch when it was cloned."""
        return self.git.run("rev-parse", f"refs/remotes/origin/{self.base}").strip()

    @cached_property
    def _tracked(self) -> Mapping[str, str]:
        rows = self.git.run("ls-tree", "-r", "-z", self.base_commit).split("\0")
        return {row.split("\t", 1)[1]: row.split(" ", 1)[0] for row in rows if row}

    @property
    def links(self) -> frozenset[str]:
        """The symbolic links and submodules of the base branch."""
        return frozenset(path for path, mode in self._tracked.items() if mode not in (_FILE, _PROGRAM))

    @cached_property
    def files(self) -> dict[str, str]:
        """The text files of the base branch."""
        self.check_out()
        return read_files(self.git.folder, sorted(set(self._tracked) - self.links))

    def line_since(self, path: str, line: int) -> datetime:
        """Return when the base branch got a line: the time of the merge, where our own commit is older."""
        blamed = self.git.run(
            "blame", "--first-parent", "--porcelain", "-L", f"{line},{line}", self.base_commit, "--", path
        )
        found = re.search(r"^committer-time (\d+)$", blamed, re.MULTILINE)
        if found is None:
            raise RepositoryError(f"git does not know the line {line} of {path}")
        return datetime.fromtimestamp(int(found[1]), UTC)

    def remote_branch(self, branch: str) -> RemoteBranch | None:
        """Read one of our branches from the host; None when it is not there."""
        _require_ours(branch)
        listed = self.git.run("ls-remote", self.url, f"refs/heads/{branch}").split()
        if not listed:
            return None
        self.git.run("fetch", "--quiet", "--no-tags", self.url, f"+refs/heads/{branch}:refs/remotes/origin/{branch}")
        head = self.git.run("rev-parse", f"refs/remotes/origin/{branch}").strip()
        found = self.git.run("log", "--format=%ce", f"{self.base_commit}..{head}").split()
        digest = self.git.run("log", "-1", f"--format=%(trailers:key={_TRAILER},valueonly)", head).strip()
        ours = all(address == self.author[1] for address in found)
        return RemoteBranch(head, digest if ours else "", ours)

    def check_out(self) -> None:
        """Put the work tree back to the base branch, without a file of an earlier plan."""
        self.git.run("checkout", "--quiet", "--force", "--detach", self.base_commit)
        self.git.run("clean", "-ffdxq")

    def write(self, changed: Mapping[str, str | None]) -> None:
        """Write, or delete, files of the work tree; the paths are checked before."""
        for path, text in changed.items():
            file = self.git.folder / path
            if text is None:
                file.unlink()
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(text.encode())

    def commit(self, changed: Mapping[str, str | None], subject: str, digest: str, day: date) -> str:
        """Commit exactly these files on the base branch, and return the commit.

        The author, the date and the message come from the plan: the same plan on the same base has the same id.

        Raises:
            RepositoryError: other files changed, too, or none.
        """
        self.git.run("add", "--all", "--", *changed)
        staged = set(filter(None, self.git.run("diff", "--cached", "--name-only", "--no-renames", "-z").split("\0")))
        if staged != set(changed):
            raise RepositoryError(f"the commit would hold {sorted(staged)} and not {sorted(changed)}")
        moment = datetime.combine(day, time(), UTC).isoformat()
        name, address = self.author
        who = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", name), ("EMAIL", address), ("DATE", moment))
        }
        message = f"{subject}\n\n{_TRAILER}: {digest}\n"
        self.git.run("commit", "--quiet", "--no-verify", "--cleanup=verbatim", "--file=-", text=message, extra=who)
        return self.git.run("rev-parse", "HEAD").strip()

    def push(self, branch: str, commit: str, expected: RemoteBranch | None) -> None:
        """Push a commit to one of our branches, if the branch still is as it was read."""
        _require_ours(branch)
        lease = f"--force-with-lease=refs/heads/{branch}:{expected.commit if expected else ''}"
        self.git.run("push", "--quiet", "--no-verify", lease, self.url, f"{commit}:refs/heads/{branch}")


@contextmanager
def cloned(settings: HostSettings, url: str, base: str) -> Iterator[Clone]:
    """Clone the base branch into a temporary folder, which is removed at the end of the block.

    Raises:
        RepositoryError: the address is not under `git_url`, or git failed.
    """
    if not url.startswith(settings.git_url) or "@" in url:
        raise RepositoryError(f"the clone address {url} does not start with {settings.git_url}")
    with TemporaryDirectory(prefix="hourglass-git-") as folder:
        git = Git(Path(folder) / "work", settings.git_url, settings.token.get_secret_value(), settings.git_seconds_max)
        git.folder.mkdir()
        git.run("init", "--quiet", "--initial-branch", "hourglass-base")
        git.run("fetch", "--quiet", "--no-tags", url, f"+refs/heads/{base}:refs/remotes/origin/{base}")
        clone = Clone(git, url, base, (settings.author_name, settings.author_email))
        clone.check_out()
        yield clone


def _require_ours(branch: str) -> None:
    if not _OWN_BRANCH.fullmatch(branch):
        raise RepositoryError(f"{branch!r} is not one of our branches ({OUR_BRANCHES}…)")
