"""Small manifests in dbt's format, with only the fields that are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

_SECTIONS = {
    "source": "sources",
    "exposure": "exposures",
    "metric": "metrics",
    "semantic_model": "semantic_models",
    "saved_query": "saved_queries",
    "function": "functions",
}


def manifest_of(parents: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """Return a manifest of `model.a -> its parents`; the first word of an id is its resource type."""
    manifest: dict[str, Any] = {"nodes": {}, "sources": {}, "exposures": {}, "disabled": {}}
    for unique_id, depends_on in parents.items():
        kind = unique_id.partition(".")[0]
        section = manifest.setdefault(_SECTIONS.get(kind, "nodes"), {})
        section[unique_id] = {"resource_type": kind, "depends_on": {"nodes": list(depends_on), "macros": []}}
    return manifest


def random_parents(random: Random, models: int, exposures: int) -> dict[str, list[str]]:
    """Draw sources, models, snapshots, tests and exposures; a node depends only on nodes drawn before it."""
    parents: dict[str, list[str]] = {f"source.p.s{number}": [] for number in range(random.randint(1, 3))}
    readable = list(parents)
    for number in range(models):
        kind = random.choices(("model", "snapshot", "seed"), (8, 1, 1))[0]
        wanted = 0 if kind == "seed" else random.randint(0, min(3, len(readable)))
        unique_id = f"{kind}.p.n{number}"
        parents[unique_id] = random.sample(readable, wanted)
        readable.append(unique_id)
    for number in range(models // 2):
        parents[f"test.p.t{number}"] = random.sample(readable, 1)
    for number in range(exposures):
        parents[f"exposure.p.e{number}"] = random.sample(readable, random.randint(0, min(2, len(readable))))
    return parents
