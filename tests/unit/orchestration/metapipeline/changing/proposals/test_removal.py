from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from orchestration.metapipeline.changing.proposals.removal import NOTE, removal_plan
from orchestration.metapipeline.changing.proposals.steps import Plan, PlanKind, apply_steps
from orchestration.metapipeline.changing.proposals.yaml_edits.nodes import load
from orchestration.metapipeline.errors import ProposalError
from tests.fakes.dbt_parser import PROJECT, project_of

TODAY = date(2026, 11, 30)
GONE = "model.shop.stg_gone"

ENTRIES = """\
version: 2

models:
  - name: base
    columns:
      - name: id
        data_tests:
          - not_null
          - relationships: {to: ref('stg_gone'), field: id}

  # planted
  - name: stg_gone
    description: '{{ doc("gone_page") }} and {{ doc("shared") }}'

  - name: kept
    description: '{{ doc("shared") }}'

unit_tests:
  - name: gone_adds_up
    model: stg_gone
"""
PAGES = "{% docs gone_page %}\nold\n{% enddocs %}\n\n{% docs shared %}\nx\n{% enddocs %}\n"
FILES = {
    "models/base.sql": "select 1 as id",
    "models/old/stg_gone.sql": "select * from {{ ref('base') }}",
    "models/kept.sql": "select * from {{ ref('base') }}",
    "models/all.yaml": ENTRIES,
    "models/pages.md": PAGES,
    "tests/gone_is_positive.sql": "select 1 from {{ ref('stg_gone') }}",
    "dbt_project.yml": PROJECT + "models:\n  shop:\n    old:\n      +tags: old\n    +materialized: view\n",
}


def plan_of(kind: PlanKind, files: dict[str, str] | None = None, subject: str = GONE) -> Plan:
    return removal_plan(project_of(FILES | (files or {})), subject, kind, TODAY)


def refusal(kind: PlanKind, files: dict[str, str]) -> str:
    with pytest.raises(ProposalError) as caught:
        plan_of(kind, files)
    return str(caught.value)


def test_everything_of_a_model_is_removed() -> None:
    """File, entry, unit test, singular test, docs block of its own, folder settings, and the test that compares."""
    plan = plan_of(PlanKind.REMOVE)

    assert [
        "delete models/old/stg_gone.sql",
        "delete tests/gone_is_positive.sql",
        "models/all.yaml: remove models.name=base.columns.0.data_tests.1",
        "models/all.yaml: remove unit_tests.name=gone_adds_up",
        "models/pages.md: remove the docs block gone_page",
        "models/all.yaml: remove models.name=stg_gone",
        "dbt_project.yml: remove models.shop.old",
    ] == [str(step) for step in plan.steps]
    changed = apply_steps(FILES, plan.steps)
    assert not any("gone" in (text or "") for text in changed.values())
    assert ["base", "kept"] == [entry["name"] for entry in load(changed["models/all.yaml"] or "")["models"]]
    assert "{% docs shared %}\nx\n{% enddocs %}\n" == changed["models/pages.md"]
    assert plan.notes == ("a test of base in models/all.yaml compares with stg_gone and goes with it",)


def test_a_file_without_another_entry_is_deleted() -> None:
    files = {"models/old/stg_gone.yml": "version: 2\nmodels:\n  - name: stg_gone\n", "models/all.yaml": "version: 2\n"}

    assert apply_steps(FILES | files, plan_of(PlanKind.REMOVE, files).steps)["models/old/stg_gone.yml"] is None


def test_deprecation_writes_a_date_and_a_note() -> None:
    changed = apply_steps(FILES, plan_of(PlanKind.DEPRECATE).steps)

    entry = load(changed["models/all.yaml"] or "")["models"][1]
    assert date(2026, 12, 30) == entry["deprecation_date"]
    assert entry["description"].endswith(NOTE)
    assert ["models/all.yaml"] == list(changed)


@pytest.mark.parametrize("kind", [PlanKind.DEPRECATE, PlanKind.DISABLE])
def test_a_stage_is_taken_back_to_the_letter(kind: PlanKind) -> None:
    """The way back leaves no trace: not in comments, not in quotes."""
    forth = {path: text or "" for path, text in apply_steps(FILES, plan_of(kind).steps).items()}
    back = apply_steps(FILES | forth, plan_of(PlanKind.REVERT, forth).steps)

    assert ENTRIES == back["models/all.yaml"]


def test_both_stages_are_taken_back_together() -> None:
    files = dict(FILES)
    for kind in (PlanKind.DEPRECATE, PlanKind.DISABLE, PlanKind.REVERT):
        files |= {path: text or "" for path, text in apply_steps(files, plan_of(kind, files).steps).items()}

    assert FILES == files


