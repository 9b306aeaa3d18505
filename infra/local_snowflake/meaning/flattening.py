"""FLATTEN, SPLIT_TO_TABLE and STRTOK_SPLIT_TO_TABLE as lateral subqueries."""

from __future__ import annotations

from itertools import count

from sqlglot import Expr, exp

from infra.local_snowflake.meaning.columns.kinds import Columns
from infra.local_snowflake.meaning.macros.calls import call

_statements = count(1)


def _options(call_: Expr) -> dict[str, Expr]:
    """Return the arguments of a table function by name; the first unnamed one is INPUT."""
    given: dict[str, Expr] = {}
    arguments = [call_.this, *call_.expressions] if isinstance(call_, exp.Explode) else call_.expressions
    for position, argument in enumerate(argument for argument in arguments if isinstance(argument, Expr)):
        if isinstance(argument, exp.Kwarg):
            given[argument.this.name.upper()] = argument.expression
        else:
            given["INPUT" if position == 0 else str(position)] = argument
    return given


def _flatten(node: Expr, _: Columns) -> Expr:
    function = node.this
    listed = _listed(function)
    if listed is None:
        return node
    rows = exp.Select(
        expressions=[
            exp.Anonymous(
                this="unnest",
                expressions=[
                    listed,
                    exp.PropertyEQ(this=exp.to_identifier("max_depth"), expression=exp.Literal.number(2)),
                ],
            )
        ]
    )
    alias = node.args.get("alias")
    if isinstance(node.parent, exp.Join) and node.parent.side and node.parent.args.get("on") is None:
        node.parent.set("on", exp.true())
    if isinstance(node.parent, exp.From):
        return exp.Subquery(this=rows, alias=alias.copy() if alias else None)
    return exp.Lateral(
        this=exp.Subquery(this=rows),
        alias=alias.copy() if alias else exp.TableAlias(this=exp.to_identifier("_FLATTENED")),
    )


def _listed(function: Expr) -> Expr | None:
    statement = next(_statements)
    if isinstance(function, exp.Explode):
        given = _options(function)
        return call(
            "flat_list",
            given.get("INPUT", exp.Null()),
            given.get("PATH"),
            given.get("OUTER", exp.false()),
            given.get("RECURSIVE", exp.false()),
            given.get("MODE", exp.Literal.string("BOTH")),
            statement,
        )
    name = (
        function.sql_name()
        if isinstance(function, exp.Func) and not isinstance(function, exp.Anonymous)
        else function.name
    )
    if name.upper() in {"SPLIT_TO_TABLE", "STRTOK_SPLIT_TO_TABLE"}:
        arguments = [
            part for part in (function.args.get("this"), function.args.get("expression")) if isinstance(part, Expr)
        ]
        arguments = arguments or function.expressions
        macro = "split_list" if name.upper() == "SPLIT_TO_TABLE" else "strtok_list"
        return call(macro, arguments[0], arguments[1] if len(arguments) > 1 else " ", statement)
    return None


REWRITINGS = {exp.Lateral: _flatten, exp.TableFromRows: _flatten}
