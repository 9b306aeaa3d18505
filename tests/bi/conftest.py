"""One Superset for all tests of this folder."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from orchestration.metapipeline.bi.superset.settings import SupersetSettings
from orchestration.metapipeline.bi.superset.tool import Superset, open_superset
from tests.bi.superset.people import Author
from tests.bi.superset.server import Installation, RunningSuperset, install, serving

READER = "metapipeline"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder: `make test` and a plain pytest leave them out."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.bi)


@pytest.fixture(scope="session")
def installation(pytestconfig: pytest.Config) -> Installation:
    """Superset below .tools; the first time, its installation prints what it does."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    assert capture is not None

    def report(line: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\ntest-bi: {line}", end="", flush=True)  # noqa: T201 (for the person who waits)

    return install(report)


@pytest.fixture(scope="session")
def server(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSuperset]:
    """A Superset with the reader's account, `metapipeline`."""
    with serving(installation, tmp_path_factory.mktemp("superset")) as running:
        Author(running.url).person(READER, "Admin")
        yield running


@pytest.fixture(scope="session")
def author(server: RunningSuperset) -> Author:
    """The administrator `admin`."""
    return Author(server.url)


@pytest.fixture(scope="session")
def reader(server: RunningSuperset) -> Author:
    """The reader's account, as somebody uses it by hand."""
    return Author(server.url, READER, READER)


@pytest.fixture(scope="session")
def warehouse(author: Author, tmp_path_factory: pytest.TempPathFactory) -> int:
    """A connection to a database with the tables `orders` and `events`."""
    path = tmp_path_factory.mktemp("warehouse") / "warehouse.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE orders (id INTEGER, day TEXT)")
        database.execute("CREATE TABLE events (id INTEGER, day TEXT)")
    return author.database(f"sqlite:///{path}")


@pytest.fixture
def settings(server: RunningSuperset, tmp_path: Path) -> SupersetSettings:
    """Settings of the reader."""
    return SupersetSettings.model_validate(
        {"url": server.url, "username": READER, "password": READER, "backups": tmp_path / "backups"}
    )


@pytest.fixture
def superset(settings: SupersetSettings) -> Superset:
    """The client, with its own login."""
    return open_superset(settings)
