"""Tell the runs of our dbt projects from those of others: the staging models hold events of every organization."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestration.metapipeline.usage.model_runs import ModelRun

_PARTS_BEFORE_NAME = 2


@dataclass(frozen=True, slots=True)
class Ours:
    """What is ours.

    Args:
        projects: dbt projects, by the names in the ids of their nodes.
        organizations: whose events are about our deployments; None for every organization, where no two organizations
            have dbt projects of one name.
    """

    projects: frozenset[str]
    organizations: frozenset[str] | None = None

    def split(self, runs: Iterable[ModelRun]) -> tuple[tuple[ModelRun, ...], tuple[ModelRun, ...]]:
        """Return our runs and all others, each in the given order."""
        ours: list[ModelRun] = []
        others: list[ModelRun] = []
        for run in runs:
            (ours if self._has(run) else others).append(run)
        return tuple(ours), tuple(others)

    def _has(self, run: ModelRun) -> bool:
        known = self.organizations is None or run.step.organization in self.organizations
        return known and project_of(run.model) in self.projects


def project_of(node_id: str) -> str:
    """Return the dbt project of a node; empty for a text that is no id of dbt."""
    parts = node_id.split(".", _PARTS_BEFORE_NAME)
    return parts[1] if len(parts) > _PARTS_BEFORE_NAME else ""


def name_of(node_id: str) -> str:
    """Return the name of a dbt node, with its version and its dots; another text as it is."""
    parts = node_id.split(".", _PARTS_BEFORE_NAME)
    return parts[-1] if len(parts) > _PARTS_BEFORE_NAME else node_id
