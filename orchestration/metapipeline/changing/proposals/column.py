"""The plan that removes one column of a model: its item in the last SELECT, and its entry in YAML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from orchestration.metapipeline.changing.proposals.reading.lineage import blast_radius, is_kept
from orchestration.metapipeline.changing.proposals.reading.mentions import relation_mentions
from orchestration.metapipeline.changing.proposals.reading.model import Model
from orchestration.metapipeline.changing.proposals.reading.project import DbtProject, ref_pattern
from orchestration.metapipeline.changing.proposals.reading.select_items import passage_of
from orchestration.metapipeline.changing.proposals.removal import PLACES_MAX, require_changeable
from orchestration.metapipeline.changing.proposals.steps import (
    CutText,
    Plan,
    PlanKind,
    RemoveEntry,
    Step,
    apply_steps,
    preconditions,
)
from orchestration.metapipeline.changing.proposals.yaml_edits.nodes import Item
from orchestration.metapipeline.errors import ProposalError
from orchestration.metapipeline.findings import Finding
from orchestration.metapipeline.graph.manifest import digests_of_readers

_MATERIALIZED = {"table", "view"}
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


def column_plan(project: DbtProject, finding: Finding, as_of: date) -> Plan:
    """Plan the removal of a column that no reader needs.

    Planned is only what is simple: a table or a view without contract and versions, whose last SELECT shows the column
    as one of its items. The code of the model and of its readers is the one that was judged, and no file that names
    the model, and no macro, holds the name of the column.

    Args:
        project: base branch.
        finding: of the kind UNUSED_COLUMN, removable.
        as_of: day of the plan.

    Raises:
        ProposalError: the column cannot be removed by a plan; the message says what stands against it.
    """
    model, column = Model(project, finding.subject), str(finding.numbers["column"])
    require_changeable(model)
    _require_simple(model)
    if digests_of_readers(project.manifest).get(model.unique_id) != finding.numbers.get("digest"):
        raise ProposalError(f"{model.name} or a reader of it is not as it was judged: write the manifest again")
    sql = project.files[model.path]
    dialect = str((project.manifest.get("metadata") or {}).get("adapter_type") or "snowflake")
    steps: list[Step] = [CutText(model.path, passage_of(sql, column, dialect), f"the column {column}")]
    steps += _entries(model, column)
    changed = apply_steps(project.files, steps)
    if places := sorted(_mentions(model, column, {**project.files, **changed})):
        more = f" and {len(places) - PLACES_MAX} more" if len(places) > PLACES_MAX else ""
        raise ProposalError(f"{column} is named in {', '.join(places[:PLACES_MAX])}{more}: change these files first")
    return Plan(
        kind=PlanKind.COLUMN,
        subject=f"{model.unique_id}.{column}",
        name=f"{model.name}.{column}",
        reason=finding.reason,
        steps=tuple(steps),
        files=preconditions(project.files, steps),
        as_of=as_of,
        evidence=finding.evidence,
        owners=finding.owners,
        blast=blast_radius(project.manifest, model.unique_id),
    )


def _require_simple(model: Model) -> None:
    config = model.node.get("config") or {}
    if is_kept(model.node):
        raise ProposalError(f"{model.name} has the tag `meta: {{hourglass: keep}}`")
    if config.get("materialized") not in _MATERIALIZED:
        raise ProposalError(f"{model.name} is materialized as {config.get('materialized')}: only tables and views are")
    if model.version or (config.get("contract") or {}).get("enforced"):
        raise ProposalError(f"{model.name} has versions or a contract: its columns are promised to its readers")


def _entries(model: Model, column: str) -> Iterator[RemoveEntry]:
    columns = model.properties.get("columns") or []
    for entry in columns:
        if str(entry.get("name")).lower() != column.lower():
            continue
        if tested := {"tests", "data_tests"}.intersection(entry):
            raise ProposalError(f"{column} of {model.name} has {tested.pop()}: remove them first")
        assert model.address is not None  # noqa: S101 - it has properties
        path, address = model.address
        inside = (*address, "columns", Item("name", str(entry["name"]))) if len(columns) > 1 else (*address, "columns")
        yield RemoveEntry(path, inside, str(entry["name"]))


def _mentions(model: Model, column: str, files: Mapping[str, str | None]) -> Iterator[str]:
    """Yield the files that may still mean the column: those that name the model, macros, and its own."""
    word = re.compile(rf"(?<![\w$]){re.escape(column)}(?![\w$])", re.IGNORECASE)
    ref, alias = ref_pattern(model.name), str(model.node.get("alias") or model.name)
    macros = set(model.project.under(model.project.folders("macro-paths")))
    for path, text in files.items():
        if text is None or not word.search(text):
            continue
        if path == model.path:
            named = any(word.search(code[0]) for code in _JINJA.finditer(text))
        elif model.entry is not None and path == model.entry.path:
            named = bool(word.search(_text_without_column(model.entry.data, column))) or bool(ref.search(text))
        else:
            named = path in macros or bool(ref.search(text)) or bool(relation_mentions({path: text}, alias))
        if named:
            yield path


def _text_without_column(data: Mapping[str, Any], column: str) -> str:
    kept = [one for one in data.get("columns") or () if str(one.get("name")).lower() != column.lower()]
    return str({**data, "columns": kept})
