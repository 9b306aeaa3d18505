"""Changes of a real dbt project pass through dbt itself: a full parse in a process of its own."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest

from orchestration.metapipeline.changing.proposals.column import column_plan
from orchestration.metapipeline.changing.proposals.dbt_process import DbtProcess
from orchestration.metapipeline.changing.proposals.exposures import exposures_plan
from orchestration.metapipeline.changing.proposals.gate import DbtParser, require_only_planned
from orchestration.metapipeline.changing.proposals.reading.lineage import node_ids
from orchestration.metapipeline.changing.proposals.reading.project import DbtProject
from orchestration.metapipeline.changing.proposals.removal import removal_plan
from orchestration.metapipeline.changing.proposals.steps import PlanKind, apply_steps
from orchestration.metapipeline.errors import ProposalError
from orchestration.metapipeline.findings import findings_of
from orchestration.metapipeline.graph.manifest import graph_from_manifest
from orchestration.metapipeline.graph.nodes import Node, NodeKind, PlatformGraph
from orchestration.metapipeline.sql.columns import Sources, unused_columns

TODAY = date(2026, 11, 30)
PAST = "2026-01-01"
MODELS = """\
version: 2

models:
  - name: base
    columns:
      - name: id
        data_tests:
          - not_null
          - relationships:
              arguments:
                to: ref('gone')
                field: id

  # planted
  - name: gone
    description: "{{ doc('gone_page') }}"
    columns:
      - name: id
        data_tests: [unique]

  - name: orders
    config: {materialized: table}
    columns: [{name: id}, {name: spare}]

  - name: shared
    latest_version: 2
    versions:
      - v: 1
      - v: 2

unit_tests:
  - name: gone_is_one
    model: gone
    given:
      - input: ref('base')
        rows: [{id: 1}]
    expect:
      rows: [{id: 1}]

exposures:
  - name: invoices
    type: application
    owner: {name: Finance}
    depends_on: [ref('base')]
"""
FILES = {
    "dbt_project.yml": (
        "name: shop\nversion: '1.0'\nprofile: shop\nmodels:\n  shop:\n    old:\n      +materialized: table\n"
        "    +materialized: view\n"
    ),
    "models/m.yml": MODELS,
    "models/pages.md": "{% docs gone_page %}\nold\n{% enddocs %}\n",
    "models/base.sql": "select 1 as id",
    "models/shared_v1.sql": "select * from {{ ref('base') }}",
    "models/shared_v2.sql": "select * from {{ ref('base') }}",
    "models/orders.sql": "select id, id + 1 as spare from {{ ref('base') }}",
    "models/board.sql": "select id from {{ ref('orders') }}",
    "models/idle.sql": "select * from {{ ref('base') }}",
    "models/old/gone.sql": "select * from {{ ref('base') }}",
    "tests/gone_is_positive.sql": "select * from {{ ref('gone') }} where id < 0",
    "tests/base_is_positive.sql": "select * from {{ ref('base') }} where id < 0",
}


def write(folder: Path, files: Mapping[str, str | None]) -> Path:
    for path, text in files.items():
        if text is None:
            (folder / path).unlink(missing_ok=True)
        else:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
    return folder


@pytest.fixture(scope="module")
def dbt() -> Iterator[DbtProcess]:
    """Return the process of dbt that all tests share, as the pull requests of a repository do."""
    with DbtProcess() as process:
        yield process


@pytest.fixture(scope="module")
def project(dbt: DbtProcess, tmp_path_factory: pytest.TempPathFactory) -> DbtProject:
    """Return the project as dbt parses it before any change."""
    folder = write(tmp_path_factory.mktemp("base"), FILES)
    project = DbtProject(FILES, DbtParser(dbt).manifest(folder))
    assert sorted(FILES) == sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"
    )
    return project


def test_removals_and_exposures_pass(dbt: DbtProcess, project: DbtProject, tmp_path: Path) -> None:
    """A model and everything of it, a version, a column, and the exposures of a report, without a warning."""
    report = Node("report.mode.acme.1", NodeKind.REPORT, 'Sales {{ "x" }}: all', facts={"url": "https://bi.example/1"})
    read = [Node(name, NodeKind.MODEL) for name in ("model.shop.idle", "model.shop.shared.v2")]
    graph = PlatformGraph((*read, report), tuple((node.id, report.id) for node in read))
    exposures = exposures_plan(project, graph, "models/hourglass_exposures.yml", TODAY)
    gone = ("model.shop.gone", "model.shop.shared.v1")
    plans = [removal_plan(project, unique_id, PlanKind.REMOVE, TODAY) for unique_id in gone]
    columns = unused_columns(Sources(graph_from_manifest(project.manifest), project.manifest))
    certain = [finding for finding in findings_of([columns]) if finding.removable]
    assert ["orders.SPARE"] == [finding.name for finding in certain]
    plans += [column_plan(project, finding, TODAY) for finding in certain]
    assert exposures is not None

    changed = apply_steps(FILES, [step for plan in (*plans, exposures) for step in plan.steps])
    assert "select id from {{ ref('base') }}" == changed["models/orders.sql"]
    after = DbtParser(dbt).manifest(write(tmp_path, FILES | changed))

    require_only_planned(node_ids(project.manifest), after, gone)
    assert {"exposure.shop.invoices", "exposure.shop.sales_x_all"} == set(after["exposures"])
    assert ["model.shop.idle", "model.shop.shared.v2"] == after["exposures"]["exposure.shop.sales_x_all"]["depends_on"][
        "nodes"
    ]


def test_a_test_that_is_left_behind_is_refused(dbt: DbtProcess, tmp_path: Path) -> None:
    """Plain dbt only warns of it."""
    changed = {"models/old/gone.sql": None, "models/m.yml": "version: 2\n", "models/pages.md": None}
    files = {**FILES, **changed, "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\n"}

    with pytest.raises(ProposalError, match=r"gone_is_positive.*depends on a node named 'gone'"):
        DbtParser(dbt).manifest(write(tmp_path, files))


@pytest.mark.long
def test_a_tombstone_passes_although_its_date_has_passed(dbt: DbtProcess, project: DbtProject, tmp_path: Path) -> None:
    """One model is disabled while the deprecation date of another one has passed, which dbt warns of."""
    plan = removal_plan(project, "model.shop.gone", PlanKind.DISABLE, TODAY)
    late = {"models/idle.yml": f"models:\n- name: idle\n  deprecation_date: {PAST}\n"}

    after = DbtParser(dbt).manifest(write(tmp_path, FILES | apply_steps(FILES, plan.steps) | late))

    require_only_planned(node_ids(project.manifest), after, plan.gone)
    assert "model.shop.gone" in after["disabled"]
    with pytest.raises(ProposalError, match="would still be enabled"):
        require_only_planned(node_ids(project.manifest), after, ("model.shop.idle",))


@pytest.mark.long
def test_dbt_sees_nothing_of_this_environment(dbt: DbtProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A project may read any variable while it is parsed."""
    monkeypatch.setenv("HOURGLASS_CANARY", "canary")
    model = "{{ exceptions.raise_compiler_error(env_var('GIVEN') ~ env_var('HOURGLASS_CANARY', ' hidden')) }}"
    files = {"dbt_project.yml": FILES["dbt_project.yml"].split("models:")[0], "models/a.sql": model}

    with pytest.raises(ProposalError, match="given hidden"):
        DbtParser(dbt, environment={"GIVEN": "given"}).manifest(write(tmp_path, files))
    assert "canary" == os.environ["HOURGLASS_CANARY"]


