"""Parse Snowflake's SQL, with the functions of `macros` left as they are written.

sqlglot translates format models, regular expressions and array functions while it parses. Calls of the functions that
this package implements become calls of its macros instead, with their arguments unchanged. sqlglot also knows functions
of other databases: those are no functions here, so that `checks.calls` refuses them by their names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import sqlglot
from sqlglot import Expr, exp
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.parsers.snowflake import SnowflakeParser

from infra.local_snowflake.meaning.known_functions import BUILT, KNOWN, Arguments
from infra.local_snowflake.meaning.macros.calls import call
from infra.local_snowflake.meaning.macros.creation import FUNCTIONS

Builder: TypeAlias = Callable[..., Expr]
_FORMS = frozenset({"CAST", "TRY_CAST", "EXTRACT", "IDENTIFIER", "TABLE", "DIRECTORY", "SEMANTIC_VIEW"})
"""What is written as a call and is no function."""
_COUNTED_BY_NAME = frozenset({"CEIL", "CHAR", "CHR", "DECODE", "FLOOR", "INITCAP", "SUBSTR", "SUBSTRING"})
"""Functions whose own parser in sqlglot reads clauses that Snowflake does not have."""


def _calls(macro: str) -> Builder:
    def build(arguments: list[Expr]) -> Expr:
        built = call(macro, *arguments)
        built.meta[BUILT] = True
        return built

    return build


def _counted(name: str, build: Builder, known: Arguments) -> Builder:
    """Return the builder of a function; a call with a wrong number of arguments stays as it is written."""

    def builder(arguments: list[Expr], dialect: Any = None) -> Expr:
        if known.wrong(len(arguments)) is not None and not any(isinstance(one, exp.Star) for one in arguments):
            return exp.Anonymous(this=name, expressions=arguments)
        return build(arguments) if dialect is None else build(arguments, dialect=dialect)

    return builder


_BUILDERS: dict[str, Builder] = {
    **SnowflakeParser.FUNCTIONS,
    "DECODE": exp.DecodeCase.from_arg_list,
    **{name: _calls(macro) for name, macro in FUNCTIONS.items()},
}


class LocalSnowflake(Snowflake):
    """Snowflake's dialect with the functions of this package, and without those of other databases."""

    class Parser(SnowflakeParser):
        """The parser."""

        FUNCTIONS = {  # noqa: RUF012 - an attribute of sqlglot's parser
            **{name: build for name, build in _BUILDERS.items() if name in _FORMS or name in FUNCTIONS},
            **{name: _counted(name, _BUILDERS[name], known) for name, known in KNOWN.items() if name in _BUILDERS},
        }
        FUNCTION_PARSERS = {  # noqa: RUF012 - as above
            name: parser
            for name, parser in SnowflakeParser.FUNCTION_PARSERS.items()
            if name in _FORMS or (name in KNOWN and name not in FUNCTIONS and name not in _COUNTED_BY_NAME)
        }


def parse_one(sql: str) -> Expr:
    """Parse one statement.

    Raises:
        ParseError: of sqlglot.
    """
    tree: Expr = sqlglot.parse_one(sql, read=LocalSnowflake)
    return tree
