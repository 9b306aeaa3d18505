"""A job of the notebook alone, which the kernel of the test can load again."""

from __future__ import annotations

import dagster as dg

from orchestration.folders import FolderSettings
from orchestration.metapipeline.showing.notebooks.execution import IO_MANAGER_KEY, NotebookStore, notebook_asset

ASSET = "meta_analysis"


def notebook_job() -> dg.JobDefinition:
    """Define the asset with its store in the data folder."""
    definitions = dg.Definitions(
        assets=[notebook_asset(ASSET)],
        resources={IO_MANAGER_KEY: NotebookStore(FolderSettings().notebooks)},
        jobs=[dg.define_asset_job("analysis", [ASSET], executor_def=dg.in_process_executor)],
    )
    return definitions.resolve_job_def("analysis")
