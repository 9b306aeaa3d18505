"""Editors and `dg check yaml` read a JSON schema: it accepts what loads and knows the options of each type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import snowflake_components
from snowflake_components.component import SnowflakeCreateOrRefreshComponent

SLIDES = Path(__file__).parent / "documents" / "slides.yaml"
EVENT_LOG = Path(snowflake_components.__file__).parents[1] / "orchestration/defs/platform_events/defs.yaml"
DOCUMENTS = [
    document["attributes"]
    for file in (SLIDES, EVENT_LOG)
    for document in yaml.safe_load_all(file.read_text(encoding="utf-8"))
    if document["type"] != "orchestration.HourlyStreamComponent"
]


def _errors(attributes: dict[str, Any]) -> list[str]:
    schema = SnowflakeCreateOrRefreshComponent.get_model_cls().model_json_schema()
    validator = jsonschema.Draft202012Validator(schema)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(attributes)]


@pytest.mark.parametrize("attributes", DOCUMENTS)
def test_a_document_that_loads_fits_the_schema(attributes: dict[str, Any]) -> None:
    """Editors do not mark a valid document."""
    assert _errors(attributes) == []


@pytest.mark.parametrize("attributes", DOCUMENTS)
def test_an_unknown_option_is_marked(attributes: dict[str, Any]) -> None:
    """The options are closed in the schema too, by the type of the object."""
    options = {**attributes["options"], "urll": 1}
    (error,) = _errors({**attributes, "options": options})
    assert error.startswith("$.options: Additional properties are not allowed ('urll'")


def test_every_field_is_described() -> None:
    """An author reads the meaning of a field in the editor."""
    schema = SnowflakeCreateOrRefreshComponent.get_model_cls().model_json_schema()
    options = [condition["then"]["properties"]["options"] for condition in schema["allOf"]]
    undescribed = [
        name
        for described in [schema, *options]
        for name, field in described["properties"].items()
        if not field.get("description") and name != "asset_attributes"  # Dagster describes its fields
    ]
    assert undescribed == []
