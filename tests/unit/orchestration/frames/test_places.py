"""One suite over every place that keeps frames: a folder, S3, a table of Snowflake."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
from dagster_aws.s3 import S3Resource
from pydantic import PrivateAttr

from flink_jobs.contracts.layout import Hour
from orchestration.frames.files import FileFrames, FolderFiles, S3Files
from orchestration.frames.tables import TableFrames
from orchestration.frames.types import FrameType
from orchestration.landing.partitions import hourly_partitions
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings
from snowflake_components.identifiers import Identifier
from tests.fakes.local_snowflake import FOREIGN_WARNING

pytestmark = pytest.mark.filterwarnings(FOREIGN_WARNING)

FIRST = datetime(2025, 8, 1, tzinfo=UTC)
HOURS = hourly_partitions(Hour.containing(FIRST))
DAYS = dg.DailyPartitionsDefinition("2025-08-01", timezone="UTC")


@dataclass(frozen=True, slots=True)
class Score:
    """One row."""

    organization: str
    replication_hour: datetime
    events: int | None
    share: float
    good: bool


SCORES = FrameType(tuple[Score, ...], "Scores")


class InMemory(S3Resource):
    """The resource of dagster-aws over a dict instead of a server."""

    _objects: dict[str, bytes] = PrivateAttr(default_factory=dict)

    def get_client(self) -> Any:
        """Return a client that knows two calls."""
        objects = self._objects

        class NoSuchKeyError(Exception):
            pass

        def get_object(*, Bucket: str, Key: str) -> Any:  # noqa: N803 (boto3's names)
            if f"{Bucket}/{Key}" not in objects:
                raise NoSuchKeyError
            return {"Body": BytesIO(objects[f"{Bucket}/{Key}"])}

        def put_object(*, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803
            objects[f"{Bucket}/{Key}"] = Body

        return SimpleNamespace(
            get_object=get_object, put_object=put_object, exceptions=SimpleNamespace(NoSuchKey=NoSuchKeyError)
        )


@pytest.fixture(params=["folder", "s3", "table"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> dg.IOManager:
    if request.param == "folder":
        return FileFrames(FolderFiles(tmp_path), "frames")
    if request.param == "s3":
        return FileFrames(S3Files(InMemory(), "bucket", "frames/"))
    own: SnowflakeSettings = request.getfixturevalue("own_schema")
    return TableFrames(SnowflakeConnection(settings=own), Identifier("AWS"), Identifier(own.schema_name))


@dataclass
class Assets:
    """The same code of assets for every place.

    Args:
        rows: that the asset of an hour returns.
        read: what its readers got, by their names.
    """

    rows: Callable[[datetime], Any]
    read: dict[str, list[Any]]

    def definitions(self) -> list[dg.AssetsDefinition]:
        """Return an asset of hours, a reader of an hour and one of a day, and two without partitions."""

        @dg.asset(partitions_def=HOURS, dagster_type=SCORES)
        def scores(context: dg.AssetExecutionContext) -> Any:
            return self.rows(context.partition_time_window.start)

        @dg.asset(partitions_def=HOURS, ins={"scores": dg.AssetIn(dagster_type=SCORES)})
        def of_an_hour(scores: Any) -> None:
            self.read.setdefault("hour", []).append(scores)

        @dg.asset(partitions_def=DAYS, ins={"scores": dg.AssetIn(dagster_type=SCORES)})
        def of_a_day(scores: Any) -> None:
            self.read.setdefault("day", []).append(scores)

        @dg.asset(dagster_type=SCORES)
        def totals() -> Any:
            return self.rows(FIRST)

        @dg.asset(ins={"totals": dg.AssetIn(dagster_type=SCORES)})
        def of_totals(totals: Any) -> None:
            self.read.setdefault("totals", []).append(totals)

        return [scores, of_an_hour, of_a_day, totals, of_totals]


def run(place: dg.IOManager, assets: Assets, names: list[str], partition: str | None = None) -> bool:
    result = dg.materialize(
        assets.definitions(),
        selection=names,
        partition_key=partition,
        resources={"io_manager": place},
        raise_on_error=False,
    )
    return result.success


def good(hour: datetime) -> tuple[Score, ...]:
    """Return two rows, with what a place could lose: a null, a quote, a large number, a fraction."""
    return (
        Score("it's \\ acme", hour, None, 0.1, good=True),
        Score("müller", hour, 2**53 + 1, 1e-300, good=False),
    )


def key(hour: int) -> str:
    return f"{FIRST + timedelta(hours=hour):%Y-%m-%d-%H:%M}"


def test_an_hour_is_read_as_it_was_written(place: dg.IOManager) -> None:
    """Every value has its type again; an hour that is written twice has the rows of the second time."""
    assets = Assets(good, {})
    assert run(place, assets, ["scores", "of_an_hour"], key(3))
    assert run(place, Assets(lambda hour: good(hour)[:1], {}), ["scores"], key(3))
    assert run(place, assets, ["of_an_hour"], key(3))
    hour = FIRST + timedelta(hours=3)
    assert [good(hour), good(hour)[:1]] == assets.read["hour"]


def test_a_day_is_the_rows_of_its_hours_in_their_order(place: dg.IOManager) -> None:
    """The reader of a coarser partition gets one frame."""
    assets = Assets(lambda hour: (Score("acme", hour, hour.hour, 0.5, good=True),), {})
    for hour in range(25):
        assert run(place, assets, ["scores"], key(hour))
    assert run(place, assets, ["of_a_day"], "2025-08-01")
    ((day),) = assets.read["day"]
    assert list(range(24)) == [row.events for row in day]


def test_an_asset_without_partitions_is_replaced_as_a_whole(place: dg.IOManager) -> None:
    """The second frame has none of the first one's rows."""
    assets = Assets(good, {})
    assert run(place, assets, ["totals", "of_totals"])
    assert run(place, Assets(lambda hour: good(hour)[1:], {}), ["totals"])
    assert run(place, assets, ["of_totals"])
    assert [good(FIRST), good(FIRST)[1:]] == assets.read["totals"]


def test_an_hour_without_rows_is_read_as_none(place: dg.IOManager) -> None:
    """Nothing is not the same as never."""
    assets = Assets(lambda _: (), {})
    assert run(place, assets, ["scores", "of_an_hour"], key(3))
    assert [()] == assets.read["hour"]


def test_a_frame_of_another_shape_is_not_stored(place: dg.IOManager) -> None:
    """The asset fails, and what was stored before stays."""
    assets = Assets(good, {})
    assert run(place, assets, ["scores"], key(3))
    assert not run(place, Assets(lambda hour: (("acme", hour),), {}), ["scores"], key(3))
    assert run(place, assets, ["of_an_hour"], key(3))
    assert [good(FIRST + timedelta(hours=3))] == assets.read["hour"]


def test_a_frame_that_was_never_stored_fails_its_reader(place: dg.IOManager) -> None:
    """The reader does not run."""
    assets = Assets(good, {})
    assert not run(place, assets, ["of_totals"])
    assert {} == assets.read
