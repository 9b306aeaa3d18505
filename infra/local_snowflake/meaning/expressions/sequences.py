"""NEXTVAL of a sequence wherever an expression can be, and SEQ8() in the order of a window."""

from __future__ import annotations

from sqlglot import Expr, exp

from infra.local_snowflake.meaning.columns.lengths import full_name

_ROW_NUMBERS = (exp.Seq1, exp.Seq2, exp.Seq4, exp.Seq8)


def without_numbers_in_windows(tree: Expr) -> Expr:
    """Return the tree without SEQ8() and the like in the order of a window.

    DuckDB numbers rows with a window itself, which no other window may hold. The numbers rise with the rows, so that
    their order is the one that the rows have.
    """
    for node in list(tree.find_all(*_ROW_NUMBERS)):
        order = node.find_ancestor(exp.Order, exp.Select)
        if isinstance(order, exp.Order) and isinstance(order.parent, exp.Window):
            node.replace(exp.Null())
    return tree


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
