"""Functions over VARIANT, OBJECT and ARRAY. Values are Python's; None is SQL's NULL, and `JSON_NULL` JSON's null."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cmp_to_key
from typing import Any

from infra.local_snowflake.meaning.functions.refusal import ValueRefusedError


class _JsonNull:
    """JSON's null."""

    def __repr__(self) -> str:
        return "JSON_NULL"


JSON_NULL = _JsonNull()
_BAD = (100069, "22P02")


def load(text: str | None) -> Any:
    """Parse the text of a VARIANT; None for SQL's NULL."""
    if text is None:
        return None
    value = json.loads(text)
    return JSON_NULL if value is None else value


def dump(value: Any, *, indent: int | None = None) -> str:
    """Return the text of a VARIANT: keys sorted, compact unless indented."""
    separators = (",", ":") if indent is None else (",", ": ")
    plain = None if isinstance(value, _JsonNull) else value
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=separators, indent=indent, default=_plain)


def _plain(value: object) -> None:
    if isinstance(value, _JsonNull):
        return
    raise TypeError(type(value).__name__)


def compact(text: str) -> str:
    """Return the compact text of a VARIANT, as its cast to VARCHAR does."""
    return dump(load(text))


def pretty(text: str) -> str:
    """Return the indented text of a VARIANT, as a result shows it."""
    return dump(load(text), indent=2)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueRefusedError(*_BAD, f'Error parsing JSON: duplicate object attribute "{key}"')
            seen.add(key)
    return found


_WORDS = re.compile(r"^\s*(?:undefined)?\s*$")


def parse(text: str) -> str | None:
    """Parse JSON and return its compact text; empty text is NULL.

    Raises:
        ValueRefusedError: the text is not JSON, or has a key twice.
    """
    if _WORDS.match(text):
        return None
    try:
        return dump(json.loads(_lenient(text), object_pairs_hook=_unique))
    except ValueRefusedError:
        raise
    except ValueError as exc:
        place = f", pos {exc.pos + 1}" if isinstance(exc, json.JSONDecodeError) else ""
        raise ValueRefusedError(*_BAD, f"Error parsing JSON: {text[:100]}{place}") from exc


def _lenient(text: str) -> str:
    """Return JSON for an array with elements left out, which Snowflake reads as undefined values."""
    if ",," not in text and "[," not in text and ",]" not in text:
        return text
    if '"' in text or "'" in text:
        return text
    filled = re.sub(r"(?<=[\[,])\s*(?=,)", "null", text)
    return re.sub(r",\s*\]", ",null]", filled)


def try_parse(text: str) -> str | None:
    """Parse JSON, or return NULL."""
    try:
        return parse(text)
    except ValueRefusedError:
        return None


def check(text: str) -> str | None:
    """Return why a text is not JSON, else NULL."""
    try:
        parse(text)
    except ValueRefusedError as exc:
        return str(exc).partition("] ")[2].removeprefix("Error parsing JSON: ") or "unknown"
    return None


