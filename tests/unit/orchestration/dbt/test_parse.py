"""When dbt parses the project in full, and when it takes the parse of the run before; dbt is a fake."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from orchestration.dbt_runner.build import DbtModels, DbtRefusedError
from snowflake_components import SnowflakeSettings

TAG = "HOURGLASS_SNOWFLAKE_DBT_QUERY_TAG"
PASSWORD = "parsed by nobody"


@dataclass
class Commands:
    """The commands that dbt was given, each with the query tag that it saw; `fails` is called before each."""

    given: list[tuple[str, bool, str]]
    fails: Callable[[], None] = lambda: None

    def runner(self, manifest: object = None) -> SimpleNamespace:
        """Stand for `dbtRunner`."""
        assert (manifest == "parsed") == bool(self.given and self.given[-1][0] == "parse")
        return SimpleNamespace(invoke=self.invoke)

    def invoke(self, arguments: list[str]) -> SimpleNamespace:
        """Take one command, and build nothing."""
        self.fails()
        self.given.append((arguments[0], "--no-partial-parse" in arguments, os.environ[TAG]))
        result = "parsed" if arguments[0] == "parse" else SimpleNamespace(results=[])
        return SimpleNamespace(exception=None, result=result)

    def parses_in_full(self) -> list[bool]:
        """Return of each parse whether it was in full."""
        return [full for command, full, _ in self.given if command == "parse"]


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    found = Commands([])
    module = ModuleType("dbt.cli.main")
    monkeypatch.setattr(module, "dbtRunner", found.runner, raising=False)
    monkeypatch.setitem(sys.modules, "dbt.cli.main", module)
    return found


@pytest.fixture
def models(tmp_path: Path) -> DbtModels:
    project = tmp_path / "project"
    for name in ("dbt_project.yml", "models/a.sql", "models/b.sql", "target/manifest.json"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(name)
    (tmp_path / "dbt").mkdir()
    return DbtModels(tmp_path / "dbt", SnowflakeSettings(password=PASSWORD), project)


def test_the_second_run_takes_the_parse_of_the_first(commands: Commands, models: DbtModels) -> None:
    """What dbt writes itself is no part of the project."""
    models.build(["2025-08-01T03"], ["a"])
    (models.project_dir / "target" / "manifest.json").write_text("written again")
    models.build_whole(["b"])
    assert [True, False] == commands.parses_in_full()


@pytest.mark.parametrize(
    "change",
    [
        lambda project: (project / "models" / "a.sql").write_text("changed"),
        lambda project: (project / "models" / "b.sql").unlink(),
        lambda project: (project / "models" / "b.sql").rename(project / "models" / "c.sql"),
        lambda project: (project / "new.sql").write_text("new"),
    ],
)
def test_a_changed_project_is_parsed_in_full(
    commands: Commands, models: DbtModels, change: Callable[[Path], object]
) -> None:
    """A partial parse keeps the references to a model that was disabled."""
    models.build_whole(["a"])
    change(models.project_dir)
    models.build_whole(["a"])
    models.build_whole(["a"])
    assert [True, True, False] == commands.parses_in_full()


def test_a_parse_that_failed_is_not_taken(commands: Commands, models: DbtModels) -> None:
    """The project may be that of an earlier parse again, and what dbt has kept is of the one that failed."""
    models.build_whole(["a"])
    text = (models.project_dir / "models" / "a.sql").read_text()
    (models.project_dir / "models" / "a.sql").write_text("broken")

    def fail() -> None:
        raise DbtRefusedError("broken")

    commands.fails = fail
    with pytest.raises(DbtRefusedError):
        models.build_whole(["a"])
    commands.fails = lambda: None
    (models.project_dir / "models" / "a.sql").write_text(text)
    models.build_whole(["a"])
    assert [True, True] == commands.parses_in_full()


def test_the_statements_of_a_run_name_it_and_its_parse_does_not(commands: Commands, models: DbtModels) -> None:
    """The tag is a part of the profile, and another profile is parsed in full."""
    models.build_whole(["a"], "run-1")
    assert [("parse", False), ("build", True)] == [(command, "run-1" in tag) for command, _, tag in commands.given]
