"""Casts and conversion functions."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import Expr, exp

from infra.local_snowflake.meaning.columns.kinds import NUMBERS, Columns, Kind, kind, kind_of_type
from infra.local_snowflake.meaning.expressions.offsets import instant, local
from infra.local_snowflake.meaning.macros.calls import call

_MACROS = {
    Kind.BOOLEAN: ("boolean", "try_boolean"),
    Kind.DATE: ("to_date", "try_to_date"),
    Kind.TIME: ("to_time", "try_to_time"),
    Kind.TIMESTAMP: ("to_timestamp", "try_to_timestamp"),
    Kind.TIMESTAMP_LTZ: ("to_timestamp_ltz", "try_to_timestamp_ltz"),
    Kind.TIMESTAMP_TZ: ("to_timestamp_tz", "try_to_timestamp_tz"),
}
_BIG_DIGITS = 18


def cast(node: Expr, columns: Columns) -> Expr:  # noqa: PLR0911 - one line a kind
    """Convert with Snowflake's rules: VARIANT by its value, text by Snowflake's formats."""
    value, to = node.this, node.args["to"]
    if node.args.get("format") or not isinstance(to, exp.DataType):
        return node
    attempt = isinstance(node, exp.TryCast)
    of, wanted = kind(value, columns), kind_of_type(to)
    if wanted is Kind.TEXT:
        return _to_text(value, to, of, attempt=attempt)
    if _is_path(value) and wanted in _MACROS:
        value = text_of(value, of)
    if wanted in _MACROS:
        if of is wanted:
            return _again(node, value, wanted)
        if of is Kind.TIMESTAMP_TZ:
            value = instant(value) if wanted is Kind.TIMESTAMP_LTZ else local(value)
        return call(_MACROS[wanted][attempt], value)
    if wanted in NUMBERS:
        return _to_number(node, value, of)
    if wanted is Kind.VARIANT:
        return node if of is Kind.VARIANT else call("variant", value)
    return node


def _again(node: Expr, value: Expr, wanted: Kind) -> Expr:
    """Return what has the kind that a cast wants: fakesnow would repeat a TIMESTAMP in its cast six times."""
    if wanted is Kind.TIMESTAMP:
        return call("same_timestamp", value)
    return value if wanted is Kind.TIMESTAMP_TZ else node


def _to_text(value: Expr, to: exp.DataType, of: Kind, *, attempt: bool) -> Expr:
    length = to.expressions[0].name if to.expressions else ""
    if length.isdigit():
        value = text_of(value, of) if of is Kind.TIMESTAMP_TZ else value
        return call("try_text_n" if attempt else "text_n", value, int(length))
    return as_text(value, of)


def as_text(value: Expr, of: Kind) -> Expr:
    """Return the value as text; text as it is."""
    return value if of is Kind.TEXT and not isinstance(value, exp.Literal) else text_of(value, of)


def text_of(value: Expr, of: Kind) -> Expr:
    """Return the call that prints a value, or a literal of text as a cast of itself."""
    if of is Kind.TIMESTAMP_TZ:
        return call("tz_text", value)
    if of is Kind.TEXT:
        return exp.Cast(this=value, to=exp.DataType(this=exp.DataType.Type.TEXT))
    if _is_path(value):
        return call("text_at", _scalar(value), value)
    return call("text", value)


def _is_path(value: Expr) -> bool:
    return isinstance(value, exp.JSONExtract) and isinstance(value.this, exp.Column)


def _scalar(path: Expr) -> Expr:
    """Return the text at a path of a column."""
    return exp.JSONExtractScalar(this=path.this.copy(), expression=path.expression.copy())


def _to_number(node: Expr, value: Expr, of: Kind) -> Expr:
    if _is_path(value):
        node.set("this", call("number_at", _scalar(value)))
    elif of in {Kind.VARIANT, Kind.MAYBE_VARIANT, Kind.UNKNOWN}:
        node.set("this", call("number_text", value))
        if of is Kind.VARIANT and _digits(node.args["to"]) > _BIG_DIGITS:
            node.set("to", exp.DataType(this=exp.DataType.Type.INT128))
    if of is Kind.TEXT and isinstance(value, exp.Literal):
        _widen(node, value)
    return node


def _digits(to: exp.DataType) -> int:
    """Return the precision that a type of whole numbers is written with; 0 without one."""
    is_written = to.this is exp.DType.DECIMAL and to.expressions and kind_of_type(to) is Kind.INTEGER
    return int(to.expressions[0].name) if is_written else 0


def _widen(node: Expr, value: exp.Literal) -> None:
    digits = value.name.strip().lstrip("+-")
    if digits.isdigit() and len(digits) > _BIG_DIGITS and kind_of_type(node.args["to"]) is Kind.INTEGER:
        node.set("to", exp.DataType(this=exp.DataType.Type.INT128))


def _numbers(node: Expr, columns: Columns) -> Expr:
    """Convert TO_NUMBER and its synonyms by a cast to precision and scale."""
    given = [node.args.get(name) for name in ("format", "precision", "scale")]
    form, precision, scale = given
    if form is not None and kind(form, columns) in NUMBERS:
        form, precision, scale = None, form, precision if node.args.get("scale") else None
    attempt = bool(node.args.get("safe"))
    value = node.this
    text = call("number_text", value) if form is None else call("number_text", value, form)
    if form is None and kind(value, columns) in NUMBERS | {Kind.TEXT}:
        text = value
    size = [exp.DataTypeParam(this=exp.Literal.number(part.name)) for part in (precision, scale) if part is not None]
    to = exp.DataType(this=exp.DataType.Type.DECIMAL, expressions=size)
    cast_ = exp.TryCast(this=text, to=to) if attempt else exp.Cast(this=text, to=to)
    if attempt and form is not None:
        text.set("this", "SF_TRY_NUMBER_TEXT")
    return cast_


def _double(node: Expr, columns: Columns) -> Expr:
    value = node.this
    of = kind(value, columns)
    text = value if of in NUMBERS | {Kind.TEXT} else call("number_text", value)
    to = exp.DataType(this=exp.DataType.Type.DOUBLE)
    return exp.TryCast(this=text, to=to) if node.args.get("safe") else exp.Cast(this=text, to=to)


_TEXT_FUNCTIONS = (
    exp.Lower,
    exp.Upper,
    exp.Length,
    exp.Substring,
    exp.Left,
    exp.Right,
    exp.Replace,
    exp.Reverse,
    exp.Initcap,
    exp.Pad,
    exp.Repeat,
    exp.Contains,
    exp.StartsWith,
    exp.EndsWith,
    exp.StrPosition,
    exp.Split,
    exp.MD5,
    exp.SHA,
    exp.SHA2,
    exp.Translate,
    exp.RegexpLike,
    exp.Levenshtein,
    exp.Ascii,
    exp.Unicode,
    exp.Base64Encode,
    exp.Hex,
    exp.Stuff,
    exp.Soundex,
)
_NOT_TEXT = frozenset(
    {
        *(Kind.VARIANT, Kind.MAYBE_VARIANT, Kind.FLOAT, Kind.BOOLEAN),
        *(Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_LTZ, Kind.TIMESTAMP_TZ),
    }
)


def _arguments_as_text(node: Expr, columns: Columns) -> Expr:
    """Convert the arguments of a function of text, which Snowflake casts implicitly."""
    for name in ("this", "expression", "substr"):
        value = node.args.get(name)
        if isinstance(value, Expr) and (of := kind(value, columns)) in _NOT_TEXT:
            node.set(name, _printed(value, of))
    return node


def _trimmed(node: Expr, columns: Columns) -> Expr:
    """Cast what is trimmed to text: fakesnow forgets the characters and the side of a TRIM without a cast."""
    _arguments_as_text(node, columns)
    if not isinstance(node.this, exp.Cast):
        node.set("this", exp.Cast(this=node.this, to=exp.DataType(this=exp.DataType.Type.TEXT)))
    return node


def _printed(value: Expr, of: Kind) -> Expr:
    """Return the text of a value that is no text."""
    return text_of(value, of if of is Kind.TIMESTAMP_TZ else Kind.UNKNOWN)


def _listed(node: Expr, columns: Columns) -> Expr:
    """Convert what LISTAGG concatenates, below its order and DISTINCT."""
    inner = node
    while isinstance(inner.this, (exp.Order, exp.Distinct)):
        inner = inner.this
    value = inner.expressions[0] if isinstance(inner, exp.Distinct) else inner.this
    if isinstance(value, Expr) and (of := kind(value, columns)) is not Kind.TEXT:
        value.replace(_printed(value.copy(), of))
    return node


_PRINTED = _NOT_TEXT | NUMBERS | {Kind.TIME}


def _concatenation(node: Expr, columns: Columns) -> Expr:
    for name in ("this", "expression"):
        value = node.args.get(name)
        if isinstance(value, Expr) and _is_printed(of := kind(value, columns), columns):
            node.set(name, _printed(value, of))
    if node.expressions:
        kinds = [kind(value, columns) for value in node.expressions]
        printed = [
            _printed(value, of) if _is_printed(of, columns) else value
            for value, of in zip(node.expressions, kinds, strict=True)
        ]
        node.set("expressions", printed)
    return node


def _is_printed(of: Kind, columns: Columns) -> bool:
    return of in _PRINTED or columns.may_be_zoned(of)


REWRITINGS: dict[type[Expr], Callable[[Expr, Columns], Expr]] = {
    exp.Cast: cast,
    exp.TryCast: cast,
    exp.ToNumber: _numbers,
    exp.ToDouble: _double,
    **dict.fromkeys(_TEXT_FUNCTIONS, _arguments_as_text),
    exp.Trim: _trimmed,
    exp.DPipe: _concatenation,
    exp.Concat: _concatenation,
    exp.ConcatWs: _concatenation,
    exp.GroupConcat: _listed,
}
