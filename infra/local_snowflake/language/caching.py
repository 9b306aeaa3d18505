"""Remember what functions return for the latest texts: each statement is read by many modules."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

CHARACTERS_MAX = 20_000
"""Longer texts are read again: they are mostly rows, and their tokens would fill the memory."""
TEXTS_MAX = 32
_Returned = TypeVar("_Returned")


def cached_by_text(function: Callable[[str], _Returned]) -> Callable[[str], _Returned]:
    """Return the function with its latest results; they must be immutable. An error is not remembered."""
    cached = lru_cache(maxsize=TEXTS_MAX)(function)

    @wraps(function)
    def call(text: str) -> _Returned:
        return cached(text) if len(text) <= CHARACTERS_MAX else function(text)

    return call
