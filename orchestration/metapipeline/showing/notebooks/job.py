"""The notebook as a job of its own, which its kernel can load again without the code location of the project."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from orchestration.folders import FolderSettings
from orchestration.metapipeline.showing.notebooks.execution import IO_MANAGER_KEY, NotebookStore, notebook_asset
from orchestration.metapipeline.showing.notebooks.process import ASSET, executed_notebook

JOB = ASSET


def notebook_job() -> dg.JobDefinition:
    """Define the asset with its store in the data folder."""
    definitions = dg.Definitions(
        assets=[notebook_asset(ASSET)],
        resources={IO_MANAGER_KEY: NotebookStore(FolderSettings().notebooks)},
        jobs=[dg.define_asset_job(JOB, [ASSET], executor_def=dg.in_process_executor)],
    )
    return definitions.resolve_job_def(JOB)


def run_notebook(instance: dg.DagsterInstance) -> Path:
    """Execute the notebook over the data in its folder, in a run of its own, and return the path of the executed one.

    Dagstermill takes as long to import as Dagster, and the runs of hours load the same code location as the
    metapipeline: so the notebook is no asset of it.

    Raises:
        DagsterExecutionStepExecutionError: a cell failed; the run has its error.
    """
    with dg.execute_job(dg.reconstructable(notebook_job), instance, raise_on_error=True):
        return executed_notebook()