def _require_object(value: Any, function: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueRefusedError(
            1044, "42P13", f"SQL compilation error:\nInvalid argument types for function '{function}'"
        )
    return value


def _list(value: Any) -> list[Any] | None:
    return value if isinstance(value, list) else None


def _get(value: Any, key: Any) -> Any:
    if isinstance(value, list) and isinstance(key, int) and not isinstance(key, bool):
        return _stored(value[key]) if 0 <= key < len(value) else None
    if isinstance(value, dict) and isinstance(key, str):
        return _stored(value[key]) if key in value else None
    return None


def _stored(value: Any) -> Any:
    return JSON_NULL if value is None else value


def _get_ignore_case(value: Any, key: Any) -> Any:
    if isinstance(value, dict) and isinstance(key, str):
        if key in value:
            return _stored(value[key])
        return next((_stored(found) for name, found in value.items() if name.lower() == key.lower()), None)
    return _get(value, key)


_STEP = re.compile(r"""\s*[.:]?\s*(?:\[\s*(\d+)\s*\]|\[\s*(?:'([^']*)'|"([^"]*)")\s*\]|"([^"]*)"|([A-Za-z_$][\w$]*))""")


def steps(path: str) -> list[str | int]:
    """Split a path like `a.b[0]['c']` into keys and indexes."""
    found: list[str | int] = []
    position = 0
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            raise ValueRefusedError(100175, "22000", f"Invalid extraction path '{path}'")
        found.append(
            int(step[1]) if step[1] is not None else next(part for part in step.groups()[1:] if part is not None)
        )
        position = step.end()
    return found


def follow(value: Any, path: str) -> Any:
    """Return the value at a path, or None."""
    for step in steps(path):
        value = _get(value, step)
    return value


def _object_insert(value: Any, key: Any, new: Any, update: Any) -> Any:
    if value is None or key is None:
        return None
    found = dict(_require_object(value, "OBJECT_INSERT"))
    if key in found and update is not True:
        raise ValueRefusedError(100103, "22000", f"Duplicate field key '{key}'")
    if new is None:
        found.pop(key, None)
        return found
    found[key] = new
    return found


def _keys(given: tuple[Any, ...]) -> set[str]:
    return {key for item in given for key in (item if isinstance(item, list) else [item]) if isinstance(key, str)}


def _object_delete(value: Any, *given: Any) -> Any:
    if value is None:
        return None
    found = _require_object(value, "OBJECT_DELETE")
    return {key: item for key, item in found.items() if key not in _keys(given)}


def _object_pick(value: Any, *given: Any) -> Any:
    if value is None:
        return None
    found = _require_object(value, "OBJECT_PICK")
    return {key: item for key, item in found.items() if key in _keys(given)}


def _array_insert(value: Any, position: Any, new: Any) -> Any:
    items = _list(value)
    if items is None or not isinstance(position, int):
        return None
    items = list(items)
    if position > len(items):
        items += [None] * (position - len(items))
    place = position if position >= 0 else max(len(items) + position, 0)
    items.insert(place, _element(new))
    return items


def _element(value: Any) -> Any:
    return None if isinstance(value, _JsonNull) else value


def _array_slice(value: Any, first: Any, last: Any) -> Any:
    items = _list(value)
    return None if items is None or first is None or last is None else items[first:last]


def _text(value: Any) -> str:
    if value is None or isinstance(value, _JsonNull):
        return ""
    return value if isinstance(value, str) else dump(value)


def _array_to_string(value: Any, separator: Any) -> Any:
    items = _list(value)
    return None if items is None or separator is None else _text(separator).join(map(_text, items))


def _key(value: Any) -> str:
    return dump(_stored(value))


def _array_distinct(value: Any) -> Any:
    items = _list(value)
    return None if items is None else list({_key(item): item for item in items}.values())


def _compare(left: Any, right: Any) -> int:
    try:
        return int(left > right) - int(left < right)
    except TypeError:
        return int(_key(left) > _key(right)) - int(_key(left) < _key(right))


def _array_sort(value: Any, ascending: Any, nulls_last: Any) -> Any:
    items = _list(value)
    if items is None:
        return None
    nulls = [item for item in items if item is None]
    known = sorted((item for item in items if item is not None), key=cmp_to_key(_compare), reverse=ascending is False)
    return [*known, *nulls] if nulls_last is not False else [*nulls, *known]


def _remove(items: list[Any], others: list[Any]) -> tuple[list[Any], list[Any]]:
    """Split the items into those that are in the others, as a multiset, and the rest."""
    left = [_key(item) for item in others]
    common, rest = [], []
    for item in items:
        key = _key(item)
        if key in left:
            left.remove(key)
            common.append(item)
        else:
            rest.append(item)
    return common, rest


def _both(function: Callable[[list[Any], list[Any]], Any]) -> Callable[..., Any]:
    def apply(left: Any, right: Any) -> Any:
        first, second = _list(left), _list(right)
        return None if first is None or second is None else function(first, second)

    return apply


def _extreme(choose: Callable[..., Any]) -> Callable[[Any], Any]:
    def apply(value: Any) -> Any:
        items = [item for item in _list(value) or [] if item is not None]
        return choose(items, key=cmp_to_key(_compare)) if items else None

    return apply


def _array_flatten(value: Any) -> Any:
    items = _list(value)
    if items is None:
        return None
    if not all(isinstance(item, list) for item in items):
        raise ValueRefusedError(100107, "22000", "Not an array: 'ARRAY_FLATTEN' argument must be an array of arrays")
    return [inner for item in items for inner in item]


def _array_integers(value: Any) -> Any:
    """Return the numbers without a fraction as integers, which they were before they were computed with."""
    return [int(item) if isinstance(item, float) and item.is_integer() else item for item in value]


def _range(first: Any, last: Any, step: Any) -> Any:
    return None if None in {first, last, step} else list(range(first, last, step)) if step else []


def _strtok_to_array(text: Any, delimiters: Any) -> Any:
    if text is None or delimiters is None:
        return None
    return [part for part in re.split(f"[{re.escape(delimiters)}]", text) if part] if delimiters else [text]


def _array_remove_at(value: Any, position: Any) -> Any:
    items = _list(value)
    if items is None or position is None or not -len(items) <= position < len(items):
        return items
    return [item for index, item in enumerate(items) if index != position % len(items)]


def _to_array(value: Any) -> Any:
    return value if value is None or isinstance(value, list) else [_element(value)]


def _to_object(value: Any) -> Any:
    if value is None or isinstance(value, dict):
        return value
    raise ValueRefusedError(100071, "22000", f"Failed to cast variant value {dump(value)} to OBJECT")


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "get": _get,
    "get_ignore_case": _get_ignore_case,
    "get_path": lambda value, path: None if path is None else follow(value, path),
    "to_array": _to_array,
    "to_object": _to_object,
    "object_keys": lambda value: sorted(value) if isinstance(value, dict) else None,
    "object_insert": _object_insert,
    "object_delete": _object_delete,
    "object_pick": _object_pick,
    "array_append": lambda value, new: None if _list(value) is None else [*value, _element(new)],
    "array_prepend": lambda value, new: None if _list(value) is None else [_element(new), *value],
    "array_insert": _array_insert,
    "array_cat": _both(lambda left, right: left + right),
    "array_compact": lambda value: None if _list(value) is None else [item for item in value if item is not None],
    "array_contains": lambda item, value: (
        None if _list(value) is None or item is None else _key(item) in map(_key, value)
    ),
    "array_position": lambda item, value: (
        None
        if _list(value) is None or item is None
        else next((n for n, one in enumerate(value) if _key(one) == _key(item)), None)
    ),
    "array_size": lambda value: None if _list(value) is None else len(value),
    "array_slice": _array_slice,
    "array_to_string": _array_to_string,
    "array_distinct": _array_distinct,
    "array_sort": _array_sort,
    "array_intersection": _both(lambda left, right: _remove(left, right)[0]),
    "array_except": _both(lambda left, right: _remove(left, right)[1]),
    "array_max": _extreme(max),
    "array_min": _extreme(min),
    "arrays_overlap": _both(lambda left, right: bool(set(map(_key, left)) & set(map(_key, right)))),
    "array_flatten": _array_flatten,
    "array_integers": _array_integers,
    "array_remove": lambda value, item: (
        None if _list(value) is None or item is None else [one for one in value if _key(one) != _key(item)]
    ),
    "array_remove_at": _array_remove_at,
    "array_reverse": lambda value: None if _list(value) is None else value[::-1],
    "array_generate_range": _range,
    "strtok_to_array": _strtok_to_array,
}


def apply(function: str, arguments: list[str | None]) -> str | None:
    """Call a function over the texts of VARIANTs."""
    result = FUNCTIONS[function](*map(load, arguments))
    return None if result is None else dump(result)
