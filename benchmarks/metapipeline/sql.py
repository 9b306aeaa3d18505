"""How long the metapipeline reads and resolves the SQL texts of a large BI workspace."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping

from benchmarks.metapipeline.measured import Measured, peak_gib
from orchestration.metapipeline.bi.workspace import Place, Query, Template, Workspace
from orchestration.metapipeline.graph.nodes import Node, NodeKind, PlatformGraph
from orchestration.metapipeline.relations import RelationName
from orchestration.metapipeline.sql.resolution import Catalog, resolve_queries

TEXTS = 5_000
MODELS = 3_000
SECONDS_MAX = 60.0
_TEMPLATED = 0.3
_SCHEMAS = ("STAGING", "CORE", "MARTS", "FINANCE", "PRODUCT")
_FORM = """
{% form %}
since:
  type: date
  default: {{ 'now' | date: '%s' | minus: 86400 | date: '%Y-%m-%d' }}
region:
  type: multiselect
  options: [north, south]
{% endform %}
"""


def measure() -> Mapping[str, float]:
    """Read and resolve 5,000 texts with CTEs, joins, window functions and Liquid, in one process.

    Returns:
        Texts, their megabytes, edges, gaps, seconds, and the limit of seconds.

    Raises:
        AssertionError: an edge is missing or wrong; then the time means nothing.
    """
    graph = _graph()
    catalog = Catalog.of(graph)
    written = list(_texts(random.Random(16), [str(node.relation) for node in graph.nodes]))  # noqa: S311 (a seed)
    place = Place("snowflake", "ANALYTICS", "CORE")
    queries = tuple(Query(str(index), str(index // 3), "", sql, place) for index, (sql, _) in enumerate(written))
    workspace = Workspace("mode", "benchmark", (), queries, Template.LIQUID)
    start = time.perf_counter()
    found = list(resolve_queries(workspace, catalog))
    seconds = time.perf_counter() - start
    for one, (sql, reads) in zip(found, written, strict=True):
        named = {str(graph.by_id[node].relation) for node in one.reads}
        if named != reads:
            raise AssertionError(f"{named ^ reads} differ in: {sql}")
    return {
        "texts": len(written),
        "megabytes": sum(len(sql) for sql, _ in written) / 1e6,
        "edges": sum(len(one.reads) for one in found),
        "gaps": sum(len(one.gaps) for one in found),
        "seconds": seconds,
        "seconds_max": SECONDS_MAX,
    }


def measure_texts() -> list[Measured]:
    """Measure the texts as one row; the CPU time includes writing them."""
    cpu = time.process_time()
    found = measure()
    cpu_seconds = time.process_time() - cpu
    detail = ", ".join(f"{name} {found[name]:,.0f}" for name in ("texts", "megabytes", "edges", "gaps"))
    return [
        Measured("texts parsed and resolved", found["seconds"], cpu_seconds, peak_gib(), detail, found["seconds_max"])
    ]


def _graph() -> PlatformGraph:
    nodes = (
        Node(
            f"model.shop.model_{index:04}",
            NodeKind.MODEL,
            f"model_{index:04}",
            "shop",
            RelationName(("ANALYTICS", _SCHEMAS[index % len(_SCHEMAS)], f"MODEL_{index:04}")),
        )
        for index in range(MODELS)
    )
    return PlatformGraph(tuple(nodes), ())


def _texts(randomness: random.Random, relations: list[str]) -> Iterator[tuple[str, set[str]]]:
    """Write texts, each with the relations that it reads."""
    for _ in range(TEXTS):
        chosen = randomness.sample(relations, randomness.randint(2, 5))
        ctes = [_cte(randomness, index, relation) for index, relation in enumerate(chosen[:-1])]
        joins = "\n".join(
            f"left join part_{index} on part_{index}.key_id = main.key_id and part_{index}.day = main.day"
            for index in range(len(ctes))
        )
        columns = ",\n    ".join(_columns(randomness, [f"part_{index}" for index in range(len(ctes))]))
        condition = (
            "{% if region %}and main.region in ({{ region }}){% endif %}" if randomness.random() < _TEMPLATED else ""
        )
        form = _FORM if condition else ""
        sql = (
            f"-- the weekly numbers\nwith {', '.join(ctes)}\nselect\n    main.day,\n    {columns}\n"
            f"from {chosen[-1].lower()} as main\n{joins}\nwhere main.day >= '{{{{ since }}}}' {condition}\n"
            f"qualify row_number() over (partition by main.key_id order by main.day desc) = 1\norder by 1;\n{form}"
        )
        yield sql, set(chosen)


def _cte(randomness: random.Random, index: int, relation: str) -> str:
    columns = ",\n        ".join(_columns(randomness, ["x"]))
    return (
        f"part_{index} as (\n    select\n        key_id,\n        day,\n        {columns}\n    from {relation} as x\n"
        f"    where x.status not in ('deleted', 'test') and x.amount > {index}\n    group by all\n)"
    )


def _columns(randomness: random.Random, tables: list[str]) -> list[str]:
    return [
        f"{randomness.choice(['sum', 'max', 'count', 'avg'])}(case when {table}.kind = 'k{index}' "
        f"then coalesce({table}.amount_{index}, 0) / nullif({table}.total, 0) end) as value_{index}"
        for index in range(randomness.randint(2, 5))
        for table in [randomness.choice(tables)]
    ]
