"""Translate a tree of Snowflake's dialect to DuckDB's: the passes of fakesnow 0.12.1, in its order.

fakesnow walks the whole tree in each pass, and most passes find nothing to change. Here a pass on the statement sees
its root alone, and any other pass walks a tree only if it has one of the nodes without which the pass changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from fakesnow import transforms
from sqlglot import Expr, exp


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass of fakesnow.

    Args:
        change: returns a node, changed or replaced.
        needed: kinds of nodes, of which the tree must have one; none for a pass on the root.
        given: names of what `change` reads beside the node.
    """

    change: Callable[..., Any]
    needed: frozenset[type[Expr]]
    given: tuple[str, ...]


def _statement(change: Callable[..., Any], *given: str) -> Pass:
    return Pass(change, frozenset(), given)


def _nodes(change: Callable[..., Any], *needed: type[Expr], given: tuple[str, ...] = ()) -> Pass:
    return Pass(change, frozenset(needed), given)


_HERE = ("database", "schema")
PASSES = (
    _nodes(transforms.identifier, exp.Table, given=("params",)),
    _nodes(transforms.upper_case_unquoted_identifiers, exp.Identifier),
    _statement(transforms.alter_session),
    _statement(transforms.update_variables, "variables"),
    _nodes(transforms.current_version, exp.CurrentVersion),
    _statement(transforms.set_schema, "database"),
    _statement(transforms.create_database, "db_path"),
    _statement(transforms.extract_comment_on_table),
    _statement(transforms.extract_comment_on_columns),
    _nodes(transforms.information_schema_fs, exp.Table),
    _nodes(transforms.information_schema_databases, exp.Table, given=("schema",)),
    _statement(transforms.drop_schema_cascade),
    _statement(transforms.tag),
    _nodes(transforms.semi_structured_types, exp.DataType),
    _nodes(transforms.try_parse_json, exp.Anonymous),
    _nodes(transforms.split, exp.Split),
    _nodes(transforms.trim_cast_varchar, exp.Trim),
    _nodes(transforms.indices_to_json_extract, exp.Bracket),
    _nodes(transforms.json_extract_cast_as_varchar, exp.JSONExtract),
    _nodes(transforms.json_extract_cased_as_varchar, exp.JSONExtract),
    _nodes(transforms.json_extract_precedence, exp.JSONExtract, exp.JSONExtractScalar),
    _nodes(transforms.flatten_value_cast_as_varchar, exp.Explode),
    _nodes(transforms.flatten, exp.Explode),
    _nodes(transforms.regex_replace, exp.RegexpReplace),
    _nodes(transforms.regex_substr, exp.RegexpExtract),
    _nodes(transforms.result_scan, exp.TableFromRows),
    _nodes(transforms.sequence_nextval, exp.Column),
    _nodes(transforms.values_columns, exp.Values),
    _nodes(transforms.to_date, exp.Anonymous),
    _nodes(transforms.timestamp_offsets, exp.Cast),
    _nodes(transforms.to_decimal, exp.ToNumber),
    _nodes(transforms.to_timestamp, exp.UnixToTime, exp.Anonymous, exp.Cast),
    _nodes(transforms.to_variant, exp.ToVariant),
    _nodes(transforms.object_construct, exp.StarMap, exp.Struct, exp.JSONObject),
    _nodes(transforms.timestamp_ntz, exp.DataType),
    _nodes(transforms.float_to_double, exp.DataType),
    _nodes(transforms.integer_precision, exp.DataType),
    _statement(transforms.extract_text_length),
    _nodes(transforms.sample, exp.TableSample),
    _nodes(transforms.array_size, exp.ArraySize),
    _nodes(transforms.random, exp.Rand),
    _nodes(transforms.array_agg_within_group, exp.WithinGroup),
    _nodes(transforms.array_agg, exp.ArrayAgg),
    _nodes(transforms.object_agg, exp.ObjectAgg),
    _nodes(transforms.array_construct_etc, exp.ArrayConstructCompact, exp.Array, exp.ArrayConcat),
    _nodes(transforms.dateadd_date_cast, exp.DateAdd),
    _nodes(transforms.dateadd_string_literal_timestamp_cast, exp.DateAdd),
    _nodes(transforms.datediff_string_literal_timestamp_cast, exp.DateDiff),
    _statement(transforms.show_databases),
    _statement(transforms.show_functions),
    _statement(transforms.show_procedures),
    _statement(transforms.show_parameters),
    _statement(transforms.show_warehouses),
    _statement(transforms.show_schemas, "database"),
    _statement(transforms.show_tables_etc, *_HERE),
    _statement(transforms.show_columns, *_HERE),
    _statement(transforms.show_stages, *_HERE),
    _statement(transforms.show_sequences, *_HERE),
    _statement(partial(transforms.show_keys, kind="PRIMARY"), "database"),
    _statement(partial(transforms.show_keys, kind="UNIQUE"), "database"),
    _statement(partial(transforms.show_keys, kind="FOREIGN"), "database"),
    _statement(transforms.show_users),
    _statement(transforms.create_user),
    _nodes(transforms.haversine, exp.Anonymous),
    _nodes(transforms.hex_string, exp.HexString),
    _nodes(transforms.sha256, exp.SHA2, exp.SHA2Digest, exp.Anonymous),
    _statement(transforms.create_clone),
    _nodes(transforms.alias_in_join, exp.Join),
    _nodes(transforms.alias_in_where, exp.Where),
    _statement(transforms.alter_table_strip_cluster_by),
    _nodes(
        transforms.numeric_agg_implicit_cast,
        *(exp.Sum, exp.Avg, exp.Variance, exp.Stddev, exp.StddevSamp, exp.StddevPop, exp.VariancePop, exp.Median),
    ),
    _statement(transforms.create_stage, *_HERE),
    _statement(transforms.create_file_format, *_HERE),
    _statement(transforms.list_stage, *_HERE, "table_stages"),
    _statement(transforms.put_stage, *_HERE, "params", "table_stages"),
    _statement(transforms.create_table_as, "duck"),
)


