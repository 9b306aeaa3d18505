"""Split MERGE into statements that write to the database of its target alone, as one transaction of DuckDB must."""

from __future__ import annotations

from uuid import uuid4

from sqlglot import exp

MATCHES_PREFIX = "__merge_"
"""The start of the name of a table with the rows of one MERGE; it is dropped in the same transaction."""
_REFUSAL = "[100090 42P18] Duplicate row detected during DML action"
"""An error of DuckDB with this text is returned with the code and state in it."""
_ROW = "TARGET_ROWID"
_CLAUSE = "MERGE_CLAUSE"
_SOURCE = "MERGE_SOURCE"


def merge_plan(merge: exp.Expr) -> list[exp.Expr]:
    """Return the statements of a MERGE, in this order; any other statement is returned as it is.

    1. Store each source row with the row of the target that it matches, and with the first WHEN clause that it fulfils.
    2. Fail if a row of the target would be updated twice, or updated and deleted.
    3. Update, delete and insert, one statement per clause.
    4. Count the rows by their operation.
    """
    if not isinstance(merge, exp.Merge):
        return [merge]
    target, source = merge.this, _named(merge.args["using"])
    matches = exp.Table(
        this=exp.to_identifier(f"{MATCHES_PREFIX}{uuid4().hex}", quoted=True),
        db=target.args.get("db"),
        catalog=target.args.get("catalog"),
    )
    name = source.alias_or_name
    clauses = list(
        merge.args["whens"].expressions if isinstance(merge.args["whens"], exp.Whens) else merge.args["whens"]
    )
    return [
        _store(matches, target, source, merge.args["on"], clauses),
        _require_unambiguous(matches, clauses),
        *(_write(target, _aliased(matches, source, name), number, clause) for number, clause in enumerate(clauses)),
        _count(matches, clauses),
    ]


def _named(source: exp.Expr) -> exp.Expr:
    """Return the source with a name: a subquery may have none."""
    if isinstance(source, exp.Subquery) and not source.alias:
        source.set("alias", exp.TableAlias(this=exp.to_identifier(_SOURCE)))
    return source


def _aliased(matches: exp.Table, source: exp.Expr, name: str) -> exp.Table:
    alias = source.args.get("alias")
    quoted = (
        (alias.this if alias else source.this).args.get("quoted") if alias or isinstance(source, exp.Table) else False
    )
    table = matches.copy()
    table.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=bool(quoted))))
    return table


def _column(table: exp.Expr, name: str) -> exp.Column:
    alias = table.args.get("alias")
    owner = alias.this.copy() if alias else table.this.copy()
    return exp.Column(this=exp.to_identifier(name), table=owner)


def _is_delete(clause: exp.When) -> bool:
    return isinstance(clause.args["then"], exp.Var) and clause.args["then"].name.upper() == "DELETE"


def _operation(clause: exp.When) -> str:
    if not clause.args.get("matched"):
        return "inserted"
    return "deleted" if _is_delete(clause) else "updated"


def _store(
    matches: exp.Table, target: exp.Table, source: exp.Expr, on: exp.Expr, clauses: list[exp.When]
) -> exp.Create:
    row = _column(target, "rowid")
    choice = exp.Case()
    for number, clause in enumerate(clauses):
        found: exp.Expr = exp.Is(this=row.copy(), expression=exp.Null())
        if clause.args.get("matched"):
            found = exp.Not(this=found)
        if clause.args.get("condition"):
            found = exp.and_(found, exp.paren(clause.args["condition"].copy()))
        choice = choice.when(found, exp.Literal.number(number))
    alias = source.args.get("alias")
    owner = alias.this.copy() if alias else source.this.copy()
    rows = (
        exp.Select(
            expressions=[
                exp.Column(this=exp.Star(), table=owner),
                exp.alias_(row.copy(), _ROW),
                exp.alias_(choice, _CLAUSE),
            ]
        )
        .from_(source.copy())
        .join(target.copy(), on=on.copy(), join_type="left")
    )
    return exp.Create(this=matches.copy(), kind="TABLE", expression=rows)


def _require_unambiguous(matches: exp.Table, clauses: list[exp.When]) -> exp.Select:
    updates = [str(number) for number, clause in enumerate(clauses) if _operation(clause) == "updated"]
    deletes = [str(number) for number, clause in enumerate(clauses) if _operation(clause) == "deleted"]
    updated = f"COUNT_IF({_CLAUSE} IN ({', '.join(updates) or 'NULL'}))"
    deleted = f"COUNT_IF({_CLAUSE} IN ({', '.join(deletes) or 'NULL'}))"
    ambiguous = (
        exp.select("1")
        .from_(matches.copy())
        .where(f"{_ROW} IS NOT NULL")
        .group_by(_ROW)
        .having(f"{updated} > 1 OR ({updated} > 0 AND {deleted} > 0)")
    )
    error = exp.Anonymous(this="error", expressions=[exp.Literal.string(_REFUSAL)])
    return exp.select(exp.alias_(exp.Case().when(exp.Exists(this=ambiguous), error), "REFUSED"))


def _write(target: exp.Table, matches: exp.Table, number: int, clause: exp.When) -> exp.Expr:
    then = clause.args["then"]
    chosen = exp.EQ(this=_column(matches, _CLAUSE), expression=exp.Literal.number(number))
    same = exp.EQ(this=_column(target, "rowid"), expression=_column(matches, _ROW))
    if isinstance(then, exp.Insert):
        into: exp.Expr = exp.Table(**{part: target.args.get(part) for part in ("this", "db", "catalog")}).copy()
        if then.this is not None and then.this.expressions:
            columns = [
                exp.to_identifier(column.name, quoted=column.this.args.get("quoted"))
                for column in then.this.expressions
            ]
            into = exp.Schema(this=into, expressions=columns)
        values = [value.copy() for value in then.expression.expressions]
        return exp.Insert(this=into, expression=exp.select(*values).from_(matches.copy()).where(chosen))
    if _is_delete(clause):
        return exp.Delete(this=target.copy(), using=[matches.copy()], where=exp.Where(this=exp.and_(same, chosen)))
    sets = [
        exp.EQ(this=exp.Column(this=each.this.this.copy()), expression=each.expression.copy())
        for each in then.expressions
    ]
    return exp.Update(
        this=target.copy(),
        expressions=sets,
        from_=exp.From(this=matches.copy()),
        where=exp.Where(this=exp.and_(same, chosen)),
    )


def _count(matches: exp.Table, clauses: list[exp.When]) -> exp.Select:
    counts = []
    for operation in ("inserted", "updated", "deleted"):
        numbers = [str(number) for number, clause in enumerate(clauses) if _operation(clause) == operation]
        if numbers:
            counts.append(f'COALESCE(COUNT_IF({_CLAUSE} IN ({", ".join(numbers)})), 0) AS "number of rows {operation}"')
    counted = exp.select(*counts).from_(matches.copy())
    counted.set("merge_counts", True)  # fakesnow then reports their sum as the affected rows
    return counted
