"""Return freed memory to the operating system."""

from __future__ import annotations

import ctypes
from contextlib import suppress

import pyarrow as pa  # type: ignore[import-untyped] # it ships no types


def release_memory() -> None:
    """Return what Arrow and the allocator of the C library hold without using it; elsewhere than on Linux, less."""
    pa.default_memory_pool().release_unused()
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
