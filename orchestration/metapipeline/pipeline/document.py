"""The document of a metapipeline: closed, typed, described fields. Secrets come from the environment, never from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic import model_validator as validates

from orchestration.metapipeline.changing.proposals.tombstone import TombstoneSettings
from orchestration.metapipeline.changing.repository.settings import ExcessScopes, ParserSettings, RepositorySettings
from orchestration.metapipeline.judging.importance import MEASURES
from orchestration.metapipeline.judging.stale.rules import StaleReportRules
from orchestration.metapipeline.usage.credits import WarehouseSize

BUCKET_SCHEME = "s3://"


class Closed(BaseModel):
    """A block of a document: unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DbtProjectDocument(Closed):
    """One dbt project."""

    manifest: Path = Field(description="manifest.json of a full parse; relative to the folder of the process.")
    repository: RepositorySettings | None = Field(
        None, description="The repository that removals and exposures go to; without it they are only listed."
    )
    parser: ParserSettings = Field(ParserSettings(), description="How dbt parses a changed clone of the repository.")
    exposures_path: str = Field(
        "models/hourglass_exposures.yml", description="File of the exposures that the metapipeline owns."
    )
    codeowners: Path | None = Field(
        None, description="A checkout of the repository, for the owners of files; without it CODEOWNERS is not read."
    )


class ModeDocument(Closed):
    """A workspace of Mode; the API key comes from HOURGLASS_MODE_TOKEN and HOURGLASS_MODE_SECRET."""

    tool: Literal["mode"]
    workspace: str = Field(description="Its user name, as in https://app.mode.com/<workspace>.")
    url: str = Field("https://app.mode.com", description="Address of Mode.")
    default_schemas: Mapping[str, str] = Field(
        default_factory=dict, description="Data source -> schema of its unqualified names; Mode has no field for it."
    )
    require_discovery: bool = Field(False, description="Without the Discovery API nothing is archived.")
    requests_per_second: float = Field(4, gt=0)


class SupersetDocument(Closed):
    """A Superset; the account comes from HOURGLASS_SUPERSET_USERNAME and HOURGLASS_SUPERSET_PASSWORD."""

    tool: Literal["superset"]
    url: str = Field(description="Address of Superset.")


BiDocument = Annotated[ModeDocument | SupersetDocument, Field(discriminator="tool")]


_NAMES = {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]}


def _names(value: object) -> object:
    """Split a text at commas: a variable of the environment has that form for several names."""
    return tuple(name for name in value.split(",") if name) if isinstance(value, str) else value


class UnusedModels(Closed):
    """When a model counts as unused."""

    window_hours: int = Field(90 * 24, ge=1, description="Hours of events without a use; all of them must be sealed.")
    events: bool = Field(
        True, description="Ask the platform events; without them an answer rests on BI, exposures and assets alone."
    )
    plausible_share: float = Field(
        0.30, ge=0, le=1, description="Share of unused models above which the answer is withheld."
    )
    streams: Annotated[tuple[str, ...], BeforeValidator(_names), WithJsonSchema(_NAMES)] = Field(
        (), description="Streams whose hours must be sealed; empty for every stream of the project."
    )
    consumers: tuple[str, ...] = Field((), description="Ids of dbt nodes that are read outside of everything known.")


class SlowModels(Closed):
    """When a model became slow."""

    recent_days: float = Field(7, gt=0, description="Newest days that are compared with those before.")
    ratio_min: float = Field(1.3, gt=1, description="Of the two medians.")
    seconds_min: float = Field(5, ge=0, description="Difference of the two medians.")
    important_share: float = Field(0.1, gt=0, le=1, description="Share of the models that count as important.")


class Credits(Closed):
    """What a second of a warehouse costs."""

    warehouse: str = Field("", description="Name of the warehouse that builds the models; empty when unknown.")
    size: WarehouseSize = Field(WarehouseSize.X_SMALL, description="Its size, for estimates.")
    metering: bool = Field(False, description="Read SNOWFLAKE.ACCOUNT_USAGE.WAREHOUSE_METERING_HISTORY.")


class Checks(Closed):
    """Shares, 0 to 1, above which a check of an asset warns."""

    gap_share: float = Field(0.1, ge=0, le=1, description="Queries with a gap, and other nodes with one.")
    unfinished_share: float = Field(0.2, ge=0, le=1, description="Runs of models that have no end.")
    rest_share: float = Field(0.9, ge=0, le=1, description="Metered credits of the warehouse that no model used.")
    unowned_share: float = Field(0.5, ge=0, le=1, description="Models that nobody owns.")
    doubted_share: float = Field(0.9, ge=0, le=1, description="Listed columns that may be read after all.")


