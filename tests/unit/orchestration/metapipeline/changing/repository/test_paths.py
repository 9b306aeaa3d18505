from __future__ import annotations

import pytest

from orchestration.metapipeline.changing.repository.paths import require_allowed
from orchestration.metapipeline.errors import RepositoryError

GLOBS = ("models/**", "tests/*.sql", "dbt_project.yml")
LINKS = ("models/link", "models/vendored.sql")


@pytest.mark.parametrize("path", ["models/a.sql", "models/x/y/b.yml", "tests/t.sql", "dbt_project.yml"])
def test_a_path_of_the_list_is_allowed(path: str) -> None:
    require_allowed([path], GLOBS, LINKS)
    require_allowed([f"transform/dbt/{path}"], GLOBS, LINKS, "transform/dbt")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "~/x.sql",
        "C:/models/a.sql",
        "models/../../x.sql",
        "models/./a.sql",
        "models//a.sql",
        "models\\a.sql",
        "models/a\n.sql",
        "models/.git/hooks/pre-commit",
        "models/.GitHub/workflows/x.yml",
        ".github/workflows/ci.yml",
        "models/.gitattributes",
        "models/.git./config",
        "models/link/a.sql",
        "models/vendored.sql",
        "README.md",
        "tests/deep/t.sql",
        "xmodels/a.sql",
    ],
)
def test_any_other_path_is_refused(path: str) -> None:
    """Outside of the list, outside of the repository, through a link, or a file of git and of workflows."""
    with pytest.raises(RepositoryError, match="refused"):
        require_allowed(["models/a.sql", path], GLOBS, LINKS)


def test_a_list_that_allows_everything_allows_no_workflow() -> None:
    with pytest.raises(RepositoryError, match="workflows"):
        require_allowed([".github/workflows/ci.yml"], ("**",))


def test_a_path_of_another_folder_is_refused() -> None:
    with pytest.raises(RepositoryError, match="no glob"):
        require_allowed(["models/a.sql"], GLOBS, (), "transform")
