"""Translate the errors of sqlglot's parser: Snowflake's syntax error names the token that it did not expect."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from infra.local_snowflake.language.tokens import Token, tokenize
from infra.local_snowflake.meaning.refusals.errors import (
    COMPILATION,
    EngineRefusedError,
    syntax_error,
    unsupported_feature,
)
from infra.local_snowflake.meaning.refusals.places import unexpected
from infra.local_snowflake.meaning.refusals.unsupported import UNSUPPORTED_VERBS, VERBS

_MISSING = re.compile(r"Required keyword: '\w+' missing for <class '[\w.]+\.(\w+)'>")
_INCOMPLETE = re.compile(r"Required|Expect")


def syntax_refusal(failure: ParseError | TokenError, sql: str) -> EngineRefusedError:
    """Return the syntax error at the token that sqlglot refused, or the refusal of a call with too few arguments."""
    tokens = tokenize(sql)
    if tokens and tokens[0].keyword not in VERBS and tokens[0].text != "(":
        return unexpected(sql, tokens, 0)
    if tokens and tokens[0].keyword in UNSUPPORTED_VERBS:
        return unsupported_feature(tokens[0].keyword)
    details = failure.errors[0] if isinstance(failure, ParseError) and failure.errors else {}
    description, highlight = str(details.get("description") or ""), str(details.get("highlight") or "")
    line, column = int(details.get("line") or 1), int(details.get("col") or 1)
    last = _token_ending_at(sql, tokens, line, column)
    missing = _MISSING.search(description)
    if missing and _is_function(missing[1]) and (name := _function_before(tokens, last)):
        return EngineRefusedError(938, "22023", f"{COMPILATION}not enough arguments for function [{name}]")
    if not highlight:
        return unexpected(sql, tokens, 0)
    if missing or (_INCOMPLETE.match(description) and last == len(tokens) - 1):
        return unexpected(sql, tokens, last + 1)
    return syntax_error(line, max(column - len(highlight), 0), highlight)


def _is_function(name: str) -> bool:
    """Return whether a class of sqlglot is that of a function, not that of an operator or a clause."""
    kind = getattr(exp, name, None)
    return isinstance(kind, type) and issubclass(kind, exp.Func) and not issubclass(kind, exp.Connector)


def _token_ending_at(sql: str, tokens: Sequence[Token], line: int, column: int) -> int:
    """Return the index of the last token that ends at a column of a line, or before it."""
    start = 0
    for _ in range(line - 1):
        start = sql.find("\n", start) + 1
    return max((index for index, token in enumerate(tokens) if token.end <= start + column), default=-1)


def _function_before(tokens: Sequence[Token], last: int) -> str:
    """Return the name of the function whose closing parenthesis is the token at an index."""
    depth = 0
    for index in range(last, -1, -1):
        depth += (tokens[index].text == ")") - (tokens[index].text == "(")
        if depth == 0 and tokens[index].text == "(" and index:
            return tokens[index - 1].text.upper()
    return ""
