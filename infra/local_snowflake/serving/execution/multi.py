"""A request of several statements: each has a query id, by which the client fetches its result."""

from __future__ import annotations

from typing import Any

import pyarrow as pa  # type: ignore[import-untyped] # it ships no types

from infra.local_snowflake.language.tokens import tokenize
from infra.local_snowflake.serving import wire
from infra.local_snowflake.serving.execution.results import Result

_MULTI_TYPE = 0xA000
_ANSWER = pa.table({"multiple statement execution": ["Multiple statements executed successfully."]})


def parts(statements: list[str], body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the body of a request for each statement, with the values of its own placeholders."""
    bindings = body.get("bindings") or {}
    found = []
    first = 1
    for sql in statements:
        count = sum(token.text == "?" for token in tokenize(sql))
        own = {str(at): bindings[str(first + at - 1)] for at in range(1, count + 1) if str(first + at - 1) in bindings}
        first += count
        found.append({**body, "sqlText": sql, "bindings": own or None})
    return found


def result_of_all(results: dict[str, Result]) -> Result:
    """Return the result of the request: the query ids of its statements."""
    answer = wire.result_of(_ANSWER)
    types = ",".join(str(result.type_id) for result in results.values())
    more = {"resultIds": ",".join(results), "resultTypes": types, "statementTypeId": _MULTI_TYPE}
    return Result(answer.rowtype, answer.table, _MULTI_TYPE, more=more)
