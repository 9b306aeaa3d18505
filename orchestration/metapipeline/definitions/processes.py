"""The processes that work beside the one of the run, as its resources.

The run makes its assets one after the other in one process, so a second core is idle: one process gets dbt ready for
the gate, another one executes the notebook.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg

from orchestration.metapipeline.changing.proposals.dbt_process import DbtProcess
from orchestration.metapipeline.pipeline.clients import Clients
from orchestration.metapipeline.showing.notebooks.process import NotebookProcess

if TYPE_CHECKING:
    from orchestration.metapipeline.pipeline.repositories import ParsedBases

GATE = "gate"
"""The key of the process that parses the projects of the pull requests."""
NOTEBOOK = "notebook"
"""The key of the process that executes the notebook."""


@dataclass(frozen=True, slots=True)
class Gate:
    """dbt for the pull requests of one run.

    Args:
        dbt: its process; nobody else may use it before `parsed` is done.
        parsed: the base branches, parsed in the process from the begin of the run.
    """

    dbt: DbtProcess
    parsed: Future[ParsedBases]


def gate(clients: Clients) -> dg.ResourceDefinition:
    """Build the resource: dbt starts with the run, if there is a repository to change, and parses its base branch."""

    @dg.resource(description="dbt in a process of its own, for the gate of the pull requests")
    def started(_context: dg.InitResourceContext) -> Iterator[Gate]:
        # the thread only waits: for git, and for the process
        with DbtProcess() as dbt, ThreadPoolExecutor(1) as pool:
            yield Gate(dbt, pool.submit(_parse_bases, clients, dbt))

    return started


def _parse_bases(clients: Clients, dbt: DbtProcess) -> ParsedBases:
    from orchestration.metapipeline.pipeline.repositories import Repositories  # noqa: PLC0415 (imports PyGithub)

    return Repositories(clients, dbt, lambda _line: None).parse_bases()


@dg.resource(description="the execution of the notebook, in a process of its own")
def notebook(_context: dg.InitResourceContext) -> Iterator[NotebookProcess]:
    """Start the process, which imports Dagstermill and waits for `meta_analysis_data`; it ends with the run."""
    with NotebookProcess() as process:
        process.prepare()
        yield process
