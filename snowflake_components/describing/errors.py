"""What a document cannot say of an object."""

from __future__ import annotations


class NotDescribableError(ValueError):
    """The object has something that no document expresses; the message names it."""
