"""SUM and AVG: of numbers as they are, of text by an implicit cast, which needs a second attempt.

A tree does not show the type of every column. DuckDB refuses SUM over text before it executes anything, so that the
statement can be translated again with casts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlglot import Expr, exp

from infra.local_snowflake.meaning.columns.kinds import VARIANTS, Columns, Kind, kind
from infra.local_snowflake.meaning.expressions.comparisons import as_number

_casts: ContextVar[bool] = ContextVar("casts", default=False)
_OF_TEXT = re.compile(r"No function matches the given name and argument types '(?:sum|avg)\((?:VARCHAR|JSON)")


def sums_text(failed: BaseException | None) -> bool:
    """Return whether a statement was refused only because it sums text."""
    while failed is not None:
        if _OF_TEXT.search(str(failed)):
            return not _casts.get()
        failed = failed.__cause__
    return False


@contextmanager
def casting_sums() -> Iterator[None]:
    """Translate the statements of a block with casts of everything that is summed."""
    before = _casts.set(True)
    try:
        yield
    finally:
        _casts.reset(before)


def _sum(node: Expr, columns: Columns) -> Expr:
    value = node.this
    inner = value.expressions[0] if isinstance(value, exp.Distinct) else value
    of = kind(inner, columns)
    if of in VARIANTS | {Kind.TEXT} or (_casts.get() and of is Kind.UNKNOWN):
        if inner is value:
            value = as_number(inner)
        else:
            value.set("expressions", [as_number(inner)])
    return exp.Anonymous(this="sum" if isinstance(node, exp.Sum) else "avg", expressions=[value])


REWRITINGS = {exp.Sum: _sum, exp.Avg: _sum}