def test_a_parse_that_hangs_is_ended_and_the_next_one_works(tmp_path: Path) -> None:
    files = {"dbt_project.yml": FILES["dbt_project.yml"].split("models:")[0], "models/a.sql": "select 1 as id"}
    folder = write(tmp_path, files)
    with DbtProcess() as dbt:
        with pytest.raises(ProposalError, match=r"did not end in 0\.1 seconds"):
            DbtParser(dbt, seconds_max=0.1).manifest(folder)

        assert ["model.shop.a"] == list(DbtParser(dbt).manifest(folder)["nodes"])


def test_a_parse_remembers_nothing_of_the_one_before(dbt: DbtProcess, tmp_path: Path) -> None:
    """The same names with other texts, in one process: a macro, a variable of the environment, the project itself."""
    files = {
        "dbt_project.yml": FILES["dbt_project.yml"].split("models:")[0],
        "macros/word.sql": "{% macro word() %}one{% endmacro %}",
        "models/a.sql": "{{ config(alias=word() ~ env_var('SUFFIX')) }} select 1 as id",
    }
    parsed = [
        DbtParser(dbt, environment={"SUFFIX": suffix}).manifest(
            write(tmp_path / folder, files | {"macros/word.sql": files["macros/word.sql"].replace("one", word)})
        )
        for folder, word, suffix in (("a", "one", "_x"), ("a", "two", "_x"), ("b", "two", "_y"))
    ]

    assert ["one_x", "two_x", "two_y"] == [manifest["nodes"]["model.shop.a"]["alias"] for manifest in parsed]


def test_a_process_that_ends_by_itself_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("true"))

    with DbtProcess() as dbt, pytest.raises(ProposalError, match="dbt parse ended its process"):
        DbtParser(dbt).manifest(write(tmp_path, FILES))


def test_the_warning_of_dangling_tests_cannot_be_allowed(dbt: DbtProcess) -> None:
    with pytest.raises(ProposalError, match="cannot be allowed"):
        DbtParser(dbt, warnings_allowed=("NodeNotFoundOrDisabled",))
