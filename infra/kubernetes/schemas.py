"""Schemas of the kinds that Kubernetes does not have itself. Pure."""

from __future__ import annotations

import copy
from typing import Any

FLINK_VERSION = "v2_3"


def flink_deployment_schema(crd: dict[str, Any]) -> dict[str, Any]:
    """Derive a strict JSON schema of a FlinkDeployment from the operator's CRD.

    The CRD is of release 1.10, because Maven Central has no newer one, and its `flinkVersion` ends before 2.x. So that
    one enumeration is patched with `v2_3`, which release 1.15 has. Every other field is checked as 1.10 knows it; 1.15
    accepts all of them. Fields that the CRD does not name are refused, which Kubernetes itself would drop silently.
    """
    version = crd["spec"]["versions"][0]
    schema: dict[str, Any] = copy.deepcopy(version["schema"]["openAPIV3Schema"])
    enumeration = schema["properties"]["spec"]["properties"]["flinkVersion"]["enum"]
    if FLINK_VERSION not in enumeration:
        enumeration.append(FLINK_VERSION)
    schema["properties"] |= {
        "apiVersion": {"const": f"{crd['spec']['group']}/{version['name']}"},
        "kind": {"const": crd["spec"]["names"]["kind"]},
        "metadata": {"type": "object"},
    }
    _close(schema)
    schema["properties"]["metadata"].pop("additionalProperties", None)
    return schema


def _close(schema: Any) -> None:
    """Refuse fields without a schema, and accept Kubernetes' own union of integer and string."""
    if isinstance(schema, list):
        for part in schema:
            _close(part)
    if not isinstance(schema, dict):
        return
    if schema.get("x-kubernetes-int-or-string"):
        schema.pop("type", None)
    elif schema.get("type") == "object" and "properties" in schema:
        schema.setdefault("additionalProperties", bool(schema.get("x-kubernetes-preserve-unknown-fields")))
    for name, part in schema.items():
        if name == "properties":
            for field in part.values():
                _close(field)
        elif name not in {"enum", "default", "required"}:
            _close(part)
