"""The raw code of dbt models as SQL."""

from __future__ import annotations

import re
from collections.abc import Iterable

from orchestration.metapipeline.bi.workspace import Template
from orchestration.metapipeline.graph.nodes import Node, NodeKind
from orchestration.metapipeline.relations import RelationName
from orchestration.metapipeline.sql.dialects import Dialect
from orchestration.metapipeline.sql.templates.rendering import Renderer, markers_for
from orchestration.metapipeline.sql.templates.template import TemplateFault, read_template

_REFERENCED = frozenset({NodeKind.MODEL, NodeKind.SEED, NodeKind.SNAPSHOT})


def with_relations(raw: str, dialect: Dialect, read: Iterable[Node]) -> str:
    """Write the relations of the nodes that a model reads in place of `ref` and `source`, and leave `config` out.

    Args:
        raw: the raw code of a model.
        dialect: of the SQL.
        read: the nodes of its edges.

    Returns:
        The SQL; empty when other Jinja is left, or a name is not among the nodes.
    """
    nodes = list(read)
    markers = markers_for(raw)
    try:
        body = read_template(raw, Template.JINJA, dialect)
        texts, _ = Renderer(Template.JINJA, dialect, {}, markers, short=False).render_all(body)
    except (TemplateFault, RecursionError):
        return ""
    names = [_called(hole.expression, nodes) for hole in markers.holes]
    if len(texts) != 1 or None in names:
        return ""
    written = [dialect.written(name.parts) if name else "" for name in names]
    return markers.pattern.sub(lambda found: written[int(found[1])], texts[0].sql)


_REF = re.compile(r"""(ref|source)\(\s*['"]([^'"]+)['"]\s*(?:,\s*['"]([^'"]+)['"]\s*)?\)""")


def _called(expression: str, nodes: Iterable[Node]) -> RelationName | None:
    found = _REF.fullmatch(expression.strip())
    if found is None:
        return None
    function, first, second = found.groups()
    if function == "source":
        fitting = [node for node in nodes if node.id.endswith(f".{first}.{second}")]
    else:
        package, name = (first, second) if second else ("", first)
        fitting = [node for node in nodes if node.name == name and package in {"", node.project}]
        fitting = [node for node in fitting if node.kind in _REFERENCED]
    return fitting[0].relation if len(fitting) == 1 else None