def test_a_model_without_an_entry_gets_a_file() -> None:
    files = {"models/all.yaml": "version: 2\n", "models/pages.md": ""}

    changed = apply_steps(FILES | files, plan_of(PlanKind.DEPRECATE, files).steps)

    assert {"models/old/stg_gone.yml"} == set(changed)
    assert date(2026, 12, 30) == load(changed["models/old/stg_gone.yml"] or "")["models"][0]["deprecation_date"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"models/kept.sql": "select * from {{ ref('stg_gone') }}"}, "is read by model.shop.kept"),
        ({"analyses/a.sql": "select * from {{ ref('stg_gone') }}"}, "is read by analysis.shop.a"),
        (
            {"models/e.yml": "exposures:\n- name: e\n  depends_on: [ref('stg_gone')]\n"},
            "is read by exposure.shop.e",
        ),
        ({"tests/two.sql": "select * from {{ ref('stg_gone') }}, {{ ref('kept') }}"}, "tests/two.sql reads kept"),
        ({"macros/m.sql": "{% macro m() %}{{ ref('stg_gone') }}{% endmacro %}"}, "named at macros/m.sql:1"),
        ({"selectors.yml": "selectors:\n- {name: s, definition: stg_gone}\n"}, "named at selectors.yml:2"),
        ({"models/old/stg_gone.sql": "{{ config(meta={}) }}", "models/all.yaml": "models: [x"}, "not readable as YAML"),
        ({"models/two.yml": "models:\n- name: stg_gone\n"}, "an entry in models/all.yaml and one in models/two.yml"),
    ],
)
def test_a_model_that_something_names_is_refused(files: dict[str, str], message: str) -> None:
    assert message in refusal(PlanKind.REMOVE, files)


def test_a_disabled_model_may_not_be_named_either() -> None:
    """A ref that dbt does not see while it parses fails when it runs."""
    macro = {"macros/m.sql": "{% macro m() %}{{ ref('stg_gone') }}{% endmacro %}"}

    assert "named at macros/m.sql:1" in refusal(PlanKind.DISABLE, macro)
    assert plan_of(PlanKind.DEPRECATE, macro).steps


def test_a_tag_keeps_the_model() -> None:
    tagged = {"models/all.yaml": "models:\n- name: stg_gone\n  config: {meta: {hourglass: keep}}\n"}

    assert "hourglass: keep" in refusal(PlanKind.DEPRECATE, tagged)


def test_enabled_in_sql_wins_over_yaml() -> None:
    files = {"models/old/stg_gone.sql": "{{ config(enabled=true) }} select 1"}

    assert "sets `enabled` itself" in refusal(PlanKind.DISABLE, files)


def test_comments_that_name_the_model_are_notes() -> None:
    plan = plan_of(PlanKind.REMOVE, {"models/kept.sql": "select 1 -- like stg_gone"})

    assert plan.notes[-1] == "comments, texts and calls that may name it are left: models/kept.sql:1"


VERSIONS = {
    "models/all.yaml": "models:\n- name: shared\n  latest_version: 2\n  versions:\n  - v: 1\n  - v: 2\n  - v: 3\n",
    "models/shared_v1.sql": "select 1",
    "models/shared_v2.sql": "select 2",
    "models/shared_v3.py": "def model(dbt, session): return 3",
    "models/old/stg_gone.sql": "select 1",
    "tests/gone_is_positive.sql": "select 1",
}


@pytest.mark.parametrize(("version", "file"), [("v1", "shared_v1.sql"), ("v3", "shared_v3.py")])
def test_one_version_of_a_model_is_removed(version: str, file: str) -> None:
    plan = plan_of(PlanKind.REMOVE, VERSIONS, f"model.shop.shared.{version}")

    changed = apply_steps(FILES | VERSIONS, plan.steps)
    assert changed[f"models/{file}"] is None
    assert version[1:] not in [
        str(item["v"]) for item in load(changed["models/all.yaml"] or "")["models"][0]["versions"]
    ]


def test_one_version_of_a_model_is_disabled() -> None:
    plan = plan_of(PlanKind.DISABLE, VERSIONS, "model.shop.shared.v1")

    versions = load(apply_steps(FILES | VERSIONS, plan.steps)["models/all.yaml"] or "")["models"][0]["versions"]
    assert [{"v": 1, "config": {"enabled": False}}, {"v": 2}, {"v": 3}] == versions


def test_the_latest_version_stays_while_there_are_others() -> None:
    with pytest.raises(ProposalError, match="latest version"):
        plan_of(PlanKind.REMOVE, VERSIONS, "model.shop.shared.v2")


def test_a_version_that_is_pinned_somewhere_stays() -> None:
    files = VERSIONS | {"macros/m.sql": "{{ ref('shared', v=1) }}"}

    with pytest.raises(ProposalError, match=r"macros/m\.sql:1"):
        plan_of(PlanKind.REMOVE, files, "model.shop.shared.v1")


def test_the_digest_is_that_of_the_change() -> None:
    """The day and the evidence do not belong to it; the files do."""
    plan = plan_of(PlanKind.DEPRECATE)
    later = removal_plan(project_of(FILES), GONE, PlanKind.DEPRECATE, date(2027, 1, 1))
    edited = plan_of(PlanKind.DEPRECATE, {"models/all.yaml": ENTRIES + "# more\n"})

    assert plan.digest == later.digest == replace(plan, evidence=("x",)).digest
    assert plan.digest != edited.digest
    assert plan.branch == edited.branch


def test_the_blast_radius_names_what_goes_and_what_is_next() -> None:
    files = {"models/kept.sql": "select 2"}

    blast = plan_of(PlanKind.REMOVE, files).blast

    assert ("model.shop.base",) == blast.upstream == blast.unread
    assert ("test.shop.gone_is_positive",) == blast.checks
