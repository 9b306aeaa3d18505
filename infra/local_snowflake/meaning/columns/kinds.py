"""What a tree shows of the types of its expressions; columns are looked up by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from sqlglot import Expr, exp

from infra.local_snowflake.meaning.columns.lengths import stored_name
from infra.local_snowflake.meaning.macros.calls import macro_of


class Kind(Enum):
    """The kinds of types that matter for a rewriting."""

    VARIANT = auto()
    MAYBE_VARIANT = auto()
    TEXT = auto()
    INTEGER = auto()
    DECIMAL = auto()
    FLOAT = auto()
    BOOLEAN = auto()
    DATE = auto()
    TIME = auto()
    TIMESTAMP = auto()
    TIMESTAMP_LTZ = auto()
    TIMESTAMP_TZ = auto()
    NULL = auto()
    UNKNOWN = auto()


VARIANTS = frozenset({Kind.VARIANT, Kind.MAYBE_VARIANT})
NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT})

_T = exp.DType
_TYPES: dict[exp.DType, Kind] = {
    **dict.fromkeys((_T.VARCHAR, _T.TEXT, _T.CHAR, _T.NCHAR, _T.NVARCHAR), Kind.TEXT),
    **dict.fromkeys((_T.INT, _T.BIGINT, _T.SMALLINT, _T.TINYINT), Kind.INTEGER),
    **dict.fromkeys((_T.DOUBLE, _T.FLOAT), Kind.FLOAT),
    _T.BOOLEAN: Kind.BOOLEAN,
    _T.DATE: Kind.DATE,
    _T.TIME: Kind.TIME,
    **dict.fromkeys((_T.TIMESTAMP, _T.TIMESTAMPNTZ, _T.DATETIME), Kind.TIMESTAMP),
    _T.TIMESTAMPLTZ: Kind.TIMESTAMP_LTZ,
    _T.TIMESTAMPTZ: Kind.TIMESTAMP_TZ,
    **dict.fromkeys((_T.VARIANT, _T.OBJECT, _T.ARRAY, _T.JSON), Kind.VARIANT),
}
MACRO_KINDS = {
    **dict.fromkeys(
        [
            "text",
            "text_at",
            "number_at",
            "text_n",
            "try_text_n",
            "to_char",
            "regexp_replace",
            "regexp_substr",
            "split_part",
            "strtok",
            "typeof",
            "as_varchar",
            "array_to_string",
            "check_json",
            "to_json",
            "number_text",
            "tz_text",
            "tz_iso",
        ],
        Kind.TEXT,
    ),
    **dict.fromkeys(["to_date", "try_to_date", "as_date", "week_end"], Kind.DATE),
    **dict.fromkeys(["to_timestamp", "try_to_timestamp", "as_timestamp_ntz", "tz_local", "week_begin"], Kind.TIMESTAMP),
    **dict.fromkeys(["to_timestamp_ntz", "try_to_timestamp_ntz", "same_timestamp"], Kind.TIMESTAMP),
    **dict.fromkeys(["to_timestamp_ltz", "try_to_timestamp_ltz", "tz_instant"], Kind.TIMESTAMP_LTZ),
    **dict.fromkeys(["to_timestamp_tz", "try_to_timestamp_tz", "convert_timezone"], Kind.TIMESTAMP_TZ),
    **dict.fromkeys(["tz_shifted", "tz_in_zone"], Kind.TIMESTAMP_TZ),
    **dict.fromkeys(["to_time", "try_to_time"], Kind.TIME),
    **dict.fromkeys(
        [
            "boolean",
            "try_boolean",
            "to_boolean",
            "try_to_boolean",
            "is_null_value",
            "array_contains",
            "arrays_overlap",
            "regexp_like",
            "is_varchar",
            "is_boolean",
            "is_integer",
            "is_decimal",
            "is_double",
            "is_array",
            "is_object",
        ],
        Kind.BOOLEAN,
    ),
    **dict.fromkeys(
        [
            *("array_size", "array_position", "regexp_count", "regexp_instr", "as_integer", "as_number"),
            *("day_of_week", "week_of_year", "year_of_week", "weeks_between", "tz_hours", "tz_rest"),
        ],
        Kind.INTEGER,
    ),
    **dict.fromkeys(["divide", "as_double"], Kind.FLOAT),
    **dict.fromkeys(
        [
            "variant",
            "parse_json",
            "try_parse_json",
            "to_variant",
            "to_array",
            "to_object",
            "strip_null_value",
            "get",
            "get_ignore_case",
            "get_path",
            "object_keys",
            "object_insert",
            "object_delete",
            "object_pick",
            "array_append",
            "array_prepend",
            "array_insert",
            "array_cat",
            "array_compact",
            "array_slice",
            "array_distinct",
            "array_sort",
            "array_intersection",
            "array_except",
            "array_max",
            "array_min",
            "array_flatten",
            "array_integers",
            "array_remove",
            "array_remove_at",
            "array_reverse",
            "array_generate_range",
            "strtok_to_array",
            "as_array",
            "as_object",
            "regexp_substr_all",
        ],
        Kind.VARIANT,
    ),
}
_NODES: tuple[tuple[tuple[type[Expr], ...], Kind], ...] = (
    (
        (
            exp.JSONExtract,
            exp.Struct,
            exp.JSONObject,
            exp.StarMap,
            exp.Array,
            exp.ArrayAgg,
            exp.ObjectAgg,
            exp.Split,
            exp.ArrayConstructCompact,
        ),
        Kind.VARIANT,
    ),
    (
        (
            exp.Concat,
            exp.DPipe,
            exp.Lower,
            exp.Upper,
            exp.Trim,
            exp.Substring,
            exp.Left,
            exp.Right,
            exp.Replace,
            exp.ConcatWs,
            exp.Initcap,
            exp.Reverse,
            exp.Repeat,
            exp.Pad,
            exp.MD5,
            exp.SHA,
            exp.SHA2,
            exp.GroupConcat,
            exp.Translate,
        ),
        Kind.TEXT,
    ),
    (
        (exp.Count, exp.Length, exp.DateDiff, exp.CountIf, exp.StrPosition, exp.ApproxDistinct, exp.RowNumber),
        Kind.INTEGER,
    ),
    (
        (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.And, exp.Or, exp.Not, exp.Is, exp.In, exp.Between),
        Kind.BOOLEAN,
    ),
    ((exp.Like, exp.ILike, exp.Boolean, exp.Contains, exp.StartsWith, exp.EndsWith, exp.RegexpLike), Kind.BOOLEAN),
    ((exp.CurrentDate,), Kind.DATE),
    ((exp.Localtime, exp.CurrentTime), Kind.TIME),
    ((exp.Null,), Kind.NULL),
)
_KIND_OF_NODE = {node: kind for nodes, kind in _NODES for node in nodes}
_SAME_AS_ARGUMENT = (
    exp.Paren,
    exp.Alias,
    exp.Max,
    exp.Min,
    exp.AnyValue,
    exp.FirstValue,
    exp.LastValue,
    exp.Lag,
    exp.Lead,
    exp.IgnoreNulls,
    exp.RespectNulls,
    exp.Window,
    exp.Neg,
    exp.Collate,
    exp.ArgMax,
    exp.ArgMin,
    exp.Distinct,
    exp.Subquery,
)


_CHANGED_MOMENTS = (exp.TimestampTrunc, exp.DateTrunc, exp.DateAdd, exp.AddMonths)


@dataclass(frozen=True, slots=True)
class Columns:
    """The kinds of columns by name: those of stored tables, and the aliases of the statement.

    Args:
        tables: the kinds of the columns of stored tables by their aliases, and then by their names.
        zoned: whether an expression of an unknown kind may be a TIMESTAMP_TZ.
    """

    stored: Mapping[str, Kind]
    aliases: dict[str, Kind] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, Kind]] = field(default_factory=dict)
    zoned: bool = False

    def kind(self, name: str, table: str = "") -> Kind:
        """Return the kind of a column, of one table if it is named."""
        if table and (of := self.tables.get(table, {}).get(name)):
            return of
        return self.aliases.get(name) or self.stored.get(name, Kind.UNKNOWN)

    def may_be_zoned(self, of: Kind) -> bool:
        """Return whether an expression of a kind may be a TIMESTAMP_TZ."""
        return of is Kind.TIMESTAMP_TZ or (of is Kind.UNKNOWN and self.zoned)


def kind_of_type(type_: exp.DataType) -> Kind:
    """Return the kind of a type."""
    if type_.this is _T.DECIMAL:
        scale = type_.expressions[1].name if len(type_.expressions) > 1 else "0"
        return Kind.INTEGER if scale == "0" else Kind.DECIMAL
    return _TYPES.get(type_.this, Kind.UNKNOWN)


def kind(node: Expr | None, columns: Columns) -> Kind:  # noqa: C901, PLR0911 - one line a form
    """Return the kind of an expression as far as its tree shows it."""
    match node:
        case None:
            return Kind.UNKNOWN
        case exp.Literal():
            if node.is_string:
                return Kind.TEXT
            return Kind.INTEGER if node.name.isdigit() else Kind.DECIMAL
        case exp.Cast() | exp.TryCast():
            return kind_of_type(node.to)
        case exp.Column():
            table = node.args.get("table")
            return columns.kind(stored_name(node.this), stored_name(table) if table else "")
        case exp.Bracket():
            return Kind.VARIANT
        case exp.Anonymous():
            if node.name in {"arg_max", "arg_min"}:
                return kind(node.expressions[0], columns)
            of_json = node.name in {"json_array", "to_json"}
            return Kind.VARIANT if of_json else MACRO_KINDS.get(macro_of(node), Kind.UNKNOWN)
        case exp.Add() | exp.Sub() | exp.Mul() | exp.Mod():
            return _of_sides(kind(node.this, columns), kind(node.expression, columns), node.expression)
        case exp.Case() | exp.If() | exp.Coalesce() | exp.Nvl2() | exp.Nullif():
            return _of_branches([kind(branch, columns) for branch in branches(node)])
        case exp.Select():
            return kind(node.expressions[0], columns) if len(node.expressions) == 1 else Kind.UNKNOWN
    if isinstance(node, _SAME_AS_ARGUMENT):
        return kind(node.this, columns) if isinstance(node.this, Expr) else Kind.UNKNOWN
    return _of_function_of_time(node, columns) or _KIND_OF_NODE.get(type(node), Kind.UNKNOWN)


def _of_function_of_time(node: Expr, columns: Columns) -> Kind | None:
    if isinstance(node, exp.CurrentTimestamp):
        return Kind.TIMESTAMP if node.args.get("sysdate") else Kind.TIMESTAMP_LTZ
    return _of_moment(kind(node.this, columns)) if isinstance(node, _CHANGED_MOMENTS) else None


def _of_sides(left: Kind, right: Kind, operand: Expr) -> Kind:
    if isinstance(operand, exp.Interval):
        return _of_moment(left)
    return Kind.INTEGER if {left, right} == {Kind.INTEGER} else Kind.UNKNOWN


def _of_moment(of: Kind) -> Kind:
    """Return the kind of what is added to or cut off a moment of this kind; a date may become a timestamp."""
    return of if of in {Kind.TIMESTAMP, Kind.TIMESTAMP_LTZ, Kind.TIMESTAMP_TZ} else Kind.UNKNOWN


def branches(node: Expr) -> list[Expr]:
    """Return the expressions of which one is the result."""
    match node:
        case exp.Case():
            found = [branch.args["true"] for branch in node.args["ifs"]]
            return [*found, node.args["default"]] if node.args.get("default") is not None else found
        case exp.If() | exp.Nvl2():
            return [node.args[name] for name in ("true", "false") if node.args.get(name) is not None]
        case exp.Coalesce():
            return [node.this, *node.expressions]
        case exp.Nullif():
            return [node.this]
    return []


def _of_branches(found: list[Kind]) -> Kind:
    known = {one for one in found if one is not Kind.NULL}
    if Kind.VARIANT in known:
        return Kind.VARIANT
    if Kind.MAYBE_VARIANT in known:
        return Kind.MAYBE_VARIANT
    if Kind.TIMESTAMP_TZ in known:
        return Kind.TIMESTAMP_TZ
    return known.pop() if len(known) == 1 else Kind.UNKNOWN
