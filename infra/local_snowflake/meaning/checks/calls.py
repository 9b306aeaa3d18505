"""Refuse the calls that Snowflake refuses: of functions that it does not have, and with too few or too many arguments.

Only a function of the closed list `known_functions` is executed. DuckDB has hundreds more, and some of them read files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import Expr, exp

from infra.local_snowflake.meaning.known_functions import BUILT, KNOWN, Arguments
from infra.local_snowflake.meaning.refusals.errors import (
    COMPILATION,
    EngineRefusedError,
    placed,
    syntax_error,
    unsupported_feature,
)
from infra.local_snowflake.meaning.refusals.places import call_text, line_and_position

_SYSTEM = "SYSTEM$"
_OF_ENGINE = frozenset({"GETVARIABLE"})
"""Functions of Snowflake whose namesakes in DuckDB do something else."""
_QUALIFIERS = frozenset({"INFORMATION_SCHEMA", "SNOWFLAKE"})
"""The schema and the database that Snowflake's own functions are in."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call as the client wrote it.

    Args:
        node: of the tree; sqlglot notes in it where the name is.
        name: of the function, in upper case and without quotes.
    """

    node: exp.Anonymous
    name: str

    @property
    def start(self) -> int:
        """The index of the first character of the name."""
        return int(self.node.meta["start"])


def require_known_calls(tree: Expr, sql: str) -> None:
    """Refuse the first call that Snowflake does not know or that has a wrong number of arguments.

    Args:
        tree: as it was parsed from the text.
        sql: the text.

    Raises:
        EngineRefusedError: 2140 or 2141 for an unknown function, 938 and 939 for its arguments, and 1003 for a function
            in FROM outside of TABLE().
    """
    if tree.find(exp.MatchRecognize):  # it has functions of its own
        raise unsupported_feature("MATCH_RECOGNIZE")
    for call in sorted(_calls(tree, sql), key=lambda call: call.start):
        if refusal := _refusal(call, sql):
            raise refusal


def _calls(tree: Expr, sql: str) -> Iterator[Call]:
    for node in tree.find_all(exp.Anonymous):
        if BUILT in node.meta or "start" not in node.meta:
            continue
        name = sql[node.meta["start"] : node.meta["end"] + 1]
        yield Call(node, name.strip('"').upper())


def _refusal(call: Call, sql: str) -> EngineRefusedError | None:
    known = KNOWN.get(call.name)
    match call.node.parent:
        case exp.Table():
            place = sql.find("(", call.start)
            return syntax_error(*line_and_position(sql, place), "(")
        case exp.TableFromRows() | exp.Lateral() if known is None:
            return EngineRefusedError(2141, "42601", f"{COMPILATION}Unknown table function {call.name}")
        case exp.Dot():
            return _of_schema(call)
    if known is None:
        system = call.name.startswith(_SYSTEM)
        return None if system else EngineRefusedError(2140, "42601", f"{COMPILATION}Unknown function {call.name}")
    if call.name in _OF_ENGINE:
        return unsupported_feature(call.name)
    return _wrong_count(call, known, sql)


def _of_schema(call: Call) -> EngineRefusedError | None:
    """Return the refusal of a function of a schema: those of clients do not exist here."""
    dot = call.node.parent
    while isinstance(dot, exp.Dot) and isinstance(dot.parent, exp.Dot):
        dot = dot.parent
    parts = [part.name.upper() for part in dot.find_all(exp.Identifier)] if dot is not None else []
    if call.name in KNOWN and _QUALIFIERS.intersection(parts):
        return None
    name = ".".join([*(part for part in parts if part != call.name), call.name])
    return EngineRefusedError(2141, "42601", f"{COMPILATION}Unknown user-defined function {name}")


def _wrong_count(call: Call, known: Arguments, sql: str) -> EngineRefusedError | None:
    given = len(call.node.expressions)
    expected = known.wrong(given)
    if expected is None or any(isinstance(argument, exp.Star) for argument in call.node.expressions):
        return None
    line, position = line_and_position(sql, call.start)
    place = placed(line, position)
    if given < expected:
        text = f"not enough arguments for function [{call_text(sql, call.start)}], expected {expected}, got {given}"
        return EngineRefusedError(938, "22023", place + text)
    text = f"too many arguments for function [{call_text(sql, call.start)}] expected {expected}, got {given}"
    return EngineRefusedError(939, "22023", place + text)
