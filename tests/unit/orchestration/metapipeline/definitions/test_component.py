from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml

from orchestration.metapipeline.component import MetapipelineComponent
from orchestration.metapipeline.pipeline.catalog import PROJECT_DOCUMENT, read_document
from orchestration.metapipeline.pipeline.document import MetapipelineDocument
from tests.fakes.component_documents import loaded, mistakes_in

pytestmark = [
    pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated"),  # Dagster's own
    pytest.mark.filterwarnings("ignore:.*is currently in beta"),  # Dagster's own
]

MINIMAL = """
type: orchestration.MetapipelineComponent
attributes:
  dbt_projects: [{manifest: target/manifest.json}]
"""


def schema() -> dict[str, Any]:
    found: dict[str, Any] = MetapipelineComponent.get_model_cls().model_json_schema()
    return found


def test_one_document_is_the_assets_the_job_the_schedule_and_the_sensor() -> None:
    """Nothing else is to be written."""
    with loaded(MINIMAL, {}) as definitions:
        groups = [spec.group_name for spec in definitions.resolve_all_asset_specs()]
        assert 20 == groups.count("metapipeline")
        assert ["metapipeline"] == [job.name for job in definitions.jobs or []]
        assert ["metapipeline_schedule"] == [one.name for one in definitions.schedules or []]
        assert ["metapipeline_inputs"] == [one.name for one in definitions.sensors or []]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("  thresholds: {}", "thresholds"),
        ("  stale_reports: {not_run_day: 5}", "not_run_day"),
        ("  importance: {beauty: 1}", "no such measure: beauty"),
        ("  importance: {degree: 0}", "one of them is above 0"),
        ("  unused_models: {plausible_share: 3}", "plausible_share"),
        ("  bi: [{tool: tableau}]", "tableau"),
        ("  state: s3://bucket", "s3://bucket is neither a folder nor s3://<bucket>/<prefix>/"),
        ("  state: gs://bucket/meta/", "gs://bucket/meta/ is neither a folder"),
        ("  checks: {gap_share: 2}", "gap_share"),
        ("  bi: [{tool: mode, workspace: a}, {tool: mode, workspace: a}]", "named twice: mode a"),
    ],
)
def test_a_mistake_has_its_file_and_its_field(line: str, message: str) -> None:
    """The document is closed, and each value has its range."""
    said = mistakes_in(f"{MINIMAL}{line}\n")
    assert message in said
    assert "defs.yaml" in said


def test_the_document_of_the_project_loads_and_fits_the_schema() -> None:
    """Editors do not mark it; they mark an unknown field; a template may stand for a number."""
    assert ("hourglass", "data-platform") == (read_document().bi[0].workspace, read_document().slack.channel)  # type: ignore[union-attr]
    attributes = yaml.safe_load(PROJECT_DOCUMENT.read_text(encoding="utf-8"))["attributes"]
    validator = jsonschema.Draft202012Validator(schema())
    assert [] == [error.message for error in validator.iter_errors(attributes)]
    assert ["Additional properties are not allowed ('bii' was unexpected)"] == [
        error.message for error in validator.iter_errors({**attributes, "bii": []})
    ]


def test_the_schema_for_editors_has_every_field() -> None:
    """`dg check yaml` and editors read it."""
    assert set(MetapipelineDocument.model_fields) == set(schema()["properties"])
    assert "$ref" not in str(schema()["properties"])
