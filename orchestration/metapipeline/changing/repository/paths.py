"""Which files of a repository a plan may change."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable

from orchestration.metapipeline.errors import RepositoryError

_FORBIDDEN_PARTS = {".git", ".github", ".gitlab", ".circleci", ".gitattributes", ".gitmodules", ".gitlab-ci.yml"}


def require_allowed(
    paths: Iterable[str], globs: Collection[str], links: Collection[str] = (), folder: str = ""
) -> None:
    """Refuse a plan with a path that is not on the list.

    Args:
        paths: of the plan, from the root of the repository.
        globs: of the list, from the folder of the project.
        links: symbolic links and submodules of the repository; nothing at or below them changes.
        folder: of the project.

    Raises:
        RepositoryError: a path is absolute, leaves the repository, belongs to git or to a workflow, goes through a
            link, or fits no glob.
    """
    allowed = [_pattern(posixpath.normpath(posixpath.join(folder, glob))) for glob in globs]
    for path in paths:
        if reason := _objection(path, links):
            raise RepositoryError(f"{path!r} is refused: {reason}")
        if not any(pattern.fullmatch(path) for pattern in allowed):
            raise RepositoryError(f"{path!r} is refused: it fits no glob of the list ({', '.join(globs)})")


def _objection(path: str, links: Collection[str]) -> str | None:
    parts = path.split("/")
    if not path or path.startswith(("/", "~")) or "\\" in path or re.match(r"[A-Za-z]:", path):
        return "a path is relative, with /"
    if any(not part or part in (".", "..") for part in parts) or re.search(r"[\x00-\x1f\x7f]", path):
        return "a path has no empty part, no dots alone and no control characters"
    if any(part.lower().rstrip(". ") in _FORBIDDEN_PARTS for part in parts):
        return "files of git and of workflows are never changed"
    if any("/".join(parts[:length]) in links for length in range(1, len(parts) + 1)):
        return "it goes through a symbolic link or a submodule"
    return None


def _pattern(glob: str) -> re.Pattern[str]:
    """Translate a glob: `*` and `?` stay in one folder, `**` crosses folders."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    translated = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(translated.get(part, re.escape(part)) for part in parts))