def translate(tree: Expr, connection: Any, params: Any) -> Any:
    """Return the tree in DuckDB's dialect; it is changed in place.

    Args:
        tree: of one statement.
        connection: of fakesnow.
        params: the bound values of the statement; the names among them are taken out.
    """
    known = {
        "database": connection.database,
        "schema": connection.schema,
        "db_path": connection.db_path,
        "duck": connection._duck_conn,  # noqa: SLF001 - as `Session.duck`
        "params": params,
        "table_stages": connection.table_stages,
        "variables": connection.variables,
    }
    kinds = _kinds(tree)
    for one in PASSES:
        given = [known[name] for name in one.given]
        if not one.needed:
            changed = one.change(tree, *given)
            if changed is not tree:
                tree, kinds = changed, _kinds(changed)
        elif not one.needed.isdisjoint(kinds):
            tree, kinds = _walked(tree, one.change, given)
    return tree


def _walked(tree: Expr, change: Callable[..., Any], given: list[Any]) -> tuple[Any, set[type]]:
    """Change each node of a tree as sqlglot's `transform` does; return the tree and the kinds of its nodes.

    A node is changed before those below it; those below a replaced node are left as they are.
    """
    root: Any = None
    kinds: set[type] = set()
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        parent, key, index = node.parent, node.arg_key, node.index
        changed = change(node, *given)
        root = changed if root is None else root
        if changed is node:
            kinds.add(type(node))
            waiting += node.iter_expressions(reverse=True)
            continue
        if changed is not root and parent and key:
            parent.set(key, changed, index)
        kinds |= _kinds(changed)
    return root, _with_bases(kinds)


def _kinds(tree: Expr) -> set[type]:
    """Return the kinds of all nodes."""
    return _with_bases({type(node) for node in tree.walk()})


def _with_bases(kinds: set[type]) -> set[type]:
    return {base for kind in kinds for base in kind.__mro__}
