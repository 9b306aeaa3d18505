"""The YAML component of a metapipeline: one document is its assets, checks, job, schedule and sensor."""

from __future__ import annotations

from typing import Any, Self

import dagster as dg
from pydantic import BaseModel, ConfigDict

from orchestration.metapipeline.definitions.building import build_definitions
from orchestration.metapipeline.pipeline.clients import bind
from orchestration.metapipeline.pipeline.document import MetapipelineDocument
from snowflake_components.documents.reading import load_document
from snowflake_components.documents.schema import component_schema


class MetapipelineAttributes(BaseModel):
    """The attributes as written: templates are not resolved yet, so `MetapipelineDocument` validates them later.

    The JSON schema is that of `MetapipelineDocument`, for editors and for `dg check yaml`.
    """

    model_config = ConfigDict(extra="allow", json_schema_extra=lambda schema: schema.update(_described()))


def _described() -> dict[str, Any]:
    described: dict[str, Any] = _with_templates(
        component_schema("MetapipelineComponent", MetapipelineDocument.model_json_schema())
    )
    return described


def _with_templates(schema: Any) -> Any:
    """Let each number and each truth value be a text as well: a template is one until it is resolved."""
    if isinstance(schema, list):
        return [_with_templates(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    walked = {name: _with_templates(part) for name, part in schema.items()}
    if walked.get("type") in {"boolean", "integer", "number"}:
        described = {name: walked.pop(name) for name in ("title", "description", "default") if name in walked}
        return {**described, "anyOf": [walked, {"type": "string"}]}
    return walked


class MetapipelineComponent(dg.Component):
    """Keep a data platform small: archive stale reports, propose the removal of unused models, flag slow ones.

    One document makes every asset of the metapipeline: BI workspaces, dbt projects, runs and uses of the landed
    events, the platform graph, what is judged about it, and what is changed. Nothing is changed until it says `apply`.
    """

    def __init__(self, document: MetapipelineDocument) -> None:
        self.document = document

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """Return the model of the attributes as written."""
        return MetapipelineAttributes

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:
        """Read one document; every mistake has file, line, field and a suggestion."""
        return cls(load_document(context, MetapipelineDocument, attributes))

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:  # noqa: ARG002 (of the interface)
        """Build the definitions of the metapipeline."""
        return build_definitions(bind(self.document))
