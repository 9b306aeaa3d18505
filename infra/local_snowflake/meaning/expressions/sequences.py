"""NEXTVAL of a sequence wherever an expression can be."""

from __future__ import annotations

from sqlglot import Expr, exp

from infra.local_snowflake.meaning.columns.lengths import full_name


def with_next_values(tree: Expr, database: str | None, schema: str | None) -> Expr:
    """Return the tree with `sequence.NEXTVAL` as a call, below a DEFAULT, in VALUES and in expressions."""
    for node in list(tree.find_all(exp.Column)):
        if node.name.upper() != "NEXTVAL" or not node.table or isinstance(node.parent, exp.Select):
            continue
        parts = {"catalog": node.args.get("db"), "db": None, "this": node.args["table"]}
        if node.args.get("catalog"):
            parts = {"catalog": node.args["catalog"], "db": node.args["db"], "this": node.args["table"]}
        elif node.args.get("db"):
            parts = {"catalog": None, "db": node.args["db"], "this": node.args["table"]}
        name = full_name(exp.Table(**parts), database, schema)
        node.replace(exp.Anonymous(this="nextval", expressions=[exp.Literal.string(name.sql)]))
    return tree
