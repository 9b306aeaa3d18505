"""What a person decides about repositories and pull requests."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from orchestration.metapipeline.changing.proposals.tombstone import TombstoneSettings

_REF = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$"


class ExcessScopes(StrEnum):
    """What happens when the token may do more than it needs."""

    WARN = "warn"
    REFUSE = "refuse"


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RepositorySettings(_Closed):
    """One repository on the list. Both its number and its name must fit before anything is written."""

    id: Annotated[
        int, Field(gt=0, description="Numeric id of the repository; it survives a rename, a fork has another.")
    ]
    name: Annotated[
        str,
        StringConstraints(pattern=r"^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$"),
        Field(description="Owner and name: acme/analytics."),
    ]
    base: Annotated[str, StringConstraints(pattern=_REF), Field(description="Branch that pull requests go to.")] = (
        "main"
    )
    project_folder: Annotated[str, Field(description="Folder of dbt_project.yml; empty for the root.")] = ""
    paths: Annotated[
        tuple[str, ...],
        Field(description="Globs of the files that may change, from the folder of the project; ** is any depth."),
    ] = ("models/**", "tests/**", "dbt_project.yml")


class ParserSettings(_Closed):
    """How dbt parses the changed project."""

    warnings_allowed: Annotated[
        tuple[str, ...], Field(description="Names of dbt warnings that the project has; all others refuse a change.")
    ] = ()
    environment: Annotated[dict[str, str], Field(description="Variables that the project reads with env_var.")] = {}
    seconds_max: Annotated[float, Field(gt=0, description="Longest time of one parse.")] = 600
    install_packages: Annotated[bool, Field(description="Run dbt deps before the parse.")] = False


class HostSettings(_Closed):
    """The git host and the token."""

    api_url: Annotated[str, Field(description="REST API of GitHub or GitHub Enterprise.")] = "https://api.github.com"
    git_url: Annotated[str, Field(description="Start of every clone address; the token goes to no other.")] = (
        "https://github.com/"
    )
    token: Annotated[SecretStr, Field(description="Needs contents and pull requests: write; classic: repo.")]
    scopes_needed: Annotated[tuple[str, ...], Field(description="Scopes of a classic token, one is enough.")] = (
        "repo",
        "public_repo",
    )
    excess_scopes: Annotated[ExcessScopes, Field(description="Warn of a token with more scopes, or refuse it.")] = (
        ExcessScopes.WARN
    )
    open_max: Annotated[int, Field(ge=1, description="Most pull requests of ours that are open in one repository.")] = 5
    tries_max: Annotated[
        int, Field(ge=1, description="Requests in total, where one fails for a reason that passes.")
    ] = 5
    wait_seconds_max: Annotated[float, Field(gt=0, description="Longest single wait for a rate limit.")] = 120
    timeout_seconds: Annotated[int, Field(gt=0, description="Of one request.")] = 30
    git_seconds_max: Annotated[float, Field(gt=0, description="Of one git command.")] = 600
    author_name: str = "Hourglass"
    author_email: str = "hourglass@users.noreply.github.com"


class PullRequestSettings(_Closed):
    """Everything that pull requests need."""

    host: HostSettings
    repository: RepositorySettings
    tombstones: TombstoneSettings = TombstoneSettings()
    parser: ParserSettings = ParserSettings()
    exposures_path: Annotated[
        str, Field(description="File of the exposures that the metapipeline owns, from the folder of the project.")
    ] = "models/hourglass_exposures.yml"
