"""Check every manifest strictly: `python -m infra.kubernetes.validate`, part of `make check`. No cluster is asked.

- The kinds of Kubernetes against its own schemas, of the oldest and the newest version that we name.
- FlinkDeployment against the schema of `schemas.flink_deployment_schema`.
- The values of Dagster's chart against `values.schema.json` of the chart in HOURGLASS_DAGSTER_CHART, if that is set.
  Without it only our own tests check them: the chart is in none of the registries that set-up uses.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml
from jsonschema import Draft7Validator, Draft202012Validator

from infra.kubernetes.schemas import flink_deployment_schema
from infra.kubernetes.tools import HERE, ToolError, operator_crd, render

VERSIONS = ("1.33", "1.37")
"""Of Kubernetes: the oldest and the newest one that the manifests are for."""
FLINK_GROUP = "flink.apache.org/"
DAGSTER_VALUES = HERE / "dagster" / "values.yaml"


def folders() -> list[Path]:
    """List the folders that a person applies; the others are parts of them."""
    return [
        HERE / "platform",
        HERE / "dagster",
        *sorted(path.parent for path in HERE.glob("streams/*/kustomization.yaml")),
    ]


def problems() -> Iterator[str]:
    """Yield a line for each field that a schema refuses, with folder, resource and path."""
    flink = Draft202012Validator(flink_deployment_schema(operator_crd()))
    for folder in folders():
        for resource in render(folder):
            for problem in problems_of(resource, flink):
                yield f"{folder.relative_to(HERE)}: {name_of(resource)}: {problem}"
    yield from chart_problems(DAGSTER_VALUES, os.environ.get("HOURGLASS_DAGSTER_CHART"))


def problems_of(resource: Mapping[str, Any], flink: Draft202012Validator) -> Iterator[str]:
    """Yield what is wrong with one resource."""
    if str(resource.get("apiVersion")).startswith(FLINK_GROUP):
        for error in flink.iter_errors(resource):
            yield f"{error.json_path}: {error.message}"
        return
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(resource, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{'.'.join(map(str, error.path))}: {error.message} (Kubernetes {version})"
        except kubernetes_validate.SchemaNotFoundError as error:
            yield str(error.message)


def chart_problems(values: Path, chart: str | None) -> Iterator[str]:
    """Yield what the schema of an unpacked chart refuses; nothing without a chart."""
    if not chart:
        return
    schema = json.loads((Path(chart) / "values.schema.json").read_text())
    merged = _merged(yaml.safe_load((Path(chart) / "values.yaml").read_text()), yaml.safe_load(values.read_text()))
    for error in Draft7Validator(schema).iter_errors(merged):
        yield f"{values.name}: {error.json_path}: {error.message}"


def name_of(resource: Mapping[str, Any]) -> str:
    """Name a resource as kubectl does."""
    return f"{str(resource.get('kind')).lower()}/{resource.get('metadata', {}).get('name')}"


def _merged(defaults: Any, values: Any) -> Any:
    """Lay values over a chart's defaults as Helm does: maps are merged, everything else is replaced."""
    if not (isinstance(defaults, dict) and isinstance(values, dict)):
        return values
    return defaults | {name: _merged(defaults.get(name), value) for name, value in values.items()}


def main() -> int:
    """Print every problem; exit code 1 when there is one, 2 when a tool is missing."""
    try:
        found = list(problems())
    except ToolError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for problem in found:
        sys.stderr.write(f"infra/kubernetes/{problem}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
