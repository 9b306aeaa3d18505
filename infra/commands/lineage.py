"""`hourglass lineage`: what an asset, a model or a table rests on, from the Kafka topic on, and who reads it."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from infra.commands.console import Json, output, print_line

if TYPE_CHECKING:
    from orchestration.metapipeline.graph.lineage import Lineage
    from orchestration.metapipeline.graph.nodes import Node, PlatformGraph


def lineage_command(
    name: Annotated[
        str, typer.Argument(metavar="ASSET", help="Asset key, dbt name or id, or relation, such as AWS.DEV.ORDERS.")
    ],
    *,
    as_json: Json = False,
) -> None:
    """Print the way from topic to report through an asset: topic, job, objects, tables, models, exposures, reports.

    It asks no server: the dbt manifest and the definitions of this project have it. Reports are those that the
    metapipeline read last. Each line comes behind everything that it reads. Exit code 2: nothing, or several things,
    have this name.
    """
    from orchestration.metapipeline.graph.lineage import lineage_of

    found = lineage_of(_graph(), name)
    if as_json:
        print(json.dumps(as_document(found), indent=1))
        return
    table = Table("", "what", "name", "reads")
    for node in found.nodes:
        mark = "*" if node.id == found.node.id else ""
        reads = ", ".join(_called(one, found) for one in found.reads[node.id])
        table.add_row(mark, _kind(node), Text(_title(node)), Text(reads))
    output().print(table)


def as_document(found: Lineage) -> dict[str, object]:
    """Return the lineage as `--json` prints it."""
    return {
        "node": found.node.id,
        "upstream": found.upstream,
        "downstream": found.downstream,
        "nodes": [
            {
                "id": node.id,
                "kind": node.kind,
                "what": _kind(node),
                "name": node.name,
                "relation": None if node.relation is None else str(node.relation),
                "owners": node.owners,
                "reads": found.reads[node.id],
            }
            for node in found.nodes
        ],
    }


def _graph() -> PlatformGraph:
    from orchestration.dbt_runner.build import require_manifest
    from orchestration.definitions import defs
    from orchestration.metapipeline.graph.assets import read_assets
    from orchestration.metapipeline.graph.manifest import read_manifest
    from orchestration.metapipeline.graph.platform import warehouse_graph

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dagster's own, of parts of itself that are in beta
        assets = read_assets(defs().get_repository_def())
    return _with_reports(warehouse_graph([read_manifest(require_manifest())], assets))


def _with_reports(graph: PlatformGraph) -> PlatformGraph:
    """Add the reports that the metapipeline kept, if there are any and their place answers."""
    from orchestration.landing.errors import LandingError
    from orchestration.metapipeline.errors import MetapipelineError
    from orchestration.metapipeline.graph.lineage import with_bi_part
    from orchestration.metapipeline.pipeline.catalog import read_document
    from orchestration.metapipeline.pipeline.clients import bind
    from orchestration.metapipeline.pipeline.showing import BI_PART

    try:
        kept = bind(read_document()).state.read(BI_PART)
        return graph if kept is None else with_bi_part(graph, kept.content)
    except (LandingError, MetapipelineError) as exc:
        print_line(f"hourglass: without reports: {exc}")
        return graph


def _kind(node: Node) -> str:
    """Return what people call a node: the kinds of an asset, and the materialisation of a model."""
    kinds = node.facts.get("kinds")
    if kinds:
        return "asset: " + ", ".join(kinds)
    materialized = node.facts.get("materialized")
    return f"{node.kind}: {materialized}" if materialized else str(node.kind)


def _title(node: Node) -> str:
    return f"{node.name} ({node.relation})" if node.relation else node.name


def _called(unique_id: str, found: Lineage) -> str:
    return next(node.name for node in found.nodes if node.id == unique_id)