class GitHost(Closed):
    """The host of the repositories; the token comes from HOURGLASS_GITHUB_TOKEN."""

    api_url: str = Field("https://api.github.com", description="REST API of GitHub or GitHub Enterprise.")
    git_url: str = Field("https://github.com/", description="Start of every clone address; the token goes to no other.")
    open_max: int = Field(5, ge=1, description="Pull requests of ours that are open in one repository.")
    columns: bool = Field(
        False, description="Propose to remove columns that nobody reads for certain; without it they are listed."
    )
    excess_scopes: ExcessScopes = ExcessScopes.WARN
    tombstones: TombstoneSettings = Field(TombstoneSettings(), description="Grace times of a removal.")


class Slack(Closed):
    """Where the chart and the messages to owners go; the token comes from HOURGLASS_SLACK_TOKEN."""

    channel: str = Field(description="Id of the channel.")
    url: str = Field("https://slack.com/api/", description="Address of Slack's Web API.")


class Owners(Closed):
    """Whom to tell."""

    fallback: tuple[str, ...] = Field((), description="Owners of what nobody owns.")
    period_days: int = Field(7, ge=1, description="An owner is told of one finding once in so many days.")


def _weights() -> dict[str, float]:
    """Weigh what makes a model worth optimising: its readers, and the paths through it.

    Edges lead from what is read to its reader, so in-degree, closeness and PageRank grow towards the last models of a
    path: their default is 0.
    """
    return {"degree": 1, "in_degree": 0, "out_degree": 2, "closeness": 0, "betweenness": 3, "pagerank": 0}


class MetapipelineDocument(Closed):
    """One metapipeline: what it reads, when it speaks, and what it may change."""

    dbt_projects: tuple[DbtProjectDocument, ...] = Field(min_length=1)
    bi: tuple[BiDocument, ...] = Field((), description="BI workspaces.")
    runs_days: int = Field(30, ge=1, description="Days of model runs that are read, back from the newest hour.")
    stale_reports: StaleReportRules = StaleReportRules()
    unused_models: UnusedModels = UnusedModels()
    importance: Mapping[str, float] = Field(
        default_factory=_weights, description=f"Weights of {', '.join(MEASURES)}; only their proportions count."
    )
    slow_models: SlowModels = SlowModels()
    credits: Credits = Credits()
    checks: Checks = Checks()
    git: GitHost = GitHost()
    owners: Owners = Owners()
    slack: Slack | None = None
    organization: str = Field("hourglass", description="The relay's organization: its own runs are no use.")
    history_table: str | None = Field(
        "PLATFORM_HISTORY", description="Table of one row per day in the schema of the models; null for none."
    )
    state: str | None = Field(
        None,
        description="What must be kept between two runs: a folder, or s3://<bucket>/<prefix>/ where no disk survives; "
        "default: metapipeline/ of the data folder.",
    )
    apply: bool = Field(False, description="Change BI tools and open pull requests; without it every run is dry.")
    schedule: str = Field("0 6 * * 1", description="Cron, UTC; a tick without a changed input requests no run.")
    asset_owners: tuple[str, ...] = ("team:data-platform",)

    @validates(mode="after")
    def _weights_are_usable(self) -> Self:
        if unknown := sorted(set(self.importance) - set(MEASURES)):
            raise ValueError(f"importance: no such measure: {', '.join(unknown)}; there are {', '.join(MEASURES)}")
        weights = self.importance.values()
        if any(weight < 0 for weight in weights) or not sum(weights) > 0:
            raise ValueError("importance: weights are 0 or more, and one of them is above 0")
        return self

    @validates(mode="after")
    def _state_is_a_place(self) -> Self:
        if self.state and "://" in self.state and not re.fullmatch(rf"{BUCKET_SCHEME}[^/]+/[^/].*", self.state):
            raise ValueError(f"state: {self.state} is neither a folder nor s3://<bucket>/<prefix>/")
        return self

    @validates(mode="after")
    def _names_differ(self) -> Self:
        names = [f"{one.tool} {_name(one)}" for one in self.bi]
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"bi: named twice: {', '.join(doubled)}")
        return self


def _name(bi: ModeDocument | SupersetDocument) -> str:
    return bi.workspace if isinstance(bi, ModeDocument) else bi.url
