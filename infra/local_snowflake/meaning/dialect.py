"""Parse Snowflake's SQL, with the functions of `macros` left as they are written.

sqlglot translates format models, regular expressions and array functions while it parses. Calls of the functions that
this package implements become calls of its macros instead, with their arguments unchanged.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlglot
from sqlglot import Expr
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.parsers.snowflake import SnowflakeParser

from infra.local_snowflake.meaning.macros.calls import call
from infra.local_snowflake.meaning.macros.creation import FUNCTIONS


def _calls(macro: str) -> Callable[[list[Expr]], Expr]:
    return lambda arguments: call(macro, *arguments)


class LocalSnowflake(Snowflake):
    """Snowflake's dialect with the functions of this package."""

    class Parser(SnowflakeParser):
        """The parser."""

        FUNCTIONS = {  # noqa: RUF012 - an attribute of sqlglot's parser
            **SnowflakeParser.FUNCTIONS,
            **{name: _calls(macro) for name, macro in FUNCTIONS.items()},
        }
        FUNCTION_PARSERS = {  # noqa: RUF012 - as above
            name: parser for name, parser in SnowflakeParser.FUNCTION_PARSERS.items() if name not in FUNCTIONS
        }


def parse_one(sql: str) -> Expr:
    """Parse one statement.

    Raises:
        ParseError: of sqlglot.
    """
    tree: Expr = sqlglot.parse_one(sql, read=LocalSnowflake)
    return tree
