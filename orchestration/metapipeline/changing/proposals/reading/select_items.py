"""The items of the last SELECT of a model's file: which passage of the text shows one column."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from orchestration.metapipeline.errors import ProposalError

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.tokenizer_core import Token

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_RELATION = re.compile(r"\{\{-?\s*(?:ref|source)\s*\([^(){}]*\)\s*-?\}\}")
_CONFIG = re.compile(r"\{\{-?\s*config\s*\(.*\)\s*-?\}\}", re.DOTALL)
_COMMENT = re.compile(r"--|//|/\*|\{#")


def passage_of(sql: str, column: str, dialect: str) -> str:
    """Return the passage to cut from the text of a model, so that its last SELECT lacks one item.

    Args:
        sql: the file; Jinja besides `ref`, `source` and `config` is refused.
        column: its name, in any case.
        dialect: of the SQL.

    Raises:
        ProposalError: the SELECT may mean something else without the item, or the passage cannot be told for certain.
    """
    plain = _JINJA.sub(_masked, sql)
    query, items, rest = _last_select(plain, dialect)
    place = _place(query, column)
    _require_removable(query, query.selects[place], len(items))
    first, last = items[place]
    others = [token for token in rest if not first.start <= token.start <= last.end]
    if any(token.text.lower() == column.lower() for token in others):
        raise ProposalError(f"its last SELECT names {column} twice: change it by hand")
    start = items[place - 1][1].end + 1 if place else first.start
    end = last.end + 1 if place else items[1][0].start
    if _COMMENT.search(sql[start:end]):
        raise ProposalError(f"a comment stands beside {column}: remove the item by hand")
    return sql[start:end]


def _masked(found: re.Match[str]) -> str:
    """Write something of the same length in place of Jinja: a name for a relation, spaces for what writes no SQL."""
    text = found[0]
    if _RELATION.fullmatch(text):
        return "z" * len(text)
    if text.startswith("{#") or _CONFIG.fullmatch(text):
        return re.sub(r"[^\n]", " ", text)
    raise ProposalError("its SQL has Jinja besides ref, source and config: change it by hand")


def _last_select(sql: str, dialect: str) -> tuple[exp.Select, list[tuple[Token, Token]], list[Token]]:
    """Return the query, the first and last tokens of its items, and all tokens from its SELECT on."""
    from sqlglot import Dialect, exp, parse  # noqa: PLC0415 (slow to import)
    from sqlglot.errors import SqlglotError  # noqa: PLC0415
    from sqlglot.tokenizer_core import TokenType  # noqa: PLC0415

    try:
        statements = [statement for statement in parse(sql, read=dialect) if statement]
        tokens = Dialect.get_or_raise(dialect).tokenize(sql)
    except (SqlglotError, ValueError, RecursionError) as exc:
        raise ProposalError("its SQL cannot be parsed: change it by hand") from exc
    query = statements[0] if len(statements) == 1 else None
    if not isinstance(query, exp.Select):
        raise ProposalError("it does not end with one SELECT: change it by hand")
    depths, depth = [], 0
    for token in tokens:
        depth -= token.token_type is TokenType.R_PAREN
        depths.append(depth)
        depth += token.token_type is TokenType.L_PAREN
    outer = [index for index, depth in enumerate(depths) if depth == 0]
    begin = max((index for index in outer if tokens[index].token_type is TokenType.SELECT), default=-1)
    end = next((index for index in outer if index > begin and tokens[index].token_type is TokenType.FROM), -1)
    commas = [index for index in outer if begin < index < end and tokens[index].token_type is TokenType.COMMA]
    bounds = [begin, *commas, end]
    items = [(tokens[one + 1], tokens[two - 1]) for one, two in pairwise(bounds)]
    if begin < 0 or end < 0 or len(items) != len(query.selects):
        raise ProposalError("the items of its last SELECT cannot be told apart: change it by hand")
    return query, items, tokens[begin:]


def _place(query: exp.Select, column: str) -> int:
    names = [one.alias_or_name.lower() for one in query.selects]
    if names.count(column.lower()) != 1:
        raise ProposalError(f"its last SELECT does not name {column} once: change it by hand")
    return names.index(column.lower())


def _require_removable(query: exp.Select, item: exp.Expr, items: int) -> None:
    """Refuse a SELECT whose rows or other columns may depend on the item."""
    from sqlglot import exp  # noqa: PLC0415 (slow to import)

    if items == 1:
        raise ProposalError("it has no other column: remove the model")
    if any(one.is_star for one in query.selects):
        raise ProposalError("its last SELECT shows columns with `*`: change it by hand")
    if query.args.get("distinct"):
        raise ProposalError("its last SELECT is DISTINCT, so each item decides about its rows")
    for clause in (query.args.get("group"), query.args.get("order")):
        if clause and (clause.args.get("all") or any(node.is_int for node in clause.find_all(exp.Literal))):
            raise ProposalError("its last SELECT groups or orders by the place of an item: change it by hand")
    if item.find(exp.AggFunc, exp.Window, exp.UDTF, exp.Anonymous, exp.Query):
        raise ProposalError("the item is computed by a function that may decide about rows: change it by hand")
