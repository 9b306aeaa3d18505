"""FILTER and TRANSFORM: their lambda expressions over the elements of an ARRAY."""

from __future__ import annotations

from sqlglot import Expr, exp

from infra.local_snowflake.meaning.columns.kinds import VARIANTS, Columns, Kind, kind
from infra.local_snowflake.meaning.macros.calls import call


def name_parameters(tree: Expr, columns: Columns) -> None:
    """Make the parameters of lambda expressions columns of VARIANT, as their elements are."""
    for function in tree.find_all(exp.Lambda):
        names = {parameter.name.upper() for parameter in function.expressions}
        for name in names:
            columns.aliases[name] = Kind.MAYBE_VARIANT
        for node in list(function.this.find_all(exp.Identifier)):
            if node.name.upper() in names and not isinstance(node.parent, (exp.Column, exp.Lambda)):
                node.replace(exp.Column(this=node.copy()))
        if isinstance(function.this, exp.Identifier) and function.this.name.upper() in names:
            function.set("this", exp.Column(this=function.this.copy()))


def _of_duckdb(function: exp.Lambda) -> Expr:
    """Return `LAMBDA x : body`; sqlglot writes an arrow, which DuckDB no longer reads."""
    names = ", ".join(parameter.name.upper() for parameter in function.expressions)
    return exp.Slice(this=exp.Var(this=f"LAMBDA {names}"), expression=function.this)


def _filter(node: Expr, columns: Columns) -> Expr:
    condition = node.expression
    if not isinstance(condition, exp.Lambda):
        return node
    if kind(condition.this, columns) in VARIANTS:
        condition.set("this", call("boolean", condition.this))
    kept = exp.Anonymous(this="list_filter", expressions=[call("elements", node.this), _of_duckdb(condition)])
    return exp.Anonymous(this="to_json", expressions=[kept])


def _transform(node: Expr, _: Columns) -> Expr:
    if not isinstance(node.expression, exp.Lambda):
        return node
    changed = exp.Anonymous(
        this="list_transform", expressions=[call("elements", node.this), _of_duckdb(node.expression)]
    )
    return call("array_integers", exp.Anonymous(this="to_json", expressions=[changed]))


REWRITINGS = {exp.ArrayFilter: _filter, exp.Transform: _transform}
