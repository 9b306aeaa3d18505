"""Errors of the places that keep frames."""

from __future__ import annotations


class FrameMissingError(Exception):
    """A frame was never stored; the message names the asset to materialize."""


class FrameRefusedError(ValueError):
    """A frame does not fit its place; the message names the field and the repair."""
