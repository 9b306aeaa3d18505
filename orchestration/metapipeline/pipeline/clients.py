"""The clients of a metapipeline, built from its document and the settings of this process.

Each connects at its first use. Modules of clients are imported where they are used: a code location loads this module
in each of its processes, and most of them never read a BI tool.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from flink_jobs.contracts.clock import Clock, SystemClock
from flink_jobs.contracts.s3_access import S3Access
from orchestration.folders import FolderSettings
from orchestration.landing.clients.s3 import S3Bucket
from orchestration.landing.publication import published_revisions
from orchestration.metapipeline.errors import DocumentError
from orchestration.metapipeline.pipeline.document import (
    BUCKET_SCHEME,
    DbtProjectDocument,
    MetapipelineDocument,
    ModeDocument,
    SupersetDocument,
)
from orchestration.metapipeline.state import BucketState, FolderState, State
from orchestration.metapipeline.usage.history import History
from orchestration.metapipeline.usage.metering import Metering
from orchestration.metapipeline.usage.reading import StagedEvents
from orchestration.metapipeline.usage.uses import Own, StagedUses
from orchestration.settings import StreamAccess, wrong_variables
from orchestration.stream.binding import proven_stream
from orchestration.stream.catalog import read_streams
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings
from snowflake_components.identifiers import Identifier, QualifiedName

if TYPE_CHECKING:
    from orchestration.metapipeline.bi.workspace import BiTool
    from orchestration.metapipeline.changing.repository.settings import PullRequestSettings
    from orchestration.metapipeline.slack import Slack

STAGING_MODELS = (Identifier("STG_PLATFORM_EVENTS"), Identifier("STG_DAGSTER_EVENTS"))
"""Both hold events about dbt models and their uses: those of the customers, and those of this instance."""
JOB = "metapipeline"
Report = Callable[[str], None]
"""Takes one line of progress."""


class SecretSettings(BaseSettings):
    """Tokens from `HOURGLASS_…` in the environment or in `.env`; BI tools and Slack have settings of their own."""

    model_config = SettingsConfigDict(
        env_prefix="HOURGLASS_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    github_token: SecretStr | None = None
    """Token with which pull requests are opened."""


def _nothing(_line: str) -> None:
    """Print no progress."""


Published = Mapping[str, Mapping[datetime, int]]
"""Name of a staging model -> first instant of each published hour of its stream -> records of the hour."""


def read_published(names: Collection[str]) -> Published:
    """Read the published hours of the streams that have a staging model, or of some of them, from the bucket.

    Raises:
        DocumentError: no such stream has a staging model.
        UnavailableError: the bucket did not answer.
    """
    known = {model.name: model for model in STAGING_MODELS}
    documents = {
        entry.document.name: entry.document for entry in read_streams() if staging_model(entry.document.name) in known
    }
    if unknown := sorted(set(names) - documents.keys()):
        raise DocumentError(f"unused_models.streams: no stream {', '.join(unknown)}; there are {', '.join(documents)}")
    access, found = StreamAccess(), {}
    for name in names or documents:
        stream = proven_stream(documents[name], access)
        revisions = published_revisions(stream.bucket, stream.layout)
        found[staging_model(name)] = {hour.start: key.records for hour, key in revisions.items()}
    return found


def staging_model(stream: str) -> str:
    """Return the name of the staging model of a stream."""
    return f"STG_{stream.upper()}"


@dataclass(frozen=True)
class Clients:
    """What the steps of one metapipeline read from and write to.

    Args:
        document: of the metapipeline.
        events: of models, in the staging models.
        uses: in the staging models.
        metering: of the warehouses.
        history: of the platform; None when the document wants none.
        published: hours of the streams, read from the bucket.
        state: what is kept between two runs.
        clock: for ages, periods and plans.
        secrets: of this process.
    """

    document: MetapipelineDocument
    events: StagedEvents
    uses: StagedUses
    metering: Metering
    history: History | None
    published: Callable[[], Published]
    state: State
    clock: Clock = field(default_factory=SystemClock)
    secrets: SecretSettings = field(default_factory=SecretSettings)

    @contextmanager
    def tools(self, report: Report = _nothing) -> Iterator[tuple[BiTool, ...]]:
        """Open the BI tools of the document, in its order."""
        with ExitStack() as stack:
            yield tuple(_opened(bi, stack, report) for bi in self.document.bi)

    def slack(self) -> Slack:
        """Return the client of Slack; it posts nothing in a dry run, and none without a channel in the document."""
        from orchestration.metapipeline.slack import Slack, SlackSettings  # noqa: PLC0415 (see the module)

        wanted = self.document.slack
        if wanted is None:
            return Slack(SlackSettings(dry_run=True))
        return Slack(SlackSettings(channel=wanted.channel, base_url=wanted.url, dry_run=not self.document.apply))

    def pull_requests(self, project: DbtProjectDocument) -> PullRequestSettings | None:
        """Return the settings of the pull requests of a project; None without a repository or a token."""
        from orchestration.metapipeline.changing.repository.settings import HostSettings, PullRequestSettings  # noqa: PLC0415

        git, token = self.document.git, self.secrets.github_token
        if project.repository is None or token is None:
            return None
        return PullRequestSettings(
            host=HostSettings(
                api_url=git.api_url,
                git_url=git.git_url,
                token=token,
                open_max=git.open_max,
                excess_scopes=git.excess_scopes,
            ),
            repository=project.repository,
            tombstones=git.tombstones,
            parser=project.parser,
            exposures_path=project.exposures_path,
        )


def bind(document: MetapipelineDocument, folders: FolderSettings | None = None) -> Clients:
    """Build the clients of a document from the settings of this process."""
    settings = SnowflakeSettings()
    connection = SnowflakeConnection(settings=settings)
    place = Identifier.parse(settings.database), Identifier.parse(settings.schema_name)
    tables = tuple(QualifiedName(*place, model) for model in STAGING_MODELS)
    history = document.history_table
    folders = folders or FolderSettings()
    return Clients(
        document=document,
        events=StagedEvents(connection, tables),
        uses=StagedUses(connection, tables, Own(document.organization, jobs=(JOB,))),
        metering=Metering(connection, enabled=document.credits.metering),
        history=History(connection, QualifiedName(*place, Identifier.parse(history))) if history else None,
        published=partial(read_published, document.unused_models.streams),
        state=open_state(document.state or str(folders.metapipeline)),
    )


def open_state(place: str) -> State:
    """Open a folder, or a prefix of a bucket; nothing is asked yet."""
    if not place.startswith(BUCKET_SCHEME):
        return FolderState(Path(place))
    bucket, _, prefix = place.removeprefix(BUCKET_SCHEME).partition("/")
    return BucketState(S3Bucket(bucket, S3Access()), f"{prefix.rstrip('/')}/")


def _opened(bi: ModeDocument | SupersetDocument, stack: ExitStack, report: Report) -> BiTool:
    if isinstance(bi, ModeDocument):
        from orchestration.metapipeline.bi.mode.settings import ModeSettings  # noqa: PLC0415 (see the module)
        from orchestration.metapipeline.bi.mode.tool import ModeTool  # noqa: PLC0415

        settings = _settings(ModeSettings, **bi.model_dump(exclude={"tool"}))
        return stack.enter_context(
            ModeTool.of(
                settings,
                progress=lambda at: _report_tenth(report, f"mode {settings.workspace}: {at.stage}", at.done, at.total),
            )
        )
    from orchestration.metapipeline.bi.superset.settings import SupersetSettings  # noqa: PLC0415
    from orchestration.metapipeline.bi.superset.tool import open_superset  # noqa: PLC0415

    return open_superset(_settings(SupersetSettings, url=bi.url))


def _report_tenth(report: Report, what: str, done: int, total: int) -> None:
    """Report about ten lines of a reading, and its end."""
    if done == total or done % max(total // 10, 1) == 0:
        report(f"{what} {done:,} of {total:,}")


S = TypeVar("S", bound=BaseSettings)


def _settings(kind: type[S], **given: Any) -> S:
    """Read the secrets of a client from the environment.

    Raises:
        DocumentError: one is missing or wrong, by the name of its variable.
    """
    try:
        return kind(**given)
    except ValidationError as exc:
        wrong = wrong_variables(exc, kind.model_config.get("env_prefix", ""))
        raise DocumentError(f"settings: {wrong}") from None
