"""SYSTEM$CANCEL_QUERY and SYSTEM$CANCEL_ALL_QUERIES: a statement that stops other ones.

It does not wait for the statements of its own session, which it may be there to stop.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from infra.local_snowflake.answers import Answer
from infra.local_snowflake.errors import StatementCanceledError
from infra.local_snowflake.language.tokens import Kind, Reader
from infra.local_snowflake.serving.execution.running import Running

_QUERY, _ALL = "SYSTEM$CANCEL_QUERY", "SYSTEM$CANCEL_ALL_QUERIES"


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A query id or the number of a session, of which to stop what runs.

    Args:
        function: its name.
        of: the id or the number.
        column: of the result.
    """

    function: str
    of: str
    column: str

    def run(self, own: Running, running: Iterable[Running]) -> Answer:
        """Stop the statements, but the one of the cancellation itself."""
        stopped = [one for one in running if one is not own and not one.done and self._is_wanted(one)]
        for one in stopped:
            one.stop(StatementCanceledError("SQL execution canceled"))
        if self.function == _ALL:
            return Answer.of_text((self.column,), [(f"{len(stopped)} cancelled.",)])
        said = f"query [{self.of}] terminated." if stopped else "Identified SQL statement is not currently executing."
        return Answer.of_text((self.column,), [(said,)])

    def _is_wanted(self, one: Running) -> bool:
        return self.of == (one.session if self.function == _ALL else one.id)


def cancellation_of(sql: str) -> Cancellation | None:
    """Return what `SELECT SYSTEM$CANCEL_...(...)` stops; None for any other statement."""
    if "SYSTEM$CANCEL_" not in sql.upper():
        return None
    reader = Reader(sql)
    if not reader.accept("SELECT") or reader.done:
        return None
    function = reader.take()
    if function.keyword not in {_QUERY, _ALL} or not reader.accept("(") or reader.done:
        return None
    given = reader.take()
    of = given.text if given.kind is Kind.NUMBER else given.string if given.kind is Kind.STRING else None
    closed = reader.accept(")")
    _ = reader.accept(";")
    if of is None or not closed or not reader.done:
        return None
    return Cancellation(function.keyword, of, f"{function.keyword}({given.text.upper()})")
